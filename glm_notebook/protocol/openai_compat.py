"""The OpenAI-compatible protocol, as Model Studio and its relatives speak it. No I/O.

Source: the service's page on GLM ("OpenAI compatible", read 2026-03-15) and recorded streams (protocol notes 3 and
8); numbers in comments are cases of section 8.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from glm_notebook.messages import Message, Request, Usage
from glm_notebook.protocol.base import EncodedRequest
from glm_notebook.protocol.channels import mended
from glm_notebook.protocol.deltas import ToolCallDelta, UsageDelta
from glm_notebook.protocol.sse import MAX_EVENT_BYTES
from glm_notebook.protocol.stream import StreamDecoder

_HEADERS = (
    ("content-type", "application/json"),
    ("accept", "text/event-stream"),
    ("accept-encoding", "identity"),  # a proxy that compresses a stream also buffers it
)
_OPTIONAL = (
    "thinking_budget",
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "repetition_penalty",
    "seed",
)


class OpenAICompatible:
    """``POST /chat/completions``, always streamed."""

    name = "openai"

    def encode(self, request: Request) -> EncodedRequest:
        """Write a request as JSON. What is `None` is left out, so that the service decides."""
        body: dict[str, Any] = {
            "model": request.model,
            "messages": [_message(one) for one in request.messages],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if request.thinking is not None:
            body["enable_thinking"] = request.thinking
        for name in _OPTIONAL:
            if (value := getattr(request, name)) is not None:
                body[name] = value
        if request.stop:
            body["stop"] = list(request.stop)
        body |= request.extra
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        return EncodedRequest("/chat/completions", _HEADERS, text.encode("utf-8", "replace"))

    def decoder(self, max_event_bytes: int = MAX_EVENT_BYTES) -> ChunkDecoder:
        """Make a decoder for one response."""
        return ChunkDecoder(max_event_bytes)


def _message(message: Message) -> dict[str, Any]:
    """Write a message. Thinking of earlier turns is not sent: it costs input and is not asked for."""
    wire: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        wire["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id:
        wire["tool_call_id"] = message.tool_call_id
    return wire


class ChunkDecoder(StreamDecoder):
    """Turns the bytes of one response into deltas."""

    CONTENT_KEY = "choices"
    ID_KEY = "id"

    def _chunk(self, chunk: Mapping[str, Any]) -> None:
        choices = chunk.get("choices")
        if choices and isinstance(choices, list) and isinstance(choices[0], dict):  # 16, 17
            self._choice(choices[0])
        usage = chunk.get("usage")
        if usage and isinstance(usage, dict) and (counted := _usage(usage)) != Usage():
            self._out.add(UsageDelta(counted))

    def _choice(self, choice: Mapping[str, Any]) -> None:
        delta = choice.get("delta")
        if delta and isinstance(delta, dict):
            self._delta(delta)
        elif isinstance(message := choice.get("message"), dict):  # 14, 17
            self._delta(message, whole=True)
        reason = choice.get("finish_reason")
        if reason and isinstance(reason, str) and reason != "null":  # 18
            self._finish(reason)

    def _delta(self, delta: Mapping[str, Any], *, whole: bool = False) -> None:
        thinking = delta.get("reasoning_content") or delta.get("reasoning")
        if thinking and isinstance(thinking, str):
            self._out.think(thinking)
        content = delta.get("content")
        if content:
            self._content(content)
        calls = delta.get("tool_calls")
        if calls and isinstance(calls, list):
            for place, call in enumerate(calls):
                if isinstance(call, dict):
                    self._out.call(_tool_call(call, place if whole else None))

    def _content(self, content: object) -> None:
        """Take an answer's text, or a list of typed parts, as some relays send it."""
        if isinstance(content, str):
            self._out.write(content)
            return
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and part.get("type") == "thinking":
                self._out.think(_text_in(part.get("thinking")))
            elif isinstance(part, dict):
                self._out.write(_text_in(part.get("text")))


def _tool_call(call: Mapping[str, Any], place: int | None) -> ToolCallDelta:
    """Read a piece of a call; in a message that is whole, its place stands for an index."""
    function = call.get("function")
    function = function if isinstance(function, dict) else {}
    arguments = function.get("arguments")
    if isinstance(arguments, dict):  # 34
        arguments = json.dumps(arguments, ensure_ascii=False)
    index = call.get("index")
    return ToolCallDelta(
        index=index if isinstance(index, int) and not isinstance(index, bool) else place,
        id=mended(_string(call.get("id"))),
        name=mended(_string(function.get("name"))),
        arguments=_string(arguments),
    )


def _usage(usage: Mapping[str, Any]) -> Usage:
    prompt, completion = (
        usage.get("prompt_tokens_details"),
        usage.get("completion_tokens_details"),
    )
    return Usage(
        input_tokens=_count(usage.get("prompt_tokens")),
        cached_tokens=_count(prompt.get("cached_tokens")) if isinstance(prompt, dict) else None,
        output_tokens=_count(usage.get("completion_tokens")),
        thinking_tokens=(
            _count(completion.get("reasoning_tokens")) if isinstance(completion, dict) else None
        ),
    )


def _count(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        return None
    return value


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _text_in(value: object) -> str:
    """Return the text of a typed part, which may again be a list of parts."""
    if isinstance(value, list):
        return "".join(_text_in(one.get("text")) for one in value if isinstance(one, dict))
    return _string(value)
