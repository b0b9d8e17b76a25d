"""Whatever a model may send: values of the annotated types, or a message to it."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import json
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glm_notebook.tools import ArgumentError, Tool, repair
from tests.tools.examples import Color, Level, Loose, Node, Point, Query, Shape


def take(
    flag: bool,
    n: int,
    ratio: float,
    text: str,
    color: Color = Color.RED,
    level: Level = Level.LOW,
    mode: Literal["a", "b", 3] = "a",
    point: Point | None = None,
    shapes: list[Shape] | None = None,
    query: Query | None = None,
    loose: Loose | None = None,
    tree: Node | None = None,
    pair: tuple[int, str] | None = None,
    table: dict[str, list[float]] | None = None,
    names: set[str] | None = None,
    day: datetime.date | None = None,
    at: datetime.datetime | None = None,
    lasting: datetime.timedelta | None = None,
    path: Path | None = None,
    amount: decimal.Decimal | None = None,
    key: uuid.UUID | None = None,
    raw: bytes | None = None,
    several: Sequence[Mapping[str, int | str]] | None = None,
    whatever: Any = None,
) -> None: ...


TOOL = Tool.of(take)
HINTS = get_type_hints(take, include_extras=True)
VALID: Mapping[str, Any] = {
    "flag": True,
    "n": 3,
    "ratio": 0.5,
    "text": "x",
    "color": "blue",
    "level": 2,
    "mode": "b",
    "point": {"x": 1},
    "shapes": [{"points": [{"x": 1, "y": 2}], "tags": {"a": 1}}],
    "query": {"column": "a", "limit": 1},
    "loose": {"points": [{"x": 1}]},
    "tree": {"name": "a", "children": [{"name": "b"}]},
    "pair": [1, "x"],
    "table": {"a": [1, 2.5]},
    "names": ["a", "b"],
    "day": "2024-05-01",
    "at": "2024-05-01T10:00:00Z",
    "lasting": "PT30S",
    "path": "a/b",
    "amount": "1.5",
    "key": "12345678-1234-5678-1234-567812345678",
    "raw": "abc",
    "several": [{"a": 1, "b": "x"}],
    "whatever": {"a": [None]},
}
MUST = {name: VALID[name] for name in ("flag", "n", "ratio", "text")}

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["3", "true", "20240501", "2024-05-01", "[1]", '{"x": 1}', "nan", "a", "red", ""])
)  # fmt: skip
words = st.sampled_from(["x", "y", "points", "name", "children", "column", "limit", "tags", "a"])
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(words | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


def _are(values: Any, hint: Any) -> bool:
    return all(is_one(value, hint) for value in values)


def _is_container(value: Any, origin: Any, arguments: tuple[Any, ...]) -> bool:
    if not isinstance(value, origin):
        return False
    if origin is tuple:
        return len(value) == len(arguments) and all(map(is_one, value, arguments))
    if issubclass(origin, Mapping):
        return _are(value, arguments[0]) and _are(value.values(), arguments[1])
    return _are(value, arguments[0])


def _fields(hint: Any) -> Mapping[str, Any]:
    hints = get_type_hints(hint)
    return {name: hints[name] for name in getattr(hint, "model_fields", hints)}


def is_one(value: Any, hint: Any) -> bool:
    """Tell whether a value is of an annotated type, all the way down. It asks Python only, not pydantic."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin is Literal:
        return any(value == one and type(value) is type(one) for one in arguments)
    if origin in (Union, UnionType):
        return any(is_one(value, one) for one in arguments)
    if origin is not None:
        return _is_container(value, origin, arguments)
    if is_typeddict(hint):
        known = _fields(hint)
        return (
            isinstance(value, dict)
            and set(value) >= hint.__required_keys__
            and all(is_one(one, known[key]) for key, one in value.items())
        )
    if hint in (int, float) and isinstance(value, bool):
        return False
    if dataclasses.is_dataclass(hint) or hint is Node:
        return isinstance(value, hint) and all(  # type: ignore[arg-type]
            is_one(getattr(value, key), one) for key, one in _fields(hint).items()
        )
    return isinstance(value, hint)


def check(text: str) -> bool:
    """Read the arguments, and check what comes of it; return whether the function would have been called."""
    try:
        call = TOOL.bind(text)
    except ArgumentError as error:
        message = error.message_for_model
        assert message.startswith("take was not called: ")
        assert "Traceback" not in message
        assert len(message.encode()) < 8000
        return False
    assert call.args == ()
    for name, value in call.kwargs.items():
        assert is_one(value, HINTS[name]), (name, value)
    return True


def test_what_is_valid_is_called() -> None:
    assert check(json.dumps(VALID))
    assert check(json.dumps(MUST))


@pytest.mark.parametrize("name", sorted(VALID))
@given(value=values)
@settings(max_examples=30)
def test_any_json_for_a_parameter(name: str, value: Any) -> None:
    check(json.dumps({**MUST, name: value}))


@given(st.dictionaries(st.sampled_from(sorted(VALID)) | st.text(max_size=5), values, max_size=6))
def test_any_json_object(value: dict[str, Any]) -> None:
    check(json.dumps({**MUST, **value}, ensure_ascii=False))
    check(json.dumps(value))


@given(values)
def test_any_json(value: Any) -> None:
    check(json.dumps(value))
    check(repr(value))


@given(st.text() | st.text(alphabet="{}[]\"'\\:, 1etTrFalsnNoue"))
@settings(max_examples=300)
def test_any_text(text: str) -> None:
    check(text)


@given(st.integers(0, 10**6), st.text(max_size=3), st.integers(0, 3))
@settings(max_examples=300)
def test_broken_arguments(where: int, rubbish: str, lost: int) -> None:
    whole = json.dumps(VALID)
    where %= len(whole)
    check(whole[:where] + rubbish + whole[where + lost :])


@given(st.integers(0, 10**6))
@settings(max_examples=200)
def test_arguments_that_are_cut_give_nothing_that_was_not_sent(where: int) -> None:
    whole = json.dumps(VALID)
    where %= len(whole)
    try:
        read = repair.read(whole[:where])
    except ValueError:
        return
    last = list(read)[-1:]
    assert all(read[key] == VALID[key] for key in read if key not in last)


@given(st.dictionaries(st.text(), values, max_size=5))
def test_what_is_written_as_python_is_read_the_same(value: dict[str, Any]) -> None:
    quoted = json.dumps(value)  # what JSON can say, ASCII only, …
    as_python = repr(json.loads(quoted))
    try:
        read = repair.read(as_python)
    except ValueError:
        return  # Python's escapes (\x00), nan and inf
    assert json.dumps(read) == quoted


def test_the_check_of_this_test_can_fail() -> None:
    assert not is_one(True, int)
    assert not is_one([1], list[str])
    assert not is_one(Point("x"), Point)  # type: ignore[arg-type]
    assert not is_one({"column": "a"}, Query)
    assert not is_one((1,), tuple[int, str])
