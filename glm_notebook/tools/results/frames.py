"""Tables of pandas, Polars and Arrow. None of them is imported: what a value has is used by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from glm_notebook.tools.results.registry import Renderer
from glm_notebook.tools.results.tables import Column, Table, lay_out, most_columns

COUNTED_MAX = 1_000_000
"""Cells of a pandas table in which missing values are counted. Polars and Arrow keep that count."""


def _size(n_rows: int, n_columns: int) -> str:
    rows = "row" if n_rows == 1 else "rows"
    return f"{n_rows:,} {rows} × {n_columns:,} {'column' if n_columns == 1 else 'columns'}"


def _values(count: int) -> str:
    return f"{count:,} value" if count == 1 else f"{count:,} values"


def _missing(count: int | None) -> str:
    return "" if count is None else f", {count:,} missing" if count else ", none missing"


def _label(name: object) -> str:
    """Return the name of a column or index of pandas, which may be any value, or one for each level."""
    if isinstance(name, tuple):
        return "/".join(map(str, name))
    return "" if name is None else str(name)


def _quoted(name: object) -> str:
    return f" '{_label(name)}'" if _label(name) else ""


def _column_table(title: str, rows: Any, count: int, names: Sequence[str], n_index: int) -> Table:
    return Table(
        title=title,
        n_rows=count,
        n_columns=len(names) - n_index,
        columns=[Column(name, "") for name in names[n_index:]],
        rows=rows,
        index=names[:n_index],
        described=False,
        nan_is_missing=title.startswith("pandas"),
    )


# --- pandas ---------------------------------------------------------------------------------------------------------


def _shown_index(index: Any) -> list[str]:
    """Return the names of an index's levels, none if it only counts the rows."""
    # Of the kinds of index only a `RangeIndex` has a step.
    counts = hasattr(index, "step") and (index.start, index.step, index.name) == (0, 1, None)
    return [] if counts else [_label(name) for name in index.names]


def _labels(index: Any, n_rows: int) -> Iterable[tuple[object, ...]]:
    labels: Iterable[Any] = index[:n_rows]
    return iter(labels) if index.nlevels > 1 else ((label,) for label in labels)


def _count_missing(values: Any, n_cells: int) -> Any:
    return values.isna().sum() if n_cells <= COUNTED_MAX else None


def _render_pandas_frame(frame: Any, budget_tokens: int) -> str:
    n_rows, n_columns = frame.shape
    index = _shown_index(frame.index)

    def rows(count: int, width: int) -> Iterable[Sequence[object]]:
        cells: Iterable[Sequence[object]] = frame.iloc[:count, :width].itertuples(
            index=False, name=None
        )
        if not index:
            return cells
        return (
            (*label, *row) for label, row in zip(_labels(frame.index, count), cells, strict=True)
        )

    most = most_columns(budget_tokens)
    missing = _count_missing(frame.iloc[:, :most], n_rows * min(n_columns, most))
    columns = [
        Column(_label(name), str(dtype), None if missing is None else int(missing.iloc[at]))
        for at, (name, dtype) in enumerate(
            zip(frame.columns[:most], frame.dtypes.iloc[:most], strict=True)
        )
    ]
    title = f"pandas {type(frame).__name__}, {_size(n_rows, n_columns)}"
    table = Table(title, n_rows, n_columns, columns, rows, index, nan_is_missing=True)
    return lay_out(table, budget_tokens)


def _render_pandas_series(series: Any, budget_tokens: int) -> str:
    index = _shown_index(series.index)

    def rows(count: int, width: int) -> Iterable[Sequence[object]]:
        values = series.iloc[:count]
        if not index:
            return ((value,) for value in values)
        return (
            (*label, value)
            for label, value in zip(_labels(series.index, count), values, strict=True)
        )

    title = _pandas_title(series, len(series), series.name, series.dtype)
    names = [*index, _label(series.name)]
    return lay_out(_column_table(title, rows, len(series), names, len(index)), budget_tokens)


def _render_pandas_index(index: Any, budget_tokens: int) -> str:
    names = [_label(name) for name in index.names]
    if len(names) == 1:
        title = _pandas_title(index, len(index), index.name, index.dtype)
    else:
        title = f"pandas {type(index).__name__}, {_values(len(index))}, {len(names)} levels"
    table = _column_table(
        title,
        lambda count, width: (label[:width] for label in _labels(index, count)),
        len(index),
        names,
        0,
    )
    return lay_out(table, budget_tokens)


def _render_pandas_array(array: Any, budget_tokens: int) -> str:
    title = _pandas_title(array, len(array), None, array.dtype)
    table = _column_table(
        title, lambda count, width: ((v,) for v in array[:count]), len(array), [""], 0
    )
    return lay_out(table, budget_tokens)


def _pandas_title(values: Any, count: int, name: object, dtype: object) -> str:
    missing = _count_missing(values, count)
    kind = f"pandas {type(values).__name__}{_quoted(name)}"
    return f"{kind}, {_values(count)}, {dtype}{_missing(None if missing is None else int(missing))}"


def _render_pandas_groups(groups: Any, budget_tokens: int) -> str:
    keys = groups.keys
    by = (
        f" by {keys if isinstance(keys, str) else ', '.join(map(str, keys))}"
        if _is_named(keys)
        else ""
    )
    n_groups = groups.ngroups
    size = " × ".join(f"{n:,}" for n in groups.obj.shape)
    kind = f"pandas {type(groups).__name__}{by}, {n_groups:,} group{'s' * (n_groups != 1)}"
    source = f"a {type(groups.obj).__name__} of {size}"
    return f"{kind} of {source}. Nothing is aggregated yet: .size() or .agg(…) gives values."


def _is_named(keys: object) -> bool:
    return isinstance(keys, str) or (
        isinstance(keys, list | tuple) and all(isinstance(key, str | int) for key in keys)
    )


# --- Polars and Arrow -----------------------------------------------------------------------------------------------


def _render_polars_frame(frame: Any, budget_tokens: int) -> str:
    most = most_columns(budget_tokens)
    first = frame[:, :most]
    missing = first.null_count().row(0) if first.width else ()
    columns = [
        Column(name, str(dtype), count)
        for name, dtype, count in zip(first.columns, first.dtypes, missing, strict=True)
    ]
    title = f"polars DataFrame, {_size(frame.height, frame.width)}"
    table = Table(
        title, frame.height, frame.width, columns, lambda count, width: frame[:count, :width].rows()
    )
    return lay_out(table, budget_tokens)


def _render_polars_series(series: Any, budget_tokens: int) -> str:
    kind = f"polars Series{_quoted(series.name)}, {_values(len(series))}, {series.dtype}"
    table = _column_table(
        kind + _missing(series.null_count()),
        lambda count, width: ((value,) for value in series.head(count).to_list()),
        len(series),
        [series.name],
        0,
    )
    return lay_out(table, budget_tokens)


def _render_polars_query(query: Any, budget_tokens: int) -> str:
    # Even its columns are not asked for: to know them, files may have to be read.
    return "polars LazyFrame, not collected. .collect() gives a table, .head(10).collect() its first rows."


def _render_arrow_table(table: Any, budget_tokens: int) -> str:
    fields = list(table.schema)[: most_columns(budget_tokens)]
    columns = [
        Column(field.name, str(field.type), table.column(at).null_count)
        for at, field in enumerate(fields)
    ]

    def rows(count: int, width: int) -> Iterable[Sequence[object]]:
        return zip(*(table.column(at)[:count].to_pylist() for at in range(width)), strict=True)

    title = f"pyarrow {type(table).__name__}, {_size(table.num_rows, table.num_columns)}"
    return lay_out(Table(title, table.num_rows, table.num_columns, columns, rows), budget_tokens)


def _render_arrow_array(array: Any, budget_tokens: int) -> str:
    title = f"pyarrow {type(array).__name__}, {_values(len(array))}, {array.type}"
    table = _column_table(
        title + _missing(array.null_count),
        lambda count, width: ((value,) for value in array[:count].to_pylist()),
        len(array),
        [""],
        0,
    )
    return lay_out(table, budget_tokens)


RENDERERS: Mapping[type | str, Renderer] = {
    "pandas.DataFrame": _render_pandas_frame,
    "pandas.Series": _render_pandas_series,
    "pandas.Index": _render_pandas_index,
    "pandas.ExtensionArray": _render_pandas_array,
    "pandas.GroupBy": _render_pandas_groups,
    "polars.DataFrame": _render_polars_frame,
    "polars.Series": _render_polars_series,
    "polars.LazyFrame": _render_polars_query,
    "pyarrow._Tabular": _render_arrow_table,
    "pyarrow.Array": _render_arrow_array,
    "pyarrow.ChunkedArray": _render_arrow_array,
}
