"""The arguments of a call: the JSON text of a model made into values of the annotated types, or a message to it.

Values are read as pydantic reads JSON when it is not strict: "3" is good for an integer, as models write it so, and the
meaning is the same. Where the meaning would change without anybody seeing it, the call is refused (see `fitting`).
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from glm_notebook.errors import ToolError
from glm_notebook.tools import fitting, repair
from glm_notebook.tools.schema import Parameter, Schema
from glm_notebook.tools.words import cut, message_of

if TYPE_CHECKING:
    from pydantic import ValidationError

_MAX_PROBLEMS = 8
_MAX_VALUE = 80
"""Characters of a value that a message repeats."""
_MAX_SCHEMA = 200
_MAX_PROBLEM = 400


class ArgumentError(ToolError):
    """A model's arguments do not fit; the message is for the model, which can mend them."""

    @property
    def message_for_model(self) -> str:
        """What was wrong, and what is wanted: short, and no traceback."""
        return self.message


@dataclass(frozen=True, slots=True)
class Call:
    """What a function is called with."""

    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


class _Misfit(Exception):
    """A value does not fit its parameter."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(*problems)
        self.problems = problems


def bind(text: str, schema: Schema, tool: str) -> Call:
    """Read a model's arguments for a function.

    Parameters
    ----------
    text : str
        JSON, as the model wrote it; nothing at all is no arguments.
    schema : Schema
        Of the function.
    tool : str
        Its name, for the message.

    Raises
    ------
    ArgumentError
        They do not fit.
    """
    try:
        given = repair.read(text)
    except ValueError as error:
        raise ArgumentError(
            f"{tool} was not called: its arguments cannot be read as JSON: {error}. "
            "Send one JSON object that is complete."
        ) from None
    values, problems = _converted(given, schema)
    if problems:
        more = len(problems) - _MAX_PROBLEMS
        told = [cut(one, _MAX_PROBLEM) for one in problems[:_MAX_PROBLEMS]]
        told += [f"… and {more} more"] if more > 0 else []
        lines = "\n".join(f"- {one}" for one in told)
        raise ArgumentError(f"{tool} was not called: its arguments do not fit.\n{lines}")
    return _placed(values, schema)


def _converted(given: Mapping[str, Any], schema: Schema) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    problems = list(_unknown(given, schema))
    for one in schema.parameters:
        if one.name not in given:
            problems += [_missing(one, schema)] if one.required else []
            continue
        try:
            values[one.name] = _value(one, given[one.name])
        except _Misfit as misfit:
            problems += misfit.problems
    return values, problems


def _unknown(given: Mapping[str, Any], schema: Schema) -> Iterator[str]:
    known = [one.name for one in schema.parameters]
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            meant = f"did you mean {near[0]}? " if near else ""
            listed = ", ".join(known) or "none"
            yield f"{cut(name, _MAX_VALUE)}: there is no such parameter; {meant}Known: {listed}"


def _missing(parameter: Parameter, schema: Schema) -> str:
    wanted = json.dumps(schema.json["properties"][parameter.name], ensure_ascii=False)
    return f"{parameter.name}: missing; wanted: {cut(wanted, _MAX_SCHEMA)}"


def _value(parameter: Parameter, given: Any) -> Any:
    try:
        return _read(parameter, given)
    except _Misfit:
        unpacked = _unpacked(given)
        if unpacked is None:
            raise
        return _read(parameter, unpacked)


def _unpacked(given: Any) -> Any:
    """Return the list or object that a string is the JSON of: models send those so. None if it is of none."""
    if not isinstance(given, str) or not given.lstrip().startswith(("[", "{")):
        return None
    try:
        value = json.loads(given)
    except (ValueError, RecursionError):
        return None
    return None if repair.is_deep(value) else value


def _read(parameter: Parameter, given: Any) -> Any:
    from pydantic import ValidationError

    wrong = fitting.misfits(given, parameter.json)
    if wrong:
        raise _Misfit([_problem(parameter.name, given, path, wanted) for path, wanted in wrong])
    try:
        return parameter.adapter.validate_json(json.dumps(given))
    except ValidationError as error:
        raise _Misfit(list(_problems(parameter.name, given, error))) from None
    except Exception as error:  # a validator of the user's, or a class that refuses its fields
        reason = f"{type(error).__name__}: {message_of(error)}"
        raise _Misfit([_problem(parameter.name, given, (), reason)]) from None


def _problems(name: str, given: Any, error: ValidationError) -> Iterator[str]:
    """Yield a line for each place that is wrong, with all that would be right there."""
    wanted: dict[fitting.Path, list[str]] = {}
    for one in error.errors(include_url=False, include_context=False, include_input=False):
        path = _path(given, one["loc"], missing=one["type"] == "missing")
        message = one["msg"].replace("Input should be", "should be")
        if message not in wanted.setdefault(path, []):
            wanted[path].append(message)
    for path, messages in wanted.items():
        yield _problem(name, given, path, " or ".join(messages))


def _path(given: Any, location: fitting.Path, *, missing: bool) -> fitting.Path:
    """Return where an error is, without what pydantic says there of the schema (the members of a union, validators)."""
    path: list[str | int] = []
    for step in location:
        if _has(given, step):
            given = given[step]
            path.append(step)
    if missing:
        path.append(location[-1])
    return tuple(path)


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, dict):
        return step in value
    return isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value)


def _problem(name: str, given: Any, path: fitting.Path, wanted: str) -> str:
    where = name
    for step in path:
        where += f"[{step}]" if isinstance(step, int) else f".{step}"
        given = given[step] if _has(given, step) else None
    if path and given is None and wanted == "Field required":
        return f"{where}: missing"
    return f"{where}: {wanted}; got {cut(json.dumps(given, ensure_ascii=False), _MAX_VALUE)}"


def _placed(values: Mapping[str, Any], schema: Schema) -> Call:
    """Return the call, with defaults only where the function cannot be left to use its own."""
    by_place = [one for one in schema.parameters if one.positional]
    given = [number for number, one in enumerate(by_place, 1) if one.name in values or one.filled]
    args = [values.get(one.name, one.default) for one in by_place[: max(given, default=0)]]
    kwargs = {
        one.name: values.get(one.name, one.default)
        for one in schema.parameters
        if not one.positional and (one.name in values or one.filled)
    }
    return Call(tuple(args), kwargs)
