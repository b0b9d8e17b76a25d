from __future__ import annotations

import datetime
import decimal
import functools
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, Union

import pytest
from pydantic import Field, PydanticUserError, TypeAdapter, create_model

from glm_notebook.errors import ToolError
from glm_notebook.tools import Tool
from glm_notebook.tools import jsonschema as small_schemas
from glm_notebook.tools.callables import UnresolvedHint
from tests.tools import examples
from tests.tools.examples import Color, Level, Loose, Node, Point, Query, Shape, Unfinished, Unlike

pd: Any = import_module("pandas")  # neither has types
jsonschema: Any = import_module("jsonschema")

HINTS: list[Any] = [
    int,
    str,
    float,
    bool,
    Any,
    list[int],
    dict[str, list[float]],
    tuple[int, str],
    set[str],
    Sequence[str],
    Mapping[str, int],
    Literal["a", "b"],
    Literal[1, None],
    Optional[int],  # noqa: UP045 - both ways to write it
    str | None,
    int | str,
    Union[str, int],  # noqa: UP007
    Color,
    Level,
    Point,
    Shape,
    list[Shape],
    Node,
    datetime.date,
    datetime.datetime,
    datetime.timedelta,
    Path,
    decimal.Decimal,
    uuid.UUID,
    bytes,
    Annotated[int, Field(ge=1, le=9, description="How many")],
    Annotated[list[Annotated[str, Field(max_length=3)]], Field(min_length=1)],
]


def taking(hint: Any, *default: Any) -> Callable[..., Any]:
    """Return a function that takes one ``value`` of a type."""

    def take(value: Any) -> Any:
        return value

    take.__annotations__ = {"value": hint}
    take.__defaults__ = default or None
    return take


def parameters(function: Callable[..., Any], **settings: Any) -> dict[str, Any]:
    return dict(Tool.of(function, **settings).spec().parameters)


def written_out(schema: Any, definitions: dict[str, Any]) -> Any:
    """Return a schema without titles and references; those that go round end in their name."""
    if isinstance(schema, list):
        return [written_out(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if len(schema.get("allOf", ())) == 1:  # pydantic before 2.9
        schema = {**schema["allOf"][0], **{k: v for k, v in schema.items() if k != "allOf"}}
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        rest = {key: one for key, one in definitions.items() if key != name}
        inner = definitions.get(name, {"round": name})
        return written_out({**inner, **{k: v for k, v in schema.items() if k != "$ref"}}, rest)
    return {
        key: written_out(one, definitions)
        for key, one in schema.items()
        if key not in ("$defs", "title") or (isinstance(one, dict) and key == "title")
    }


def same(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    theirs = {**theirs, "additionalProperties": False}
    assert written_out(ours, ours.get("$defs", {})) == written_out(theirs, theirs.get("$defs", {}))


@pytest.mark.parametrize("hint", HINTS, ids=str)
def test_a_schema_says_what_pydantics_own_says(hint: Any) -> None:
    ours = parameters(taking(hint))
    model = create_model("Take", value=(hint, ...))
    same(ours, model.model_json_schema())
    jsonschema.Draft202012Validator.check_schema(ours)


def test_several_parameters_share_what_they_need() -> None:
    def draw(shape: Shape, other: Shape, tree: Node, trees: list[Node], color: Color) -> None: ...

    ours = parameters(draw)
    model = create_model(
        "Draw",
        shape=(Shape, ...),
        other=(Shape, ...),
        tree=(Node, ...),
        trees=(list[Node], ...),
        color=(Color, ...),
    )
    same(ours, model.model_json_schema())
    assert set(ours["$defs"]) == {"Shape", "Node"}
    assert ours["properties"]["color"] == {"enum": ["red", "blue"], "type": "string"}


def test_what_is_used_once_is_written_where_it_is_used() -> None:
    def draw(shape: Shape) -> None: ...

    assert "$defs" not in parameters(draw)
    assert "$ref" not in str(parameters(draw))


def test_classes_of_one_name_stay_apart() -> None:
    def local() -> Any:
        class Node(examples.Node):
            size: int

        return Node

    first, second = taking(Node), local()

    def both(a: Any, b: Any) -> None: ...

    both.__annotations__ = {"a": Node, "b": second}
    properties = parameters(both)
    text = str(properties)
    assert "'size'" in text
    assert parameters(first)["properties"]["value"].keys() == {"$ref"}
    jsonschema.validate({"a": {"name": "x"}, "b": {"name": "x", "size": 1}}, properties)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"a": {"name": "x"}, "b": {"name": "x"}}, properties)


def test_a_parameter_that_is_called_title_is_no_title() -> None:
    def name(title: str, properties: int, default: bool = True) -> None: ...

    assert parameters(name) == {
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "properties": {"type": "integer"},
            "default": {"type": "boolean", "default": True},
        },
        "required": ["title", "properties"],
        "additionalProperties": False,
    }


def test_typed_dicts_of_any_python() -> None:
    def ask(query: Query, more: list[Loose] | None = None) -> None: ...

    query = parameters(ask)["properties"]["query"]
    assert query["required"] == ["column", "limit"]
    more = parameters(ask)["properties"]["more"]
    assert more["items"].get("required", []) == []
    assert more["items"]["properties"]["points"]["type"] == "array"


def test_no_parameters_are_no_schema() -> None:
    def now() -> None: ...

    assert parameters(now) == {}


def test_a_parameter_without_a_hint_is_any_json() -> None:
    def take(value) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001

    assert parameters(take)["properties"] == {"value": {}}


SENTINEL = object()


@pytest.mark.parametrize(
    ("hint", "default", "shown"),
    [
        (int, 3, 3),
        (list[int], [1], [1]),
        (Color, Color.BLUE, "blue"),
        (Point, Point(1.0), {"x": 1.0, "y": 0.0}),
        (datetime.date, datetime.date(2024, 5, 1), "2024-05-01"),
        (Path, Path("a"), "a"),
        (int, None, None),
        (int, SENTINEL, None),
        (float, float("nan"), None),
        (str, "x" * 1000, None),
        (list[int], iter([1]), None),
        (Any, pd.DataFrame({"a": [1]}), None),
    ],
    ids=str,
)
def test_a_default_is_shown_if_it_is_short_json(hint: Any, default: Any, shown: Any) -> None:
    schema = parameters(taking(hint, default))
    assert schema["properties"]["value"].get("default") == shown
    assert ("default" in schema["properties"]["value"]) == (shown is not None)
    assert "required" not in schema


def test_what_may_be_left_out_needs_no_null() -> None:
    def take(a: int | None = None, b: int | str | None = None, c: Point | None = None) -> None: ...

    a, b, c = parameters(take)["properties"].values()
    assert a == {"type": "integer"}
    assert b == {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    assert c["type"] == "object"

    def must(a: int | None) -> None: ...

    assert {"type": "null"} in parameters(must)["properties"]["a"]["anyOf"]


def test_a_hint_goes_before_the_docstring() -> None:
    def take(
        a: Annotated[int, Field(description="of the hint")], b: int, c: Point | None = None
    ) -> None:
        """Take.

        Args:
            a: of the docstring
            b: of the docstring
            c: of the docstring
        """

    described = [one["description"] for one in parameters(take)["properties"].values()]
    assert described == ["of the hint", "of the docstring", "of the docstring"]


def test_a_field_as_a_default_is_pydantics() -> None:
    def take(a: int = Field(3, ge=1, description="How many"), b: int = Field(ge=2)) -> Any:
        return a, b

    tool = Tool.of(take)
    assert tool.spec().parameters["properties"] == {
        "a": {"type": "integer", "minimum": 1, "description": "How many", "default": 3},
        "b": {"type": "integer", "minimum": 2},
    }
    assert tool.spec().parameters["required"] == ["b"]
    call = tool.bind('{"b": 2}')
    assert tool.function(*call.args, **call.kwargs) == (3, 2)


def test_bound_parameters_do_not_appear() -> None:
    class Table:
        def head(self, n: int, *, columns: Sequence[str] = ()) -> None: ...

    def join(left: Unlike, right: str, how: str = "x", /, sort: bool = False) -> None: ...

    assert list(parameters(Table().head)["properties"]) == ["n", "columns"]
    assert list(parameters(functools.partial(Table().head, 1))["properties"]) == ["columns"]
    bound = functools.partial(functools.partial(join, Unlike()), sort=True)
    assert list(parameters(bound)["properties"]) == ["right", "how"]


def test_other_keywords_are_ignored() -> None:
    def plot(column: str, **options: Any) -> None: ...

    assert list(parameters(plot)["properties"]) == ["column"]


def test_a_list_is_to_be_written_in_place_of_star_arguments() -> None:
    def add(*numbers: int) -> None: ...

    with pytest.raises(ToolError) as raised:
        Tool.of(add).spec()
    assert str(raised.value) == (
        "The tool add takes *numbers, which a model cannot give. "
        "Take a list instead: def add(numbers: list[str])."
    )


@pytest.mark.parametrize(
    ("hint", "kind"),
    [
        (pd.DataFrame, "DataFrame"),
        (Unlike, "Unlike"),
        (list[Unlike], "list[tests.tools.examples.Unlike]"),
        (Iterator[int], "collections.abc.Iterator[int]"),
        (Callable[[int], int], "collections.abc.Callable[[int], int]"),
        (type[int], "type[int]"),
    ],
    ids=str,
)
def test_what_no_json_can_be_is_refused_with_the_way_out(hint: Any, kind: str) -> None:
    with pytest.raises(ToolError) as raised:
        Tool.of(taking(hint)).spec()
    assert raised.value.message == (f"No JSON can be the {kind} that the tool take takes as value.")
    assert raised.value.remedy == (
        "Take the name of a variable (value: str), give value a default, or bind it: "
        "functools.partial(take, value=…)."
    )


@pytest.mark.parametrize("hint", [pd.DataFrame, Optional[Unlike]])  # noqa: UP045
def test_what_no_json_can_be_is_left_to_its_default(hint: Any) -> None:
    assert parameters(taking(hint, None)) == {}


def later(value: Later) -> None:  # type: ignore[name-defined]  # noqa: F821 - that is the point
    ...


def test_a_hint_that_names_nothing_is_told() -> None:
    with pytest.raises(UnresolvedHint) as raised:
        Tool.of(later).spec()
    assert str(raised.value).startswith(
        "The hint of value in the tool later cannot be read: name 'Later' is not defined. Define"
    )


@pytest.mark.parametrize("hint", ["list[Later]", list["Later"], "int |", "1 / 0"])  # type: ignore[name-defined]  # noqa: F821
def test_a_hint_that_cannot_be_evaluated_is_told(hint: Any) -> None:
    with pytest.raises(UnresolvedHint, match="The hint of value in the tool take cannot be read"):
        Tool.of(taking(hint)).spec()


def test_a_class_that_names_nothing_is_told() -> None:
    with pytest.raises(UnresolvedHint, match="The hint of value in the tool take cannot be read"):
        Tool.of(taking(list[Unfinished])).spec()


def test_pydantics_advice_is_told_where_it_helps() -> None:
    class Odd:
        @classmethod
        def __get_pydantic_core_schema__(cls, *_: Any) -> Any:
            raise PydanticUserError("Write it in another way.", code="typed-dict-version")

    with pytest.raises(ToolError, match=r"takes as value \(Write it in another way\)\."):
        Tool.of(taking(Odd)).spec()


def test_nothing_but_null_stays_null() -> None:
    assert parameters(taking(None, None))["properties"] == {"value": {"type": "null"}}


def test_an_iterable_is_a_list_so_that_its_items_are_checked_before_the_call() -> None:
    wrapped = Annotated[Optional[Iterable[int]], Field(description="x")]  # noqa: UP045
    for hint in (Iterable[int], wrapped):
        assert Tool.of(taking(hint)).bind('{"value": ["1"]}').kwargs == {"value": [1]}


def test_the_order_of_a_union_is_kept() -> None:
    for hint, first in ((int | str, "integer"), (str | int, "string")):
        assert parameters(taking(hint))["properties"]["value"]["anyOf"][0]["type"] == first


def test_small_leaves_values_alone() -> None:
    schema = {"enum": [{"title": 1}], "default": {"title": 2}, "title": "T"}
    assert small_schemas.small(schema) == {"enum": [{"title": 1}], "default": {"title": 2}}


def test_what_goes_round_stays_a_definition_however_short_it_is() -> None:
    schema = {
        "$ref": "#/$defs/A",
        "$defs": {"A": {"items": {"$ref": "#/$defs/B"}}, "B": {"$ref": "#/$defs/A"}},
    }
    assert small_schemas.small(schema)["$defs"].keys() == {"A", "B"}


def test_a_wrapped_reference_is_unwrapped() -> None:
    old = {"allOf": [{"$ref": "#/$defs/A"}], "description": "x", "$defs": {"A": {"type": "null"}}}
    assert small_schemas.small(old) == {"type": "null", "description": "x"}


def test_a_hundred_schemas_take_a_tenth_of_a_second() -> None:
    TypeAdapter(Node).json_schema()  # loads pydantic, which is not what is measured

    def summarise(
        path: str, column: str, n: int = 10, how: Literal["mean", "sum"] = "mean", where: str = ""
    ) -> None:
        """Summarise a column.

        Parameters
        ----------
        path : str
            Where the data is.
        column : str
            Which.
        """

    began = time.process_time()
    for _ in range(100):
        Tool.of(summarise).spec()
    assert time.process_time() - began < 0.2  # twice the figure: for machines that are busy
