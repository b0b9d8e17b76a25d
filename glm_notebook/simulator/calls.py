"""Tool calls made up from the tools that a request offers and the words of its prompt."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from glm_notebook.simulator.request import ChatRequest, Json
from glm_notebook.simulator.scenario import ScriptedCall

_WORD = re.compile(r"[a-z0-9]{3,}|[\u3400-\u9fff]")
_QUOTED = re.compile(r"[\"'“‘「《]([^\"'”’」》]+)[\"'”’」》]")
_NAME = re.compile(r"(?<![.!?] )(?<!^)\b[A-Z][\w'’-]*(?: [A-Z][\w'’-]*)*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_DULL = frozenset({"get", "set", "the", "and", "for", "with", "what", "how", "are", "you"})


def invent_calls(request: ChatRequest) -> Sequence[ScriptedCall]:
    """Return the calls that a prompt suggests.

    The tools that share a word with the prompt are called, or else the first one: a single call, or
    with ``parallel_tool_calls`` one for each tool and each name in the prompt. A tool that
    ``tool_choice`` names is the only one.
    """
    choice = request.parameters.get("tool_choice")
    if choice == "none" or not request.tools:
        return ()
    tools = _wanted(request.tools, request.prompt, choice)
    calls = [
        ScriptedCall(str(tool.get("name")), arguments)
        for tool in tools
        for arguments in _arguments(tool, request.prompt)
    ]
    return calls if request.parameters.get("parallel_tool_calls") else calls[:1]


def _wanted(tools: Sequence[Json], prompt: str, choice: Any) -> Sequence[Json]:
    if isinstance(choice, dict):
        name = choice.get("function", {}).get("name")
        return [tool for tool in tools if tool.get("name") == name]
    words = _words(prompt)
    return [tool for tool in tools if words & _words(_description(tool))] or tools[:1]


def _description(tool: Json) -> str:
    return f"{tool.get('name', '')} {tool.get('description', '')}".replace("_", " ")


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower())) - _DULL


def _arguments(tool: Json, prompt: str) -> Iterator[Json]:
    """Yield the arguments of one call for each name in the prompt, at least of one."""
    schema = tool.get("parameters") or {}
    if not _takes_text(schema):
        yield _value(schema, "", prompt) or {}
        return
    for name in _names(prompt):
        yield _value(schema, name, prompt) or {}


def _takes_text(schema: Json) -> bool:
    return '"string"' in json.dumps(schema)


def _names(prompt: str) -> Sequence[str]:
    """Return what is quoted in a prompt, or its proper names, or all of it."""
    return _QUOTED.findall(prompt) or _NAME.findall(prompt) or [prompt]


def _value(schema: Json, text: str, prompt: str, position: Iterator[int] | None = None) -> Any:
    """Return a value that a JSON schema allows."""
    position = position or count()
    if "enum" in schema:
        values = schema["enum"]
        return next((v for v in values if str(v).lower() in prompt.lower()), values[0])
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if kind == "object":
        properties = schema.get("properties", {})
        names = schema.get("required", list(properties))
        return {name: _value(properties.get(name, {}), text, prompt, position) for name in names}
    if kind == "array":
        return [_value(schema.get("items", {}), text, prompt, position)]
    if kind in ("integer", "number"):
        return _number(prompt, next(position), whole=kind == "integer")
    return {"boolean": True, "null": None}.get(kind, text)


def _number(prompt: str, index: int, *, whole: bool) -> float:
    """Return the `index`-th number of a prompt, or 1."""
    numbers = [float(n) for n in _NUMBER.findall(prompt)]
    number = numbers[index] if index < len(numbers) else 1.0
    return int(number) if whole else number
