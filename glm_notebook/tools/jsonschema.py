"""JSON schemas made small: every token of them is paid for with every request."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

Schema = dict[str, Any]

_NOISE = {
    "title",  # the name again, in capitals
    "discriminator",  # OpenAPI's, not JSON schema's; it points into $defs
}
_VALUES = {"default", "const", "enum", "examples", "required"}
_BY_NAME = {"properties", "patternProperties", "$defs", "dependentSchemas"}
_PREFIX = "#/$defs/"
_SIMPLE = 100
"""Most characters of a definition that is written out wherever it is used."""


def small(schema: Schema) -> Schema:
    """Return a schema that means the same without titles, and with `$defs` only for what would be long without."""
    return _inlined(_stripped(schema))


def without_null(schema: Schema) -> Schema:
    """Return the schema of a parameter without the choice of null: leaving it out says the same."""
    choices = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if not choices:
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**choices[0], **rest} if len(choices) == 1 else {"anyOf": choices, **rest}


def _stripped(node: Any) -> Any:
    if isinstance(node, list):
        return [_stripped(one) for one in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _part(key, value) for key, value in node.items() if key not in _NOISE}
    wrapped = kept.get("allOf", ())  # pydantic before 2.9 writes a reference with a description so
    if len(wrapped) == 1:
        del kept["allOf"]
        return {**wrapped[0], **kept}
    return kept


def _part(key: str, value: Any) -> Any:
    if key in _VALUES:
        return value
    if key in _BY_NAME:
        return {name: _stripped(one) for name, one in value.items()}
    return _stripped(value)


def _inlined(schema: Schema) -> Schema:
    definitions: Mapping[str, Schema] = schema.pop("$defs", {})
    uses = Counter([*_references(schema), *_references(definitions)])
    kept = {
        name
        for name, one in definitions.items()
        if _is_recursive(name, definitions) or (uses[name] > 1 and len(json.dumps(one)) > _SIMPLE)
    }

    def filled(node: Any) -> Any:
        if isinstance(node, list):
            return [filled(one) for one in node]
        if not isinstance(node, dict):
            return node
        name = _name(node)
        if name is None or name in kept:
            return {key: filled(one) for key, one in node.items()}
        beside = {key: filled(one) for key, one in node.items() if key != "$ref"}
        return {**filled(definitions[name]), **beside}

    whole: Schema = filled(schema)
    if kept:
        whole["$defs"] = {name: filled(one) for name, one in definitions.items() if name in kept}
    return whole


def _name(node: Mapping[str, Any]) -> str | None:
    """Return the definition that a schema refers to."""
    reference = node.get("$ref")
    return reference[len(_PREFIX) :] if isinstance(reference, str) else None


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for one in node:
            yield from _references(one)
    elif isinstance(node, dict):
        name = _name(node)
        if name is not None:
            yield name
        for one in node.values():
            yield from _references(one)


def _is_recursive(name: str, definitions: Mapping[str, Schema]) -> bool:
    seen: set[str] = set()
    ahead = [name]
    while ahead:
        for one in _references(definitions[ahead.pop()]):
            if one == name:
                return True
            if one not in seen:
                seen.add(one)
                ahead.append(one)
    return False
