"""Tool calls made up from the tools that a request offers and the words of its prompt."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

from glm_notebook.simulator.request import ChatRequest, Json
from glm_notebook.simulator.scenario import ScriptedCall

_WORD = re.compile(r"[a-z0-9]{3,}|[\u3400-\u9fff]")
_QUOTED = re.compile(r'"([^"]+)"|“([^”]+)”|「([^」]+)」|《([^》]+)》')
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
        ScriptedCall(tool["name"], arguments)
        for tool in tools
        for arguments in _arguments(tool, request.prompt)
    ]
    return calls if request.parameters.get("parallel_tool_calls") else calls[:1]


def _wanted(tools: Sequence[Json], prompt: str, choice: Any) -> Sequence[Json]:
    if isinstance(choice, dict):
        return [tool for tool in tools if tool["name"] == choice["function"]["name"]]
    words = _words(prompt)
    return [tool for tool in tools if words & _words(_description(tool))] or tools[:1]


def _description(tool: Json) -> str:
    return f"{tool['name']} {tool.get('description', '')}".replace("_", " ")


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower())) - _DULL


def _arguments(tool: Json, prompt: str) -> Sequence[Json]:
    """Return the arguments of one call for each name in the prompt, if that makes a difference."""
    schema = tool.get("parameters")
    if not isinstance(schema, dict):
        return [{}]
    found: list[Json] = []
    for name in _names(prompt):
        arguments = _object(schema, name, prompt, count())
        if arguments not in found:
            found.append(arguments)
    return found


def _names(prompt: str) -> Sequence[str]:
    """Return what is quoted in a prompt, or its proper names, or all of it."""
    quoted = ["".join(groups) for groups in _QUOTED.findall(prompt)]
    return quoted or _NAME.findall(prompt) or [prompt]


def _object(schema: Json, text: str, prompt: str, position: Iterator[int]) -> Json:
    """Return an object with what is required, or with everything if the schema does not say."""
    properties, required = schema.get("properties"), schema.get("required")
    known = properties if isinstance(properties, dict) else {}
    names = required if isinstance(required, list) else known
    return {
        name: _value(known.get(name), text, prompt, position)
        for name in names
        if isinstance(name, str)
    }


def _value(schema: Any, text: str, prompt: str, position: Iterator[int]) -> Any:
    """Return a value for a JSON schema: not for every schema one that it allows."""
    schema = _plain(schema)
    values = schema.get("enum")
    if isinstance(values, list) and values:
        return next((v for v in values if str(v).lower() in prompt.lower()), values[0])
    match schema.get("type", "object" if "properties" in schema else "string"):
        case "object":
            return _object(schema, text, prompt, position)
        case "array":
            return [_value(schema.get("items"), text, prompt, position)]
        case "integer" | "number" as kind:
            return _number(prompt, next(position), whole=kind == "integer")
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return text


def _plain(schema: Any) -> Json:
    """Return a schema without alternatives: the first of them."""
    if not isinstance(schema, dict):
        return {}
    match schema.get("anyOf"):
        case [first, *_]:
            return _plain(first)
    kind = schema.get("type")
    return {**schema, "type": kind[0]} if isinstance(kind, list) and kind else schema


def _number(prompt: str, index: int, *, whole: bool) -> float:
    """Return the `index`-th number of a prompt, or 1."""
    numbers = [float(n) for n in _NUMBER.findall(prompt)]
    number = numbers[index] if index < len(numbers) else 1.0
    return int(number) if whole else number
