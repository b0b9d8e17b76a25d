"""What a tool returns, as a model reads it: exact texts, the budget, and values that mean harm.

Tables and figures of other libraries are in `test_results_libraries.py`.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import OrderedDict, UserDict, deque, namedtuple
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from importlib import import_module
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.display import Markdown
from pydantic import BaseModel, Field

from glm_notebook.tools.results import (
    Picture,
    Rendered,
    count_tokens,
    register_renderer,
    registry,
    render,
)

# By name: not all of them have types that mypy reads, and here they are only values.
np: Any = import_module("numpy")
pd: Any = import_module("pandas")
pa: Any = import_module("pyarrow")

PNG = b"\x89PNG\r\n\x1a\n"


def text(value: object, budget_tokens: int = 2000) -> str:
    return render(value, budget_tokens=budget_tokens).text


@pytest.fixture
def _own_renderers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "_renderers", dict(registry._renderers))
    registry._found.clear()
    yield
    registry._found.clear()


# --- texts and data --------------------------------------------------------------------------------------------------


class Colour(Enum):
    RED = "red"
    ODD = object()


class Level(IntEnum):
    HIGH = 3


@dataclass
class Point:
    x: float
    y: float
    note: str = field(default="", repr=False)


class Model(BaseModel):
    name: str
    since: date
    key: str = Field(default="", exclude=True)
    hidden: int = Field(default=1, repr=False)


Pair = namedtuple("Pair", "left right")
circle: list[object] = [1]
circle.append(circle)

PLAIN: Sequence[tuple[object, str]] = [
    ("as it is:\n\x1b[1m 你好", "as it is:\n\x1b[1m 你好"),
    ("half \ud83d", "half \ufffd"),
    (["half \ud83d"], '["half \\ud83d"]'),
    ("", ""),
    (None, "null"),
    (True, "true"),
    (12, "12"),
    (-0.0, "-0.0"),
    (1e300, "1e+300"),
    (float("nan"), "NaN"),
    ([float("nan"), float("inf"), float("-inf")], '["NaN","Infinity","-Infinity"]'),
    (10**5000, "an integer of about 5,000 digits"),
    ({"a": [1, 2.5, None, True], "ü": "“x”\n"}, '{"a":[1,2.5,null,true],"ü":"“x”\\n"}'),
    ({1: "a", None: "b", False: "c", (1, 2): "d"}, '{"1":"a","null":"b","false":"c","(1, 2)":"d"}'),
    ([], "[]"),
    ({}, "{}"),
    ([[], {}, ()], "[[],{},[]]"),
    ((1, "b"), '[1,"b"]'),
    (Pair(1, [2]), '{"left":1,"right":[2]}'),
    ({3, 1, 2}, "[1,2,3]"),
    (frozenset({"b", "a", 1}), '[1,"a","b"]'),
    (deque([1, 2]), "[1,2]"),
    (range(3), "[0,1,2]"),
    ({"a": 1}.keys(), '["a"]'),
    ({"a": 1}.items(), '[["a",1]]'),
    (OrderedDict(a=1), '{"a":1}'),
    (UserDict(a=1), '{"a":1}'),
    (MappingProxyType({"a": 1}), '{"a":1}'),
    (Colour.RED, "red"),
    ([Colour.RED, Level.HIGH], '["red",3]'),
    (Colour.ODD, "ODD"),
    (Point(1, 2, "left out"), '{"x":1,"y":2}'),
    ([Model(name="a", since=date(2026, 1, 2))], '[{"name":"a","since":"2026-01-02"}]'),
    (datetime(2026, 1, 2, 3, tzinfo=timezone.utc), "2026-01-02T03:00:00+00:00"),
    ([date(2026, 1, 2), timedelta(hours=1)], '["2026-01-02","1:00:00"]'),
    ([Decimal("1.10"), Fraction(1, 3), 1j], '["1.10","1/3","1j"]'),
    ([UUID(int=1), PurePosixPath("a/b")], '["00000000-0000-0000-0000-000000000001","a/b"]'),
    (b"\x00\x01", "bytes, 2 bytes"),
    (b"", "bytes, 0 bytes"),
    ("ü".encode() * 999, "bytes, 1,998 bytes, UTF-8 text; decoded, it can be read"),
    (bytearray(b"\xff"), "bytearray, 1 byte"),
    (memoryview(b"%PDF-1.7"), "memoryview, 8 bytes, a PDF file"),
    ([np.float32(0.1), np.int8(3), np.bool_(True)], "[0.1,3,true]"),
    ([np.float64("nan"), np.float64(0.1), np.str_("a")], '["NaN",0.1,"a"]'),
    (np.datetime64("2026-01-02T03", "ns"), "2026-01-02T03:00:00.000000000"),
    ([pd.NA, pd.NaT], "[null,null]"),
    ([pd.Timestamp("2026-01-02"), pd.Timedelta("1h")], '["2026-01-02T00:00:00","0 days 01:00:00"]'),
    ([pd.Period("2026-01"), pd.Interval(0, 1)], '["2026-01","(0, 1]"]'),
    (pa.scalar({"a": 1}), '{"a":1}'),
    (circle, "[1,… circular]"),
    (print, "<built-in function print>"),
    (Point, "<class 'tests.tools.test_results.Point'>"),
    (Markdown("# a"), "# a"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), PLAIN, ids=[repr(e)[:40] for _, e in PLAIN])
def test_texts_and_data(value: object, expected: str) -> None:
    assert text(value) == expected


# --- objects that show themselves ------------------------------------------------------------------------------------


class Rich:
    def _repr_png_(self) -> tuple[str, dict[str, int]]:
        return "iVBORw0KGgo=", {"width": 1}

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Any:
        return {"text/plain": "a picture", "text/html": "<b>"}, {}


def test_an_object_shows_itself() -> None:
    assert render(Rich()) == Rendered("a picture", (Picture("image/png", PNG),))
    assert render([Rich()]) == Rendered('["a picture"]', (Picture("image/png", PNG),))
    assert render(PNG) == Rendered("bytes, 8 bytes, a PNG image", (Picture("image/png", PNG),))


# --- what is not to be touched ---------------------------------------------------------------------------------------


def test_an_iterator_is_not_consumed() -> None:
    numbers = (n for n in range(3))
    assert text(numbers).startswith("<generator ")
    assert "not consumed" in text([numbers, map(str, [1])])
    assert list(numbers) == [0, 1, 2]


def test_a_coroutine_is_not_awaited() -> None:
    waiting = asyncio.sleep(0)
    assert text(waiting) == "<coroutine sleep, not awaited>"
    waiting.close()


class Watched(Sequence[int]):
    """A list of a million items that knows which were asked for."""

    def __init__(self) -> None:
        self.touched = 0

    def __len__(self) -> int:
        return 1_000_000

    def __getitem__(self, index: Any) -> Any:
        self.touched += 1
        return index


@pytest.mark.parametrize("inside", [False, True])
def test_only_what_is_shown_is_looked_at(inside: bool) -> None:
    items = Watched()
    shown = text({"items": items} if inside else items, 100)
    n_shown = shown.count(",") - 2 + 1  # of the notice there are two
    assert f"… {1_000_000 - n_shown:,} more items" in shown
    assert n_shown > 50
    assert items.touched <= 4 * n_shown


# --- cutting ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "budget", "expected"),
    [
        ("a" * 100, 20, "a" * 55 + "… 45 more characters"),
        ("ab\n" * 100, 20, "ab\n" * 18 + "… 246 more characters"),
        ("汉" * 100, 20, "汉" * 13 + "… 87 more characters"),
        ("a" * 100, 1, "…"),
        ("a" * 100, 0, ""),
        (["ab"] * 100, 12, '["ab","ab","ab","ab","ab",… 95 more items]'),
        ({"long": "x" * 500, "n": 1}, 20, f'{{"long":"{"x" * 28}"… 472 more characters,"n":1}}'),
        (
            {"a": [1] * 500, "b": [2] * 500, "c": 3},
            40,
            f'{{"a":[{"1," * 36}… 464 more items],"b":[{"2," * 8}… 492 more items],"c":3}}',
        ),
        (["ab", "x" * 500] * 99, 30, '["ab",… 197 more items]'),
        (
            ["ab", "x" * 500] * 99,
            100,
            f'["ab","{"x" * 160}"… 340 more characters,"ab",… 195 more items]',
        ),
        ([[[[["x" * 999]]]]], 20, f'[[[[["{"x" * 39}"… 960 more characters]]]]]'),
    ],
)
def test_what_is_cut_says_how_much_is_left_out(value: object, budget: int, expected: str) -> None:
    assert text(value, budget) == expected


def test_one_is_one() -> None:
    assert text("a" * 32, 8) == "a" * 32
    assert text([*"ababab", "x" * 400], 20) == '["a","b","a","b","a","b",… 1 more item]'


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=40,
)  # fmt: skip


@settings(max_examples=300)
@given(JSON, st.integers(0, 150))
def test_json_is_within_its_budget_and_whole_if_it_fits(value: object, budget: int) -> None:
    shown = text(value, budget)
    assert count_tokens(shown) <= budget
    shown.encode()
    whole = text(value, 100_000)
    if not isinstance(value, str):
        assert json.loads(whole) == value
    if count_tokens(whole) <= budget:
        assert shown == whole
    elif not isinstance(value, str):
        assert "…" in shown or not budget


def test_a_negative_budget_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^A budget of -1 tokens: give 0 or more\.$"):
        render(1, budget_tokens=-1)


@pytest.mark.parametrize(
    ("words", "tokens"), [("", 0), ("abcd", 1), ("abcde", 2), ("слово", 3), ("汉字", 2), ("😀", 1)]
)
def test_the_rule_of_counting(words: str, tokens: int) -> None:
    assert count_tokens(words) == tokens


# --- values that mean harm -------------------------------------------------------------------------------------------


class Silent(Exception):
    def __str__(self) -> str:
        raise ValueError


def raising(*names: str, error: Exception | None = None) -> Any:
    """Return an object whose methods raise."""

    def fail(self: object, *args: object, **named: object) -> Any:
        raise error or RuntimeError("two\nlines")

    return type("Hostile", (), dict.fromkeys(names, fail))()


class Liar(dict[str, int]):
    def __len__(self) -> int:
        raise RuntimeError("no length")


class Broken(list[int]):
    def __iter__(self) -> Iterator[int]:
        yield 1
        raise RuntimeError("no more")


class Endless(Sequence[int]):
    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: Any) -> Any:
        return [self]


class Unset:
    pass


@dataclass
class Half:
    there: int
    missing: int


def half() -> Half:
    value = Half(1, 2)
    del value.missing
    return value


HOSTILE: Mapping[str, tuple[object, str]] = {
    "repr": (
        raising("__repr__"),
        "<tests.tools.test_results.Hostile, whose repr failed: RuntimeError: two lines>",
    ),
    "repr in a list": (
        [raising("__repr__", error=Silent())],
        '["<tests.tools.test_results.Hostile, whose repr failed: Silent>"]',
    ),
    "repr of no text": (
        type("Numeric", (), {"__repr__": lambda self: 3})(),
        "<tests.tools.test_results.Numeric, whose repr failed: TypeError: __repr__ returned non-string (type int)>",
    ),
    "markdown": (
        type("Marked", (), {"_repr_markdown_": lambda self: 1 / 0, "__repr__": lambda self: "m"})(),
        "m\n(_repr_markdown_ failed: ZeroDivisionError: division by zero)",
    ),
    "length": (Liar(a=1), "{'a': 1}"),
    "items": (Broken([1, 2]), "[1,… not readable: RuntimeError: no more]"),
    "attribute": (
        half(),
        '{"there":1,"missing":… not readable: '
        "AttributeError: 'Half' object has no attribute 'missing'}",
    ),
    "address": (Unset(), "<tests.tools.test_results.Unset object>"),
    "any name": (
        type("Any", (), {"__getattr__": lambda self, name: lambda *a, **k: 1 / 0})(),
        "<tests.tools.test_results.Any object>",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_exception_of_a_value_escapes(name: str) -> None:
    value, expected = HOSTILE[name]
    assert text(value) == expected


def test_recursion_is_safe() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert text(deep) == "[" * 50 + "… nested deeper" + "]" * 50
    named: dict[str, object] = {}
    named["self"] = named
    assert text(named) == '{"self":… circular}'
    assert text([named, named]) == '[{"self":… circular},{"self":… circular}]'
    assert count_tokens(text(Endless())) <= 2000
    while deep:  # else the interpreter would free it recursively
        (deep,) = deep  # type: ignore[assignment]


# --- renderers of one's own ------------------------------------------------------------------------------------------


class Base:
    pass


class Derived(Base):
    pass


@pytest.mark.usefixtures("_own_renderers")
def test_the_most_specific_and_then_the_latest_renderer_wins() -> None:
    register_renderer(Base, lambda value, budget: "base")
    assert text(Derived()) == "base"

    @register_renderer(f"{__name__}.Derived")
    def show(value: Derived, budget_tokens: int) -> Rendered:
        return Rendered(f"{budget_tokens}", (Picture("image/png", PNG),))

    assert render(Derived(), budget_tokens=7) == Rendered("7", (Picture("image/png", PNG),))
    register_renderer("tests.Derived", lambda value, budget: "derived")
    register_renderer(object, lambda value, budget: "anything")
    assert text([Derived(), Base(), Unset(), {"a": 1}]) == '["derived","base","anything",{"a":1}]'
    register_renderer(dict, lambda value, budget: "x" * 100)
    assert text({}, 10) == "x" * 15 + "… 85 more characters"
    register_renderer("pandas.DataFrame", lambda value, budget: "mine")
    assert text(pd.DataFrame()) == "mine"


@pytest.mark.usefixtures("_own_renderers")
def test_a_renderer_that_fails_is_told_of() -> None:
    register_renderer(Base, lambda value, budget: 1 / 0)  # type: ignore[type-var]
    named = "tests.tools.test_results.Base"
    assert text(Base()) == (
        f"<{named} object>\n({named} could not be shown: ZeroDivisionError: division by zero)"
    )
    register_renderer(Base, lambda value, budget: 3)  # type: ignore[type-var]
    assert text(Base()).endswith("its renderer returned int, neither a text nor a Rendered)")


def test_what_cannot_be_registered_is_refused() -> None:
    with pytest.raises(TypeError, match="neither a class nor a dotted name such as 'pandas"):
        register_renderer("DataFrame", lambda value, budget: "")
    with pytest.raises(TypeError, match="A renderer is a function of a value and a budget, not 3"):
        register_renderer(Base, 3)  # type: ignore[call-overload]


def test_nothing_heavy_is_imported() -> None:
    code = "import sys, glm_notebook.tools.results.registry as r; from glm_notebook.tools.results import render\n"
    code += "render([1, {'a': object()}]); print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=30
    )
    heavy = {"numpy", "pandas", "polars", "pyarrow", "matplotlib", "PIL", "plotly", "altair"}
    assert not set(done.stdout.split()) & (heavy | {"IPython", "pydantic"})
