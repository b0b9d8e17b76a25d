"""Tables as text: size and dtypes, then rows as CSV. No library of tables: adapters read theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from glm_notebook.tools.results.csvtext import ROUNDED, Csv, field
from glm_notebook.tools.results.tokens import QUARTERS, cost, cut, cut_list


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    dtype: str
    missing: int | None = None
    """Missing values in it, or `None` where they were not counted."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table that is read row by row."""

    title: str
    """What it is, and how large."""
    n_rows: int
    n_columns: int
    columns: Sequence[Column]
    """All of them, or at least as many first ones as there is room for (`most_columns`)."""
    rows: Callable[[int, int], Iterable[Sequence[object]]]
    """Gives so many first rows: of each the index, if it is shown, and so many first columns."""
    index: Sequence[str] = ()
    """The names of the index, where it is shown."""
    described: bool = True
    """Whether the dtypes are told; not where the title does."""
    nan_is_missing: bool = False


def most_columns(budget_tokens: int) -> int:
    """Return how many columns can matter: each takes at least a comma in the header and one in a row."""
    return budget_tokens * QUARTERS // 2 + 1


def lay_out(table: Table, budget_tokens: int) -> str:
    """Return a table as text: all of it, or the head that fits and how much more there is."""
    room = budget_tokens * QUARTERS
    described = _description(table, room)
    csv = Csv(
        header=[*table.index, *(column.name for column in table.columns)],
        n_index=len(table.index),
        n_rows=table.n_rows,
        n_columns=table.n_columns,
        rows=table.rows,
        nan_is_missing=table.nan_is_missing,
    )
    body = csv.write(room - cost("\n".join([table.title + ROUNDED, *described, ""])))
    title = table.title + ROUNDED if csv.rounded else table.title
    return cut("\n".join(part for part in (title, *described, body) if part), room)


def _description(table: Table, room: int) -> list[str]:
    """Return the lines on dtypes and missing values."""
    if not table.described or not table.columns:
        return []
    lines = [f"dtypes: {_dtypes(table, room // 4)}"]
    if table.n_rows and all(column.missing is not None for column in table.columns):
        lines.append(f"missing: {_missing(table, room // 8)}")
    return lines


def _dtypes(table: Table, room: int) -> str:
    dtypes = {column.dtype for column in table.columns}
    if len(dtypes) == 1 and 1 < table.n_columns == len(table.columns):
        return f"all {dtypes.pop()}"
    named = [f"{field(column.name)} {column.dtype}" for column in table.columns]
    return cut_list(named, table.n_columns, room)


def _missing(table: Table, room: int) -> str:
    named = [f"{field(one.name)} {one.missing:,}" for one in table.columns if one.missing]
    return cut_list(named, len(named), room) if named else "none"
