"""What a function takes, from its signature, hints and docstring: as pydantic checks it, as JSON schema says it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from glm_notebook.errors import ToolError
from glm_notebook.tools import callables, hints, jsonschema
from glm_notebook.tools.callables import EMPTY, Function, UnresolvedHint

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic.fields import FieldInfo

_MAX_DEFAULT = 200
"""Most characters of a default that a model is told."""
_UNDEFINED = {"undefined-annotation", "class-not-fully-defined"}
"""What pydantic calls it when a class names in its own hints what is not there."""
_PLAIN = {None, "schema-for-unknown-type", "invalid-for-json-schema"}
"""What pydantic calls it when a type is simply none of JSON's: its advice is for who writes pydantic models."""
_COMMON = (bool, int, float, str, type(None), Any, date, datetime, Path)
_CONTAINERS = (list, dict, tuple, set, Sequence, Mapping, Union, UnionType)
_MAX_KEPT = 500
"""Hints whose schemas are kept."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter that a model may give."""

    name: str
    adapter: TypeAdapter[Any]
    json: jsonschema.Schema
    """JSON schema of its values, as pydantic writes it."""
    default: Any = EMPTY
    positional: bool = False
    """Whether the function takes it by its place only."""
    filled: bool = False
    """Whether the default has to be given: the function's own is pydantic's `Field(…)`."""

    @property
    def required(self) -> bool:
        """Whether a call has to give it."""
        return self.default is EMPTY


@dataclass(frozen=True, slots=True)
class Schema:
    """The parameters of a function."""

    parameters: tuple[Parameter, ...]
    json: Mapping[str, Any]
    """JSON schema of an object that has them all; empty where there are none."""


def schema_of(function: Function, name: str, described: Mapping[str, str]) -> Schema:
    """Read what a function takes.

    Parameters
    ----------
    function : callable
    name : str
        Of the tool, for the errors.
    described : mapping of str to str
        What the docstring says of parameters. What a hint says (``Field(description=…)``) goes before.

    Raises
    ------
    ToolError
        A model could never call it: for ``*args``, or for a parameter without a default that no JSON can be.
    """
    signature = callables.parameters(function, name)
    known = hints.resolved(function, signature, name)
    parameters = [one for one in (_parameter(p, known[p.name], name) for p in signature) if one]
    return Schema(tuple(parameters), _json(parameters, described))


def _parameter(one: inspect.Parameter, hint: Any, tool: str) -> Parameter | None:
    """Return the parameter; None for one that no JSON can be, if the function has a default for it."""
    default, filled = one.default, False
    if _is_field(default):
        hint, default = Annotated[hint, default], _default_of(default)
        filled = default is not EMPTY
    try:
        adapter, schema = _read(hint)
    except Exception as error:  # whatever a type does when it is asked for its schema
        if getattr(error, "code", "") in _UNDEFINED:
            raise UnresolvedHint(
                f"The hint of {one.name} in the tool {tool} cannot be read: {_first_line(error)}.",
                "Define or import its names before the tool is registered.",
            ) from None
        if default is EMPTY or filled:
            raise _impossible(one.name, hint, tool, error) from None
        return None
    return Parameter(one.name, adapter, schema, default, one.kind is one.POSITIONAL_ONLY, filled)


def _is_field(default: Any) -> bool:
    """Tell pydantic's ``Field(…)``, without loading pydantic."""
    return type(default).__name__ == "FieldInfo" and type(default).__module__ == "pydantic.fields"


def _default_of(field: FieldInfo) -> Any:
    return EMPTY if field.is_required() else field.get_default(call_default_factory=True)


def _impossible(parameter: str, hint: Any, tool: str, error: Exception) -> ToolError:
    kind = hint.__name__ if isinstance(hint, type) and not get_args(hint) else str(hint)
    why = "" if getattr(error, "code", None) in _PLAIN else f" ({_first_line(error)})"
    return ToolError(
        f"No JSON can be the {kind} that the tool {tool} takes as {parameter}{why}.",
        f"Take the name of a variable ({parameter}: str), give {parameter} a default, or bind it: "
        f"functools.partial({tool}, {parameter}=…).",
    )


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")


def _read(hint: Any) -> tuple[TypeAdapter[Any], jsonschema.Schema]:
    """Return what reads JSON as a type, and the schema of that JSON.

    Raises
    ------
    Exception
        No JSON can be one, or a class names in its own hints what is not there (`_UNDEFINED`).
    """
    return _common(hint, str(hint)) if _is_common(hint) else _made(hint)


def _is_common(hint: Any) -> bool:
    """Tell a hint that many parameters have, and that means the same for ever: of built-in types alone."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return all(isinstance(one, str | int | None) for one in arguments)
    if origin in _CONTAINERS:
        return all(_is_common(one) for one in arguments)
    return any(hint is one for one in _COMMON)


def _made(hint: Any) -> tuple[TypeAdapter[Any], jsonschema.Schema]:
    from pydantic import TypeAdapter

    if hint is type or get_origin(hint) is type:
        raise TypeError("a class")  # pydantic has a schema for it: {}
    adapter: TypeAdapter[Any] = TypeAdapter(hint)
    return adapter, adapter.json_schema()


@lru_cache(_MAX_KEPT)
def _common(hint: Any, _written: str) -> tuple[TypeAdapter[Any], jsonschema.Schema]:
    """Do as `_made`, once for each way to write a hint: ``int | str`` equals ``str | int``, but its schema does not."""
    return _made(hint)


def _json(parameters: Sequence[Parameter], described: Mapping[str, str]) -> Mapping[str, Any]:
    if not parameters:
        return {}
    fragments, definitions = _together(parameters)
    properties = {
        one.name: _property(one, fragments[one.name], described.get(one.name, ""))
        for one in parameters
    }
    required = [one.name for one in parameters if one.required]
    whole: jsonschema.Schema = {"type": "object", "properties": properties}
    if required:
        whole["required"] = required
    return jsonschema.small({**whole, "additionalProperties": False, "$defs": definitions})


def _together(
    parameters: Sequence[Parameter],
) -> tuple[Mapping[str, jsonschema.Schema], jsonschema.Schema]:
    """Return the schema of each parameter by its name, and the definitions that they share.

    pydantic tells classes of one name apart, and says only once what several parameters need, if it sees them all.
    """
    if sum(_has_objects(one.json) for one in parameters) < 2:
        definitions = [one.json["$defs"] for one in parameters if "$defs" in one.json]
        alone = {one.name: _without_definitions(one.json) for one in parameters}
        return alone, definitions[0] if definitions else {}
    from pydantic import TypeAdapter

    by_key, whole = TypeAdapter.json_schemas(
        [(one.name, "validation", one.adapter) for one in parameters]
    )
    return {name: schema for (name, _), schema in by_key.items()}, whole.get("$defs", {})


def _has_objects(schema: jsonschema.Schema) -> bool:
    return "$defs" in schema or "properties" in schema


def _without_definitions(schema: jsonschema.Schema) -> jsonschema.Schema:
    return {key: value for key, value in schema.items() if key != "$defs"}


def _property(one: Parameter, fragment: jsonschema.Schema, description: str) -> jsonschema.Schema:
    fragment = {key: value for key, value in fragment.items() if key != "default"}
    if one.default is None:
        fragment = jsonschema.without_null(fragment)
    if description:
        fragment.setdefault("description", description)
    return {**fragment, **_shown(one.default)}


def _shown(default: Any) -> jsonschema.Schema:
    """Return the default as a schema says it: not at all if it is no short JSON, or None, which leaving out says."""
    from pydantic_core import to_jsonable_python

    if default is EMPTY or default is None or isinstance(default, Iterator):
        return {}
    try:
        value = to_jsonable_python(default)
        text = json.dumps(value, allow_nan=False)
    except Exception:  # sentinels, tables, …: code of others that pydantic asks
        return {}
    return {"default": value} if len(text) <= _MAX_DEFAULT else {}
