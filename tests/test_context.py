"""Objects of the kernel: found in prompts, described, rendered, suggested while a reference is written."""

from __future__ import annotations

import math
import threading
from collections import defaultdict
from functools import cached_property
from importlib import import_module
from typing import Any, NamedTuple

import pytest

from glm_notebook.context import attach, complete, expressions, look
from glm_notebook.kinds import kind_of
from glm_notebook.tools.results import BUDGET_TOKENS, render

np: Any = import_module("numpy")
pd: Any = import_module("pandas")
pl: Any = import_module("polars")
pa: Any = import_module("pyarrow")

FRAME = pd.DataFrame({"price": [1.0], "price [USD]": [1], "it's": ["a"], 7: [1], "列": [1]})


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


class Touchy:
    """Counts what is asked of it: looking must run nothing."""

    asked = 0
    value = 5

    @property
    def shape(self) -> tuple[int]:
        Touchy.asked += 1
        raise ValueError("asked")

    @cached_property
    def later(self) -> int:
        Touchy.asked += 1
        return 1

    @classmethod
    def make(cls) -> None: ...

    def run(self) -> None: ...

    def __len__(self) -> int:
        Touchy.asked += 1
        raise ValueError("asked")


@pytest.fixture(autouse=True)
def _nothing_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Touchy, "asked", 0)


class SlyList(list[int]):
    def __len__(self) -> int:
        raise ValueError("asked")


class Proxy:
    @property
    def __class__(self) -> Any:
        raise ValueError("asked")

    @__class__.setter
    def __class__(self, cls: type) -> None: ...


class Point(NamedTuple):
    x: int
    y: int


def double(x: int) -> int:
    return 2 * x


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (FRAME, "DataFrame 1 × 5"),
        (pd.DataFrame({"shape": [1], "dtype": ["x"]}), "DataFrame 1 × 2"),
        (pd.Series(range(1200)), "Series 1,200 int64"),
        (pl.DataFrame({"a": [1, 2]}), "DataFrame 2 × 1"),
        (pl.LazyFrame({"a": [1]}), "LazyFrame"),
        (pa.table({"a": [1]}), "Table 1 × 1"),
        (np.zeros((3, 4)), "ndarray 3 × 4 float64"),
        (np.float64(2), "float64"),
        (np.zeros(2, [(f"field {n}", float) for n in range(9)]), "ndarray 2"),
        (list(range(12)), "list of 12"),
        (SlyList([1, 2]), "SlyList of 2"),
        (Point(1, 2), "Point of 2"),
        ({"a": 1}, "dict of 1"),
        ("é" * 1204, "str of 1,204 characters"),
        ("a", "str of 1 character"),
        (b"abc", "bytes of 3 bytes"),
        (double, "function"),
        (len, "function"),
        ([].append, "function"),
        (Point(1, 2)._asdict, "method"),
        (Broken, "class"),
        (math, "module"),
        (None, "None"),
        (5, "int"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_an_object_is(value: object, kind: str) -> None:
    assert kind_of(value) == kind


def test_an_object_of_the_user_is_its_class_and_none_of_its_code_runs() -> None:
    touchy, broken, proxy = Touchy(), Broken(), Proxy()
    assert [kind_of(touchy), kind_of(broken), kind_of(proxy)] == ["Touchy", "Broken", "Proxy"]
    assert Touchy.asked == 0


def test_a_look_says_what_attaching_it_takes() -> None:
    namespace = {"df": FRAME, "long": "x" * 100_000}
    for name in namespace:
        (attached,) = attach(f"{{{{ {name} }}}}", namespace)
        assert look(name, namespace) == {"kind": attached.kind, "tokens": attached.tokens}
    assert look("long", namespace) == {"kind": "str of 100,000 characters", "tokens": BUDGET_TOKENS}


@pytest.mark.parametrize(
    "expression", ["nope", "df.nope", "f()", "touchy.shape", "df }} {{ df", ""]
)
def test_a_look_at_what_is_not_there(expression: str) -> None:
    assert look(expression, {"df": FRAME, "touchy": Touchy()}) is None


def test_an_object_whose_repr_fails_is_one_that_says_so() -> None:
    (attached,) = attach("{{ it }}", {"it": Broken()})
    assert attached.kind == "Broken, whose repr fails"
    assert "whose repr failed: RuntimeError: no repr" in attached.text


def test_nothing_is_written_to_what_is_looked_up() -> None:
    counts: defaultdict[str, int] = defaultdict(int, a=1)
    namespace = {"counts": counts}
    assert look('counts["b"]', namespace) is None
    assert attach('{{ counts["b"] }} {{ counts["a"] }}', namespace)[0].name == 'counts["a"]'
    complete('counts["', namespace)
    assert (counts, namespace) == ({"a": 1}, {"counts": counts})


def test_what_exists_is_attached_once_and_in_order() -> None:
    namespace = {"df": FRAME, "n": 3}
    found = attach("{{ n }}, {{ df }}, {{ gone }}, {{n}} and `{{ df }}`", namespace)
    assert [(one.name, one.text) for one in found] == [("n", "3"), ("df", render(FRAME).text)]


def test_a_function_is_its_source() -> None:
    (attached,) = attach("{{ double }}", {"double": double})
    assert (attached.kind, attached.text) == (
        "function",
        "def double(x: int) -> int:\n    return 2 * x\n",
    )


def test_a_function_without_a_source_is_its_repr() -> None:
    made: dict[str, Any] = {}
    exec("def f(): pass", made)  # noqa: S102 # as a cell whose text is gone
    assert attach("{{ f }}", made)[0].text == "<function f>"


def test_texts_share_a_budget_and_the_short_ones_leave_theirs_to_the_long() -> None:
    namespace = {"short": "y" * 40, "one": "x" * 4000, "two": "x" * 4000}
    sizes = {
        one.name: one.tokens
        for one in attach("{{ one }}{{ no }} {{ short }} {{ two }}", namespace, budget_tokens=110)
    }
    assert sizes == {"one": 50, "short": 10, "two": 50}
    assert [one.tokens for one in attach("{{ short }}", namespace, budget_tokens=10)] == [10]


def test_a_table_is_cut_to_its_share_as_tables_are() -> None:
    table = pd.DataFrame({"n": range(5000)})
    found = attach("{{ a }} {{ b }}", {"a": table, "b": table}, budget_tokens=400)
    assert sum(one.tokens for one in found) <= 400
    assert all(re_line in one.text for one in found for re_line in ("5,000 rows", "more rows"))


def texts(begun: str, namespace: dict[str, Any], **more: Any) -> list[str]:
    return [one["text"] for one in complete(begun, namespace, **more)]


def test_names_come_as_data_then_functions_then_modules() -> None:
    namespace = {"math": math, "double": double, "Zeta": 1, "alpha": FRAME, "_": 1, "__x": 2}
    hidden = dict.fromkeys(("In", "Out", "exit", "quit", "get_ipython"))
    assert complete("", namespace | hidden) == [
        {"text": "alpha", "kind": "DataFrame 1 × 5"},
        {"text": "Zeta", "kind": "int"},
        {"text": "double", "kind": "function"},
        {"text": "math", "kind": "module"},
    ]
    assert texts(" Z", namespace) == ["Zeta"]
    assert texts("a", namespace) == ["alpha"]
    assert texts("数", {"数据": 1}) == ["数据"]


def test_attributes_come_without_being_asked_for() -> None:
    suggested = complete("it.", {"it": Touchy()})
    assert {one["text"]: one["kind"] for one in suggested} == {
        "it.asked": "int",
        "it.later": "property",
        "it.make": "method",
        "it.run": "method",
        "it.shape": "property",
        "it.value": "int",
    }
    assert Touchy.asked == 0


def test_attributes_of_tables_and_modules() -> None:
    namespace = {"df": FRAME, "np": np}
    assert {"text": "df.price", "kind": "float64"} in complete("df.pr", namespace)
    assert {"text": "df.columns", "kind": "property"} in complete("df.co", namespace)
    assert {"text": "np.linspace", "kind": "function"} in complete("np.lin", namespace)
    assert "df['price'].mean" in texts("df['price'].me", namespace)


@pytest.mark.parametrize(
    ("begun", "suggested"),
    [
        ('df["pr', ['df["price"]', 'df["price [USD]"]']),
        ('df["price [', ['df["price [USD]"]']),
        ("df['i", ["df['it\\'s']"]),
        ("df[", ['df["price"]', 'df["price [USD]"]', 'df["it\'s"]', 'df["列"]']),
        ('pdf["', ['pdf["a"]']),
        ('arrow["', ['arrow["q"]']),
        ('nested["a"]["', ['nested["a"]["b\\"c"]']),
        ('nested["a"].va', ['nested["a"].values']),
    ],
)
def test_columns_and_keys(begun: str, suggested: list[str]) -> None:
    namespace = {
        "df": FRAME,
        "pdf": pl.DataFrame({"a": [1]}),
        "arrow": pa.table({"q": [1]}),
        "nested": {"a": {'b"c': 1, 2: 3}},
    }
    assert texts(begun, namespace) == suggested
    assert all(expressions(f"{{{{ {one} }}}}") == [one] for one in suggested)
    assert all(look(one, namespace) for one in suggested)


@pytest.mark.parametrize("begun", ["nope.", "f(", "1.", "df[0", "it.shape.", "a b", "()", "df.x["])
def test_nothing_is_suggested_for_what_is_nothing(begun: str) -> None:
    assert complete(begun, {"df": FRAME, "it": Touchy(), "f": double}) == []


def test_suggestions_are_limited() -> None:
    namespace = {f"x{number:03}": number for number in range(200)}
    assert len(complete("x", namespace)) == 50
    assert texts("x", namespace, limit=2) == ["x000", "x001"]


def test_the_namespace_may_change_meanwhile() -> None:
    namespace: dict[str, Any] = {f"x{number}": [number] for number in range(2000)}
    done = threading.Event()

    def churn() -> None:
        number = 0
        while not done.is_set():
            namespace[f"y{number % 500}"] = number
            namespace.pop(f"y{(number + 250) % 500}", None)
            number += 1

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(100):
            assert len(complete("x", namespace)) == 50
            assert attach("{{ x7 }}", namespace)[0].text == "[7]"
    finally:
        done.set()
        thread.join()
