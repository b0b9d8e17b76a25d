"""Whether JSON is of the kind that a schema asks for, where pydantic is too kind to say no.

It reads ``true`` as the integer 1, and 20240501 as a moment in 1970. A model that gave that meant something else, and
nobody would see it. What pydantic makes of "3" or of 3.0 for an integer is what was meant, and stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Path = tuple[str | int, ...]
Misfit = tuple[Path, str]
Schema = Mapping[str, Any]

_MOMENTS = {"date", "date-time", "time"}
_NUMBER = re.compile(r"\s*[+-]?\d+(\.\d*)?\s*")
_MAX_DEPTH = 50
"""Levels that are looked at: schemas can refer to themselves."""


def misfits(
    value: Any, schema: Schema, path: Path = (), root: Schema | None = None
) -> list[Misfit]:
    """Return what no sensible reading of the schema allows: where it is, and what was wanted there.

    Parameters
    ----------
    value : JSON value
    schema : mapping
        JSON schema; its ``$defs`` are those of `root`, which is the schema itself by default.
    path : tuple of str and int
        Where the value is.
    """
    root = schema if root is None else root
    if len(path) > _MAX_DEPTH:
        return []
    choices = list(_choices(schema, root))
    fitting = [one for one in choices if _fits(value, one)]
    look = _LOOKS.get(type(value))
    if look is None:
        return []
    if isinstance(value, dict | list):
        found = [list(look(value, one, path, root)) for one in fitting]
        return min(found, key=len, default=[])
    return list(look(value, fitting or choices, path, bool(fitting)))


def _choices(schema: Schema, root: Schema, depth: int = 0) -> Iterator[Schema]:
    """Yield the schemas that a schema leaves the choice of, with references followed."""
    if depth > _MAX_DEPTH:
        return
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield from _choices(root.get("$defs", {}).get(name, {}), root, depth + 1)
    elif "anyOf" in schema or "oneOf" in schema:
        for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
            yield from _choices(one, root, depth + 1)
    else:
        yield schema


def _fits(value: Any, schema: Schema) -> bool:
    return "type" not in schema or schema["type"] in _KINDS[type(value)]


_KINDS: Mapping[type, set[str]] = {
    bool: {"boolean"},
    int: {"integer", "number"},
    float: {"integer", "number"},
    str: {"string"},
    list: {"array"},
    dict: {"object"},
    type(None): {"null"},
}


def _boolean(value: bool, choices: list[Schema], path: Path, fits: bool) -> Iterator[Misfit]:
    wanted = [one["type"] for one in choices if one.get("type") in ("integer", "number")]
    if wanted and not fits:
        yield path, f"should be a{'n' if wanted[0] == 'integer' else ''} {wanted[0]}"


def _number(value: float, choices: list[Schema], path: Path, fits: bool) -> Iterator[Misfit]:
    wanted = [one["format"] for one in choices if one.get("format") in _MOMENTS]
    if wanted and not fits:
        yield path, f"should be a string with a {wanted[0]} of ISO 8601"


def _string(value: str, choices: list[Schema], path: Path, fits: bool) -> Iterator[Misfit]:
    wanted = [one["format"] for one in choices if one.get("format") in _MOMENTS]
    # refused even where any text is good: pydantic would not take it as text
    if wanted and _NUMBER.fullmatch(value):
        yield path, f"should be a {wanted[0]} of ISO 8601"


def _items(value: list[Any], schema: Schema, path: Path, root: Schema) -> Iterator[Misfit]:
    first: list[Schema] = schema.get("prefixItems", [])
    others = schema.get("items")
    for index, one in enumerate(value):
        inner = first[index] if index < len(first) else others
        if isinstance(inner, dict):
            yield from misfits(one, inner, (*path, index), root)


def _entries(value: dict[str, Any], schema: Schema, path: Path, root: Schema) -> Iterator[Misfit]:
    for key, one in value.items():
        inner = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
        if isinstance(inner, dict):
            yield from misfits(one, inner, (*path, key), root)


_LOOKS: Mapping[type, Callable[..., Iterator[Misfit]]] = {
    bool: _boolean,
    int: _number,
    float: _number,
    str: _string,
    list: _items,
    dict: _entries,
}
