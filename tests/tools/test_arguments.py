from __future__ import annotations

import datetime
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, Field

from glm_notebook.errors import ToolError
from glm_notebook.tools import ArgumentError, Call, Tool, fitting, repair
from tests.tools.examples import Color, Level, Loose, Node, Point, Shape


def anything(value: Any = None, **others: Any) -> None: ...


def bound(function: Callable[..., Any], text: str) -> Call:
    return Tool.of(function).bind(text)


def refused(function: Callable[..., Any], text: str) -> list[str]:
    """Return the lines of the message to the model, but for the first, which says that nothing was called."""
    with pytest.raises(ArgumentError) as raised:
        bound(function, text)
    first, *lines = raised.value.message_for_model.splitlines()
    assert first.endswith("was not called: its arguments do not fit.")
    return lines


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"value": 1}', 1),
        (' {"value": 1}\n', 1),
        ('{"value": 1}}', 1),
        ('{"value": 1}\n</tool_call>', 1),
        ('{"value": 1}\n```', 1),
        ('{"value": 1} it\'s done', 1),
        ('{"value": 1}{"value": 1}', 1),
        ('{"value": 1', 1),
        ('{"value": [1]', [1]),
        ('{"value": [1, {"a": [2', [1, {"a": [2]}]),
        ("{'value': 'x'}", "x"),
        ("{'value': 'Xi\\'an says \"hi\"\\n'}", 'Xi\'an says "hi"\n'),
        ('{"value": [\'a\', "it\'s"]}', ["a", "it's"]),
        ('{"value": [True, False, None, true]}', [True, False, None, True]),
        ('{"value": "True, \'None\'", "other": None}', "True, 'None'"),
        ('{"value": "a\nb\tc"}', "a\nb\tc"),
        ('"{\\"value\\": 1}"', 1),
        ('{"value": 1, "value": 2}', 2),
    ],
)
def test_known_mistakes_are_mended(text: str, value: Any) -> None:
    assert repair.read(text)["value"] == value


@pytest.mark.parametrize("text", ["", " \n", "null", "{}", "{", '""'])
def test_nothing_is_no_arguments(text: str) -> None:
    assert repair.read(text) == {}
    assert bound(anything, text) == Call((), {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"value": "rm -r', "Unterminated string starting at at character 10"),
        ("{'value': 'rm -r", "Expecting property name enclosed in double quotes at character 1"),
        ('{"value": 1,', "Expecting property name enclosed in double quotes at character 12"),
        ('{"value": }', "Expecting value at character 10"),
        ('{"value": 1}{"value": 2}', "they are two objects; make a call for each"),
        ("value=1", "Expecting value at character 0"),
        ("[1]", "they have to be one JSON object"),
        ('"x"', "Expecting value at character 0"),
        ("[" * 100_000, "more than 100 levels"),
        ('{"value":' * 101 + "1" + "}" * 101, "more than 100 levels"),
        ('{"value": ' + "1" * 5000 + "}", "Exceeds the limit (4300"),
    ],
    ids=range(11),
)
def test_what_was_meant_is_never_guessed(text: str, said: str) -> None:
    with pytest.raises(ArgumentError) as raised:
        bound(anything, text)
    message = raised.value.message_for_model
    assert message.startswith(
        f"anything was not called: its arguments cannot be read as JSON: {said}"
    )
    assert message.endswith(" Send one JSON object that is complete.")
    assert len(message) < 300


def take(
    city: str,
    n: int = 3,
    color: Color = Color.RED,
    level: Level = Level.LOW,
    shape: Shape | None = None,
    loose: Loose | None = None,
    tree: Node | None = None,
    day: datetime.date | None = None,
    at: datetime.datetime | str | None = None,
    ratio: float = 0.5,
    mode: Literal["a", "b"] = "a",
    pair: tuple[int, str] = (1, ""),
    either: bool | int = 0,
    few: Annotated[list[int], Field(max_length=2)] = [],  # noqa: B006 - a default like any other
) -> None: ...


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("n", "3", 3),
        ("n", 3.0, 3),
        ("ratio", 1, 1.0),
        ("ratio", "0.5", 0.5),
        ("color", "blue", Color.BLUE),
        ("level", 2, Level.HIGH),
        ("shape", {"points": [{"x": "1"}]}, Shape([Point(1.0)])),
        ("shape", '{"points": [{"x": 1}], "color": "blue"}', Shape([Point(1.0)], Color.BLUE)),
        ("shape", None, None),
        ("loose", {"points": [{"x": 1, "y": 2}]}, {"points": [Point(1.0, 2.0)]}),
        (
            "tree",
            {"name": "a", "children": [{"name": "b"}]},
            Node(name="a", children=[Node(name="b")]),
        ),
        ("day", "2024-05-01", datetime.date(2024, 5, 1)),
        ("at", "2024-05-01T10:00:00", datetime.datetime(2024, 5, 1, 10)),
        ("at", "in May", "in May"),
        ("pair", [1, "x"], (1, "x")),
        ("pair", '[1, "x"]', (1, "x")),
        ("either", True, True),
        ("few", "[1, 2]", [1, 2]),
        ("city", "[1, 2]", "[1, 2]"),
    ],
)
def test_values_are_of_the_annotated_types(name: str, given: Any, value: Any) -> None:
    call = bound(take, json.dumps({"city": "Oslo", name: given}))
    assert call.args == ()
    assert call.kwargs == {"city": "Oslo", name: value}
    assert type(call.kwargs[name]) is type(value)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"n": "x"}, 'n: should be a valid integer, unable to parse string as an integer; got "x"'),
        ({"shape": "{broken"}, 'shape: should be an object; got "{broken"'),
        ({"shape": "[" * 999}, f"shape: should be an object; got \"{'[' * 78}…"),
        ({"n": True}, "n: should be an integer; got true"),
        ({"n": 1.5}, "n: should be a valid integer, got a number with a fractional part; got 1.5"),
        ({"ratio": False}, "ratio: should be a number; got false"),
        ({"city": 3}, "city: should be a valid string; got 3"),
        ({"color": "green"}, "color: should be 'red' or 'blue'; got \"green\""),
        ({"mode": "c"}, "mode: should be 'a' or 'b'; got \"c\""),
        ({"day": 20240501}, "day: should be a string with a date of ISO 8601; got 20240501"),
        ({"day": "20240501"}, 'day: should be a date of ISO 8601; got "20240501"'),
        ({"at": "20240501"}, 'at: should be a date-time of ISO 8601; got "20240501"'),
        ({"at": 1}, "at: should be a string with a date-time of ISO 8601; got 1"),
        ({"shape": {"points": [{"x": 1}, {"x": True}]}}, "shape.points[1].x: should be a number; got true"),
        ({"shape": {"points": [{"y": 1}]}}, "shape.points[0].x: missing"),
        ({"tree": {"name": ""}}, 'tree.name: String should have at least 1 character; got ""'),
        ({"pair": [True, "x"]}, "pair[0]: should be an integer; got true"),
        (
            {"few": [1, 2, 3]},
            "few: List should have at most 2 items after validation, not 3; got [1, 2, 3]",
        ),
        (
            {"either": "x"},
            "either: should be a valid boolean, unable to interpret input or "
            'should be a valid integer, unable to parse string as an integer; got "x"',
        ),
        (
            {"colr": 1},
            "colr: there is no such parameter; did you mean color? Known: city, n, color, level, shape, loose, "
            "tree, day, at, ratio, mode, pair, either, few",
        ),
    ],
)  # fmt: skip
def test_a_message_says_what_is_wrong_where(given: dict[str, Any], line: str) -> None:
    assert refused(take, json.dumps({"city": "Oslo", **given})) == [f"- {line}"]


def test_a_schema_that_goes_round_ends() -> None:
    tree: dict[str, Any] = {"name": "leaf"}
    for _ in range(45):
        tree = {"name": "a", "children": [tree]}
    assert bound(take, json.dumps({"city": "", "tree": tree})).kwargs["tree"].name == "a"
    round_schema = {"$ref": "#/$defs/A", "$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}]}}}
    assert fitting.misfits(True, round_schema) == []


def test_members_of_a_union_that_want_the_same_are_told_once() -> None:
    def pick(shape: list[Point] | list[Shape]) -> None: ...

    assert refused(pick, '{"shape": 1}') == ["- shape: should be a valid array; got 1"]


def test_what_is_missing_is_told_with_its_schema() -> None:
    assert refused(take, "{}") == ['- city: missing; wanted: {"type": "string"}']


def test_all_that_is_wrong_is_told_at_once_but_not_without_end() -> None:
    lines = refused(take, json.dumps({"n": "x", "ratio": "x" * 1000}))
    assert [line.partition(":")[0] for line in lines] == ["- city", "- n", "- ratio"]
    assert len(lines[2]) < 250
    lines = refused(take, json.dumps({f"unknown{i}": i for i in range(20)} | {"city": ""}))
    assert len(lines) == 9
    assert lines[-1] == "- … and 12 more"


def test_a_message_can_be_sent_whatever_the_model_wrote() -> None:
    for text in (
        '{"city": "\\ud800"}',
        '{"city": "", "\\udfff": 1}',
        '{"city": "", "n": "\\ud800"}',
    ):
        "\n".join(refused(take, text)).encode()


def must_be_even(value: int) -> int:
    if value % 2:
        raise KeyError("odd")
    return value


@dataclass
class Picky:
    name: str

    def __post_init__(self) -> None:
        raise RuntimeError(f"no {self.name}")


def test_what_a_validator_of_the_user_raises_is_a_message() -> None:
    def check(
        n: Annotated[int, AfterValidator(must_be_even)] = 0, p: Picky | None = None
    ) -> None: ...

    assert refused(check, '{"n": 1}') == ["- n: KeyError: 'odd'; got 1"]
    assert refused(check, '{"p": {"name": "x"}}') == ['- p: RuntimeError: no x; got {"name": "x"}']


def test_parameters_by_place_are_given_by_place() -> None:
    def by_place(a: int, b: int = 2, c: int = 3, /, d: int = 4, *, e: int = 5) -> Any:
        return a, b, c, d, e

    def called(text: str) -> Any:
        call = bound(by_place, text)
        return by_place(*call.args, **call.kwargs)

    assert called('{"a": 1}') == (1, 2, 3, 4, 5)
    assert called('{"a": 1, "c": 9, "e": 7}') == (1, 2, 9, 4, 7)
    assert bound(by_place, '{"a": 1}') == Call((1,), {})
    assert bound(by_place, '{"a": 1, "c": 9}') == Call((1, 2, 9), {})


def test_the_functions_own_default_is_left_to_it() -> None:
    def sample(rows: Sequence[int] = range(3), n: int = 1) -> None: ...

    assert bound(sample, "{}") == Call((), {})


def test_an_argument_error_is_a_tool_error() -> None:
    assert issubclass(ArgumentError, ToolError)


def test_reading_arguments_takes_less_than_five_milliseconds() -> None:
    tool = Tool.of(take)
    text = json.dumps({"city": "Oslo", "shape": {"points": [{"x": 1}] * 20}, "n": 3})
    tool.bind(text)
    began = time.process_time()
    for _ in range(20):
        tool.bind(text)
    assert (time.process_time() - began) / 20 < 0.005
