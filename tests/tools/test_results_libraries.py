"""Tables, arrays and figures of other libraries, as a model reads them: exact texts, and how much of them is read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glm_notebook.tools.results import count_tokens, render

# By name: not all of them have types that mypy reads, and here they are only values.
np: Any = import_module("numpy")
pd: Any = import_module("pandas")
pl: Any = import_module("polars")
pa: Any = import_module("pyarrow")
Image: Any = import_module("PIL.Image")
Figure: Any = import_module("matplotlib.figure").Figure

PNG = b"\x89PNG\r\n\x1a\n"


def text(value: object, budget_tokens: int = 2000) -> str:
    return render(value, budget_tokens=budget_tokens).text


# --- tables and arrays -----------------------------------------------------------------------------------------------

FRAME = pd.DataFrame(
    {
        "id": [1, 2, 3],
        "name": ["a", "b, c", None],
        "price": [1.123456789012, 2.0, float("nan")],
        "day": pd.to_datetime(["2026-01-02T00:00", "2026-01-03T04:05", None]).as_unit("ns"),
    }
).astype({"name": object})
LONG = pd.DataFrame({"n": range(12_345), "s": "x" * 30}).astype({"s": object})
WIDE = pd.DataFrame([list(range(20))] * 2, columns=[f"column {n}" for n in range(20)])
NESTED = pl.DataFrame({"a": [[1, 2], []], "b": [None, "two\nlines"], "c": ["", " x"]})

TABLES: Sequence[tuple[object, int, str]] = [
    (
        FRAME,
        2000,
        "pandas DataFrame, 3 rows × 4 columns, floats to 6 digits\n"
        "dtypes: id int64, name object, price float64, day datetime64[ns]\n"
        "missing: name 1, price 1, day 1\n"
        "id,name,price,day\n"
        "1,a,1.12346,2026-01-02\n"
        '2,"b, c",2.0,2026-01-03T04:05:00\n'
        "3,,,",
    ),
    (
        FRAME.set_index(["id", "name"])[["price"]].head(2),
        2000,
        "pandas DataFrame, 2 rows × 1 column, floats to 6 digits\n"
        "dtypes: price float64\n"
        "missing: none\n"
        "id,name,price\n"
        "1,a,1.12346\n"
        '2,"b, c",2.0',
    ),
    (
        LONG,
        2000,
        "pandas DataFrame, 12,345 rows × 2 columns\n"
        "dtypes: n int64, s object\n"
        "missing: none\n"
        "n,s\n" + "".join(f"{n},{'x' * 30}\n" for n in range(10)) + "… 12,335 more rows",
    ),
    (
        LONG,
        70,
        "pandas DataFrame, 12,345 rows × 2 columns\n"
        "dtypes: n int64, s object\n"
        "missing: none\n"
        "n,s\n" + "".join(f"{n},{'x' * 30}\n" for n in range(3)) + "… 12,342 more rows",
    ),
    (
        WIDE,
        60,
        "pandas DataFrame, 2 rows × 20 columns\n"
        "dtypes: all int64\n"
        "missing: none\n"
        "column 0,column 1,column 2,column 3,column 4,column 5,column 6,column 7\n"
        "0,1,2,3,4,5,6,7\n"
        "0,1,2,3,4,5,6,7\n"
        "… 12 more columns",
    ),
    (pd.DataFrame(), 2000, "pandas DataFrame, 0 rows × 0 columns"),
    (
        pd.DataFrame({"a": []}, dtype="int64"),
        2000,
        "pandas DataFrame, 0 rows × 1 column\ndtypes: a int64",
    ),
    (
        pd.Series([1.5, None], name="p"),
        2000,
        "pandas Series 'p', 2 values, float64, 1 missing\np\n1.5\nnull",
    ),
    (
        pd.Series([1, 2], index=pd.Index(["x", "y"], name="k")),
        2000,
        "pandas Series, 2 values, int64, none missing\nk,\nx,1\ny,2",
    ),
    (pd.RangeIndex(2), 2000, "pandas RangeIndex, 2 values, int64, none missing\n0\n1"),
    (
        pd.MultiIndex.from_tuples([("a", 1)], names=["k", None]),
        2000,
        "pandas MultiIndex, 1 value, 2 levels\nk,\na,1",
    ),
    (
        pd.Categorical(["u", None]),
        2000,
        "pandas Categorical, 2 values, category, 1 missing\nu\nnull",
    ),
    (
        FRAME.groupby(["name"]),
        2000,
        "pandas DataFrameGroupBy by name, 2 groups of a DataFrame of 3 × 4. "
        "Nothing is aggregated yet: .size() or .agg(…) gives values.",
    ),
    (
        NESTED,
        2000,
        "polars DataFrame, 2 rows × 3 columns\n"
        "dtypes: a List(Int64), b String, c String\n"
        "missing: b 1\n"
        "a,b,c\n"
        '"[1,2]",,""\n'
        '[],two\\nlines," x"',
    ),
    (
        pl.Series("s", [1.0, None, float("nan")]),
        2000,
        "polars Series 's', 3 values, Float64, 1 missing\ns\n1.0\nnull\nNaN",
    ),
    (
        NESTED.lazy(),
        2000,
        "polars LazyFrame, not collected. .collect() gives a table, .head(10).collect() its first rows.",
    ),
    (
        pa.table({"a": [1, None], "b": ["x", "y"]}),
        2000,
        "pyarrow Table, 2 rows × 2 columns\ndtypes: a int64, b string\nmissing: a 1\na,b\n1,x\n,y",
    ),
    (pa.array([1, 2]), 2000, "pyarrow Int64Array, 2 values, int64, none missing\n1\n2"),
    (
        pa.chunked_array([[1], [2]]),
        2000,
        "pyarrow ChunkedArray, 2 values, int64, none missing\n1\n2",
    ),
    (
        np.arange(4.0).reshape(2, 2) / 3,
        2000,
        "numpy ndarray, shape (2, 2), float64, floats to 6 digits\n[[0.0,0.333333],[0.666667,1.0]]",
    ),
    (
        np.zeros((1000, 1000), dtype=bool),
        2000,
        "numpy ndarray, shape (1000, 1000), bool, first 10 × 10 shown\n"
        f"[{','.join(['[' + ','.join(['false'] * 10) + ']'] * 10)}]\n… 999,900 more values",
    ),
    (
        np.array(["2026-01-02"], "M8[ns]"),
        2000,
        'numpy ndarray, shape (1,), datetime64[ns]\n["2026-01-02T00:00:00.000000000"]',
    ),
    (np.array(3), 2000, "numpy ndarray, shape (), int64\n3"),
    (np.empty((0, 3)), 2000, "numpy ndarray, shape (0, 3), float64\n[]"),
    (
        {"table": FRAME[["id"]].head(1), "array": np.arange(2)},
        2000,
        '{"table":"pandas DataFrame, 1 row × 1 column\\ndtypes: id int64\\nmissing: none\\nid\\n1",'
        '"array":"numpy ndarray, shape (2,), int64\\n[0,1]"}',
    ),
]  # fmt: skip


@pytest.mark.parametrize(("value", "budget", "expected"), TABLES, ids=[e[:35] for *_, e in TABLES])
def test_tables_and_arrays(value: object, budget: int, expected: str) -> None:
    assert text(value, budget) == expected


@pytest.mark.parametrize(
    ("value", "short"),
    [
        (123456789.123456, "123456789.0"),
        (0.000123456789, "0.000123457"),
        (-1234567890123456789.0, "-1.23457e+18"),
    ],
)
def test_a_rounded_float_keeps_its_digits_before_the_point(value: float, short: str) -> None:
    assert text(pl.Series([value])).splitlines()[1] == short


def test_missing_values_of_a_large_table_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glm_notebook.tools.results.frames.COUNTED_MAX", 5)
    assert "missing" not in text(FRAME)


def test_a_subclass_is_shown_as_what_it_is() -> None:
    class Sales(pd.DataFrame):  # type: ignore[misc]
        pass

    assert text(Sales({"a": [1]})).startswith("pandas Sales, 1 row × 1 column\n")


def test_a_cell_that_fits_in_part_does_not_make_a_table_whole() -> None:
    assert text(pl.DataFrame({"a": ["x" * 99] * 11}), 290).endswith("x\n… 1 more row")


def test_only_floats_that_are_shown_count_as_rounded() -> None:
    values = [1.5] * 15 + [1 / 3] * 37
    frame = pl.DataFrame({"x": values, "s": ["x" * 300] * 52})
    assert text(frame, 3000).splitlines()[0] == "polars DataFrame, 52 rows × 2 columns"


def test_a_wide_table_is_read_as_far_as_it_may_fit() -> None:
    lines = text(pd.DataFrame([range(30_000)]), 100).splitlines()
    n_shown = lines[3].count(",") + 1
    assert lines[-1] == f"… {30_000 - n_shown:,} more columns"
    assert n_shown > 20


def test_rows_of_a_long_table_are_not_asked_for() -> None:
    asked: list[int] = []
    rows = pd.DataFrame({"n": range(100_000)})

    class Indexer:
        def __getitem__(self, key: Any) -> Any:
            asked.append(key[0].stop)
            return rows.iloc[key]

    long = type("Long", (pd.DataFrame,), {"iloc": Indexer()})(rows)
    assert text(long).endswith("\n… 99,990 more rows")
    assert asked == [None, 10]  # all of them only where missing values are counted


CELLS = (
    st.none() | st.integers() | st.floats() | st.text() | st.datetimes() | st.lists(st.integers())
)


@settings(max_examples=100)
@given(
    st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=30),
    st.lists(st.text(), min_size=3, max_size=3),
    st.integers(0, 150),
)
def test_a_table_is_within_its_budget(rows: Any, names: list[str], budget: int) -> None:
    frame = pd.DataFrame(rows, columns=names, dtype=object)
    for value in (frame, frame.iloc[:, 0], {"a": frame, "b": [frame]}, frame.to_numpy()):
        assert count_tokens(text(value, budget)) <= budget


# --- figures ---------------------------------------------------------------------------------------------------------


def figure() -> Any:
    drawn = Figure(figsize=(4, 3), dpi=100)
    left, right = drawn.subplots(1, 2)
    left.plot([1, 2], label="A")
    left.set(title="Sales", xlabel="day", ylabel="EUR")
    left.legend()
    right.bar(["x", "y"], [1, 2])
    drawn.suptitle("Both")
    return drawn


def test_a_figure_is_described_and_drawn() -> None:
    rendered = render(figure())
    assert rendered.text == (
        'matplotlib Figure, 400 × 300 px: title "Both"; 2 axes; '
        'title "Sales", x "day", y "EUR", 1 line, legend A; 1 group of bars'
    )
    (picture,) = rendered.pictures
    assert picture.mime == "image/png"
    assert isinstance(picture.data, bytes)
    assert picture.data.startswith(PNG)
    assert picture.bundle()["image/png"].startswith("iVBORw0KGgo")


def test_axes_stand_for_their_figure_and_several_for_one_picture() -> None:
    axes = figure().axes
    assert text(axes[1]) == "matplotlib Axes: 1 group of bars"
    rendered = render({"left": axes[0], "both": axes})
    assert json.loads(rendered.text)["both"][1] == "matplotlib Axes: 1 group of bars"
    assert len(rendered.pictures) == 1


def test_a_part_of_a_figure_stands_for_the_whole() -> None:
    whole = Figure()
    part, _ = whole.subfigures(1, 2)
    part.subplots().set_title("in a part")
    assert 'title "in a part"' in text(part)
    assert len(render(part.axes[0]).pictures) == 1


def test_a_figure_among_data_that_do_not_fit_is_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = figure()
    drawings: list[object] = []
    monkeypatch.setattr(drawn, "savefig", lambda *file, **how: drawings.append(how))
    render({"figure": drawn, "rest": [1] * 10_000})
    assert len(drawings) == 1


def test_a_figure_is_described_even_if_it_cannot_be_drawn() -> None:
    drawn = figure()
    drawn.savefig = None
    rendered = render(drawn)
    assert rendered.text.endswith("\n(no picture: TypeError: 'NoneType' object is not callable)")
    assert rendered.pictures == ()


def test_an_image_is_described_and_shown() -> None:
    rendered = render(Image.new("CMYK", (3, 2)))
    assert rendered.text == "PIL Image, 3 × 2 px, mode CMYK"
    assert [picture.mime for picture in rendered.pictures] == ["image/png"]


def test_charts_of_plotly_and_altair() -> None:
    go = pytest.importorskip("plotly.graph_objects")
    alt = pytest.importorskip("altair")
    layout = {"title": {"text": "T"}, "width": 300, "height": 200, "xaxis": {"title": {"text": "X"}}}  # fmt: skip
    plotly = render(go.Figure([go.Scatter(y=[1, 2], name="s"), go.Bar(y=[1])], layout))
    assert plotly.text == 'plotly Figure, 300 × 200 px: title "T", x "X"; scatter "s", bar'
    assert plotly.pictures[0].mime == "application/vnd.plotly.v1+json"
    chart = alt.Chart(FRAME, title="T").mark_line().encode(x="id", y="mean(price)")
    altair = render(chart)
    assert altair.text == 'altair Chart: title "T"; line, x id, y price'
    assert altair.pictures[0].mime.startswith("application/vnd.vegalite.v")
    assert "data" in altair.pictures[0].bundle()[altair.pictures[0].mime]
