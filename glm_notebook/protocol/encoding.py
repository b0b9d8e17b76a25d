"""What both protocols write alike: messages, tools and settings, in a server's own names for them. No I/O.

Source: Model Studio's parameter reference and its rules for messages (protocol notes 3.1 and 3.5); how other servers
differ is data, in ``dialects.toml``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from glm_notebook.dialects import Dialect, Switch
from glm_notebook.errors import ConfigError
from glm_notebook.messages import Message, Request, ToolCall, ToolSpec

JSON_TYPE = ("content-type", "application/json")
EVENTS = ("accept", "text/event-stream")
PLAIN = ("accept", "application/json")
UNCOMPRESSED = ("accept-encoding", "identity")
"""A proxy that compresses a stream also buffers it."""

_NO_PARAMETERS: Mapping[str, Any] = {"type": "object", "properties": {}}
_CHOICES = ("auto", "none", "required")


def to_json(body: Mapping[str, Any]) -> bytes:
    """Write a body as UTF-8; a lone surrogate, which UTF-8 has no bytes for, becomes a question mark.

    Raises
    ------
    ConfigError
        It holds something that JSON has no form for.
    """
    try:
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"The request cannot be written as JSON: {error}.",
            "Look at what was given as extra or as the parameters of a tool.",
        ) from None
    return text.encode("utf-8", "replace")


def _plain(value: object) -> object:
    """Return what JSON can write in place of a value that it cannot: a mapping need not be a dict."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def messages(request: Request, dialect: Dialect) -> list[dict[str, Any]]:
    """Write the messages of a request.

    Thinking goes with those of the turn that is still going on, as the model needs it between its tool calls; with
    earlier ones only where the request asks for it, since it costs input.
    """
    turn = 1 + max(
        (at for at, message in enumerate(request.messages) if message.role == "user"), default=-1
    )
    first = 0 if request.keep_thinking else turn
    return [
        _message(message, dialect.history if at >= first else "")
        for at, message in enumerate(request.messages)
    ]


def _message(message: Message, history: str) -> dict[str, Any]:
    """Write a message. Content is never left out: servers refuse that even where there are only tool calls."""
    wire: dict[str, Any] = {"role": message.role, "content": message.content}
    if history and message.thinking and message.role == "assistant":
        wire[history] = message.thinking
    if message.tool_calls:
        wire["tool_calls"] = [_tool_call(call) for call in message.tool_calls]
    if message.tool_call_id:
        wire["tool_call_id"] = message.tool_call_id
    return wire


def _tool_call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}


def settings(request: Request, dialect: Dialect) -> dict[str, Any]:
    """Write everything but model, messages and how to stream. What is not set is left out: the server decides.

    What the dialect has no name for is left out too; whether that is right is for a check before.
    """
    body: dict[str, Any] = {}
    for name, path in dialect.fields.items():
        written = _WRITERS.get(name, _as_it_is)(getattr(request, name))
        if path and written is not None:
            put(body, path, written)
    # After the fields: a switch that is off wins over an effort, where both are one field.
    merge(body, _switched(dialect.think, request.thinking))
    merge(body, _switched(dialect.keep, request.keep_thinking))
    merge(body, request.extra)
    return body


def put(body: dict[str, Any], path: str, value: object) -> None:
    """Set what a dotted path names, such as ``reasoning.effort``."""
    *outer, last = path.split(".")
    inner: dict[str, Any] = {last: value}
    for key in reversed(outer):
        inner = {key: inner}
    merge(body, inner)


def merge(body: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Set values, and those inside objects that are there already."""
    for key, value in more.items():
        if not isinstance(value, Mapping):
            body[key] = value
            continue
        inner = body.get(key)
        body[key] = dict(inner) if isinstance(inner, dict) else {}
        merge(body[key], value)


def _switched(switch: Switch, on: bool | None) -> Mapping[str, Any]:
    if on is None:
        return {}
    return switch.on if on else switch.off


def _as_it_is(value: object) -> object:
    return value


def _stop(texts: tuple[str, ...]) -> object:
    return list(texts) or None


def _json_mode(wanted: bool) -> object:
    return {"type": "json_object"} if wanted else None


def _tools(tools: tuple[ToolSpec, ...]) -> object:
    return [_tool(tool) for tool in tools] or None


def _tool(tool: ToolSpec) -> dict[str, Any]:
    function = {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters or _NO_PARAMETERS,
    }
    return {"type": "function", "function": function}


def _tool_choice(choice: str | None) -> object:
    if choice is None or choice in _CHOICES:
        return choice
    return {"type": "function", "function": {"name": choice}}


_WRITERS: Mapping[str, Callable[[Any], object]] = {
    "stop": _stop,
    "json_mode": _json_mode,
    "tools": _tools,
    "tool_choice": _tool_choice,
}
"""Of the fields of a `Request` that are not sent as they are."""
