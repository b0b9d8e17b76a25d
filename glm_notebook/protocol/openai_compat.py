"""The OpenAI-compatible protocol, as Model Studio and its relatives speak it. No I/O.

Source: the service's page on GLM ("OpenAI compatible", read 2026-03-15) and recorded streams (protocol notes 3 and
8); numbers in comments are cases of section 8.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from glm_notebook.errors import ProtocolError
from glm_notebook.messages import Message, Request, Usage
from glm_notebook.protocol.base import EncodedRequest
from glm_notebook.protocol.channels import Channels, mended
from glm_notebook.protocol.deltas import (
    Delta,
    ErrorDelta,
    ErrorInfo,
    FinishDelta,
    NoteDelta,
    ResponseStarted,
    RestartDelta,
    ToolCallDelta,
    UsageDelta,
)
from glm_notebook.protocol.refusal import error_in
from glm_notebook.protocol.sse import MAX_EVENT_BYTES, SSEEvent, SSEParser

MAX_DAMAGED = 3
"""Events that may be no JSON before the stream is given up."""

_DONE = "[DONE]"
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


class ChunkDecoder:
    """Turns the bytes of one response into deltas.

    Parameters
    ----------
    max_event_bytes : int
        Most bytes of one event, or of a body that is no stream.
    """

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_bytes = max_event_bytes
        self._sse = SSEParser(max_event_bytes)
        self._plain: list[bytes] | None = None
        self._plain_bytes = 0
        self._sniffed = False
        self._out = Channels()
        self._id = ""
        self._finished = False
        self._done = False
        self._has_output = False
        self._damaged = 0

    @property
    def finished(self) -> bool:
        """Whether the model's end was seen."""
        return self._finished

    @property
    def done(self) -> bool:
        """Whether nothing more can come."""
        return self._done

    def feed(self, data: bytes) -> list[Delta]:
        """Take bytes, cut anywhere, and return what they complete.

        Raises
        ------
        ProtocolError
            Too many events are no JSON, or one is larger than the cap.
        """
        if not self._sniffed:
            self._sniff(data)
        if self._plain is not None:
            self._hold(data)
            return []
        for event in self._sse.feed(data):
            if self._done:
                break  # 22: what follows [DONE] is not the answer's
            self._event(event)
        return self._out.take()

    def close(self) -> list[Delta]:
        """Say that the body has ended, and return what was still held back."""
        if self._plain is not None:
            self._whole(b"".join(self._plain))
            self._plain = []
        elif not self._done:
            for event in self._sse.close():
                self._last_event(event)
        self._done = True
        return self._out.close()

    def _sniff(self, data: bytes) -> None:
        """Tell a stream from plain JSON by its first character: the content type lies (13)."""
        start = data.lstrip()
        if start:
            self._sniffed = True
            if start[:1] in (b"{", b"["):
                self._plain = []

    def _hold(self, data: bytes) -> None:
        assert self._plain is not None  # noqa: S101 - for the type checker
        self._plain.append(data)
        self._plain_bytes += len(data)
        if self._plain_bytes > self._max_bytes:
            raise ProtocolError(
                f"The answer came as one body of more than {self._max_bytes:,} bytes.",
                "Ask for a shorter answer.",
            )

    def _event(self, event: SSEEvent) -> None:
        if event.data.startswith(_DONE):
            self._end_of_stream()
            return
        try:
            value = json.loads(event.data)
        except (ValueError, RecursionError):
            self._damaged_event(event)
            return
        self._value(value, event)

    def _last_event(self, event: SSEEvent) -> None:
        """Take an event that the body's end left open: half of one is a cut, not damage (23)."""
        try:
            value = json.loads(event.data)
        except (ValueError, RecursionError):
            if event.data.startswith(_DONE):
                self._end_of_stream()
            return
        self._value(value, event)

    def _value(self, value: object, event: SSEEvent) -> None:
        if not isinstance(value, dict):
            return
        if value.get("choices") is None and (info := error_in(value)):
            self._error(info, event)
        elif value.get("error"):
            self._error(error_in(value) or ErrorInfo(None, "", "", ""), event)
        else:
            self._chunk(value)

    def _error(self, info: ErrorInfo, event: SSEEvent | None) -> None:
        status = (event.status if event else None) or info.status
        self._out.add(ErrorDelta(ErrorInfo(status, info.code, info.message, info.request_id)))
        self._done = True

    def _damaged_event(self, event: SSEEvent) -> None:
        if event.name == "error":  # 29
            self._error(ErrorInfo(event.status, "", event.data[:500], ""), None)
            return
        value = _glued_tail(event.data)
        if value is not None:
            if value.get("id") != self._id:
                self._restart()
            self._value(value, event)
            return
        self._damaged += 1
        if self._damaged > MAX_DAMAGED:
            raise ProtocolError(
                "The stream is damaged: several of its events are no JSON.",
                "Run the cell again; if it happens again, try another endpoint.",
            )
        self._out.add(NoteDelta("a damaged piece of the stream was skipped"))

    def _restart(self) -> None:
        """Begin anew, as the server did: it went on with another answer in the middle of a line (27)."""
        self._out.restart()
        self._out.add(RestartDelta())
        self._out.add(NoteDelta("the server restarted the answer"))
        self._id = ""

    def _chunk(self, chunk: Mapping[str, Any]) -> None:
        if not self._id and isinstance(name := chunk.get("id"), str) and name:
            self._id = name
            self._out.add(ResponseStarted(name, _string(chunk.get("model"))))
        choices = chunk.get("choices")
        if choices and isinstance(choices, list) and isinstance(choices[0], dict):  # 16, 17
            self._choice(choices[0])
        usage = chunk.get("usage")
        if isinstance(usage, dict):
            self._out.add(UsageDelta(_usage(usage)))

    def _choice(self, choice: Mapping[str, Any]) -> None:
        delta = choice.get("delta") or choice.get("message")  # 17
        if isinstance(delta, dict):
            self._delta(delta)
        reason = choice.get("finish_reason")
        if reason and isinstance(reason, str) and reason != "null" and not self._finished:  # 18, 19
            self._finished = True
            self._out.add(FinishDelta(reason))

    def _delta(self, delta: Mapping[str, Any]) -> None:
        thinking = delta.get("reasoning_content") or delta.get("reasoning")
        if thinking and isinstance(thinking, str):
            self._has_output = True
            self._out.think(thinking)
        content = delta.get("content")
        if content:
            self._has_output = True
            self._content(content)
        calls = delta.get("tool_calls")
        if calls and isinstance(calls, list):
            self._has_output = True
            for call in calls:
                if isinstance(call, dict):
                    self._out.add(_tool_call(call))

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

    def _end_of_stream(self) -> None:
        if not self._finished and self._has_output:  # 21
            self._finished = True
            self._out.add(FinishDelta("unknown"))
            self._out.add(NoteDelta("the server did not say why the answer ended"))
        self._done = True

    def _whole(self, body: bytes) -> None:
        """Take a body that is one completion, or an error, in plain JSON (14, 30)."""
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            return  # cut: `finished` stays false
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        self._value(value, SSEEvent("", "", None))


def _glued_tail(data: str) -> dict[str, Any] | None:
    """Return the event that begins in the middle of a broken one."""
    for mark in ("data: {", "data:{"):
        at = data.rfind(mark)
        if at >= 0:
            try:
                value = json.loads(data[at + len(mark) - 1 :])
            except (ValueError, RecursionError):
                return None
            return value if isinstance(value, dict) else None
    return None


def _tool_call(call: Mapping[str, Any]) -> ToolCallDelta:
    function = call.get("function")
    function = function if isinstance(function, dict) else {}
    arguments = function.get("arguments")
    if isinstance(arguments, dict):  # 34
        arguments = json.dumps(arguments, ensure_ascii=False)
    index = call.get("index")
    return ToolCallDelta(
        index=index if isinstance(index, int) and not isinstance(index, bool) else None,
        id=_string(call.get("id")),
        name=_string(function.get("name")),
        arguments=mended(_string(arguments)),
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
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _text_in(value: object) -> str:
    """Return the text of a typed part, which may again be a list of parts."""
    if isinstance(value, list):
        return "".join(_text_in(one.get("text")) for one in value if isinstance(one, dict))
    return _string(value)
