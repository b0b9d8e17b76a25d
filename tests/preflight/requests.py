"""Requests to check, and the parts that they are made of."""

from __future__ import annotations

from typing import Any

from glm_notebook.dialects import Dialect, dialect
from glm_notebook.messages import Message, Request, ToolCall, ToolSpec

MODELSTUDIO: Dialect = dialect("modelstudio")

ASKED = Message("user", "What is the weather in Oslo?")
ANSWERED = Message("assistant", "Cold.")
AS_JSON = Message("user", "Name a city, as JSON.")
WEATHER = ToolSpec("get_weather", "Weather by city")


def call(id: str = "call_1", arguments: str = '{"city": "Oslo"}') -> ToolCall:
    return ToolCall(id, "get_weather", arguments)


def calling(*calls: ToolCall) -> Message:
    return Message("assistant", "", tool_calls=calls or (call(),))


def result(id: str = "call_1", content: str = "-3") -> Message:
    return Message("tool", content, tool_call_id=id)


def request(*messages: Message, model: str = "glm-5", **settings: Any) -> Request:
    return Request(model, messages or (ASKED,), **settings)


def rounds(n: int, arguments: str = "{}") -> list[Message]:
    """Return the messages of rounds that all call the same."""
    return [one for k in range(n) for one in (calling(call(f"c{k}", arguments)), result(f"c{k}"))]
