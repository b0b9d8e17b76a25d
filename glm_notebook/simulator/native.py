"""The DashScope protocol: pieces become frames.

Source: Model Studio, "Qwen API via DashScope", "Streaming output" and "Error messages" (2026), and
recorded frames. No space follows a colon, the logical status is a comment, and nothing but the end
of the connection follows the frame with the finish reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from glm_notebook.simulator.codec import Envelope, Framed, Json
from glm_notebook.simulator.compat import call_delta, whole_call
from glm_notebook.simulator.http import Incoming
from glm_notebook.simulator.pieces import (
    Answer,
    CallArguments,
    CallsEnd,
    CallStart,
    Finish,
    Opening,
    Piece,
    Thinking,
)
from glm_notebook.simulator.refusals import Refusal
from glm_notebook.simulator.reply import Reply, Usage
from glm_notebook.simulator.request import ChatRequest, messages, string
from glm_notebook.simulator.sse import Event

_UNFINISHED = "null"
"""A string: so it is until the last frame."""


class Native:
    """The protocol of ``/api/v1``."""

    framed: Framed = "all"

    def parse(self, body: Json, incoming: Incoming) -> ChatRequest:
        """Read a request: messages count only in ``input``, all else only in ``parameters``."""
        given, parameters = body.get("input"), body.get("parameters")
        return ChatRequest(
            model=string(body.get("model")),
            messages=_input_messages(given if isinstance(given, dict) else {}),
            parameters=parameters if isinstance(parameters, dict) else {},
            stream=asks_for_stream(incoming),
            native=True,
        )

    def stream(
        self, request: ChatRequest, reply: Reply, pieces: Iterable[Piece], envelope: Envelope
    ) -> Iterator[Event]:
        """Write frames, each with the usage so far; each repeats the text so far if it must."""
        count, so_far = _Count(reply.usage), _SoFar()
        at_token = 0
        for number, piece in enumerate(_merged(pieces), start=1):
            message = so_far.add(piece)
            if request.parameters.get("incremental_output") is True:
                message = _delta(piece, reply.thinking is not None)
            reason = piece.reason if isinstance(piece, Finish) else _UNFINISHED
            output = _output(request, {"message": message, "finish_reason": reason})
            body = _body(output, _stream_usage(count.add(piece)), envelope)
            yield _frame(number, "result", 200, body, at_token)
            at_token += piece.tokens

    def whole(self, request: ChatRequest, reply: Reply, envelope: Envelope) -> Json:
        """Write a reply in one piece."""
        choice = {"finish_reason": reply.finish_reason, "message": _message(reply)}
        return _body(_output(request, choice), _whole_usage(reply.usage), envelope)

    def refusal(self, refusal: Refusal, request_id: str) -> Json:
        """Write a refusal where no stream was asked for."""
        return {"code": refusal.code, "message": refusal.message, "request_id": request_id}

    def framed_refusal(self, refusal: Refusal, request_id: str) -> Event:
        """Write a refusal where a stream was asked for."""
        return self.error_event(refusal, request_id, 0)

    def error_event(self, refusal: Refusal, request_id: str, after: int) -> Event:
        """Write an error inside a stream."""
        body = self.refusal(refusal, request_id)
        return _frame(after + 1, "error", refusal.status, body, 0)

    def usage_event(self, usage: Usage, envelope: Envelope, after: int) -> Event:
        """Write a frame that holds the usage only."""
        body = _body({"choices": []}, _stream_usage(usage), envelope)
        return _frame(after + 1, "result", 200, body, 0)

    def renamed(self, payload: Mapping[str, Any], request_id: str) -> Json:
        """Return what a frame holds as if it belonged to the reply to another request."""
        return {**payload, "request_id": request_id}


def asks_for_stream(incoming: Incoming) -> bool:
    """Tell whether the headers ask for a stream; nothing in the body does."""
    return (
        incoming.header("X-DashScope-SSE").lower() == "enable"
        or "text/event-stream" in incoming.header("Accept").lower()
    )


def _input_messages(given: Json) -> Any:
    if "messages" not in given and isinstance(given.get("prompt"), str):
        return [{"role": "user", "content": given["prompt"]}]
    return messages(given.get("messages"))


def _frame(number: int, event: str, status: int, body: Json, at_token: int) -> Event:
    head = (f"id:{number}", f"event:{event}", f":HTTP_STATUS/{status}")
    return Event(body, at_token, head, colon=":")


def _body(output: Json, usage: Json, envelope: Envelope) -> Json:
    return {"output": output, "usage": usage, "request_id": envelope.request_id}


def _output(request: ChatRequest, choice: Json) -> Json:
    if request.wants_text:
        return {"finish_reason": choice["finish_reason"], "text": choice["message"]["content"]}
    return {"choices": [choice]}


# Frames.


@dataclass(frozen=True, slots=True)
class _CallsFinish(Finish):
    """The end of a reply whose last arguments came in pieces."""

    index: int = 0


def _merged(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Yield the pieces that get a frame of their own.

    There is no frame for the role alone; the id of a call comes with the first of its arguments, and
    the empty fragment after the last ones with the finish reason.
    """
    last: Piece = Opening()
    for piece in pieces:
        match last, piece:
            case CallStart(arguments="") as start, CallArguments() as more:
                tokens = start.tokens + more.tokens
                last = replace(start, arguments=more.arguments, tokens=tokens)
            case CallsEnd() as end, Finish() as finish:
                last = _CallsFinish(finish.reason, finish.tokens, end.index)
            case Opening(), _:
                last = piece
            case _:
                yield last
                last = piece
    if not isinstance(last, Opening):
        yield last


def _delta(piece: Piece, thinking: bool) -> Json:
    """Return the message of a frame that holds only what is new."""
    match piece:
        case Thinking():
            return {"content": "", "reasoning_content": piece.text, "role": "assistant"}
        case Answer() if thinking:
            return {"content": piece.text, "reasoning_content": "", "role": "assistant"}
        case Answer():
            return {"content": piece.text, "role": "assistant"}
        case CallStart() | CallArguments():
            return _call_message("", [call_delta(piece)])
        case CallsEnd() | _CallsFinish():
            return _call_message("", [call_delta(CallArguments(piece.index, ""))])
        case _:
            return {"content": "", "role": "assistant"}


def _call_message(answer: str, calls: Sequence[Json]) -> Json:
    return {"role": "assistant", "content": answer, "tool_calls": calls}


@dataclass(slots=True)
class _SoFar:
    """Everything that has been said, which every frame repeats."""

    answer: str = ""
    calls: list[CallStart] = field(default_factory=list)

    def add(self, piece: Piece) -> Json:
        """Return the message of the frame for a piece."""
        match piece:
            case Answer():
                self.answer += piece.text
            case CallStart():
                self.calls.append(piece)
            case CallArguments():
                call = self.calls[-1]
                self.calls[-1] = replace(call, arguments=call.arguments + piece.arguments)
            case _:
                pass
        if not self.calls:
            return {"content": self.answer, "role": "assistant"}
        return _call_message(self.answer, [call_delta(call) for call in self.calls])


def _message(reply: Reply) -> Json:
    message: Json = {"role": "assistant", "content": reply.answer}
    if reply.thinking is not None:
        message["reasoning_content"] = reply.thinking
    if reply.calls:
        message["tool_calls"] = [whole_call(n, call) for n, call in enumerate(reply.calls)]
    return message


# Usage.


class _Count:
    """Counts what has been produced, up to what the reply claims in the end."""

    def __init__(self, total: Usage) -> None:
        self._total = total
        self._completion = self._thinking = 0

    def add(self, piece: Piece) -> Usage:
        """Return the usage of the frame for a piece."""
        if isinstance(piece, Finish):
            return self._total
        self._completion += piece.tokens
        if isinstance(piece, Thinking):
            self._thinking += piece.tokens
        completion = min(self._completion, self._total.completion_tokens)
        thinking = self._total.thinking_tokens
        if thinking is not None:
            thinking = min(self._thinking, thinking)
        return replace(self._total, completion_tokens=completion, thinking_tokens=thinking)


def _stream_usage(usage: Usage) -> Json:
    return {
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "output_tokens": usage.completion_tokens,
        "input_tokens": usage.prompt_tokens,
        **_details(usage),
    }


def _whole_usage(usage: Usage) -> Json:
    return {
        "input_tokens": usage.prompt_tokens,
        "output_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        **_details(usage),
    }


def _details(usage: Usage) -> Json:
    """Return the details of a usage, only those that exist."""
    details: Json = {}
    if usage.thinking_tokens is not None:
        details["output_tokens_details"] = {"reasoning_tokens": usage.thinking_tokens}
    if usage.cached_tokens is not None:
        details["prompt_tokens_details"] = {"cached_tokens": usage.cached_tokens}
    return details


def model_page(ids: Iterable[str], query: Mapping[str, str], request_id: str) -> Json:
    """Return a page of the list of models: ``page_no``, ``page_size`` and ``model`` are heeded."""
    found = [id for id in ids if query.get("model") in (None, id)]
    page, size = (_whole_number(query.get(n), d) for n, d in (("page_no", 1), ("page_size", 10)))
    shown = found[(page - 1) * size : page * size]
    return {
        "code": None,
        "message": None,
        "success": True,
        "output": {
            "total": len(found),
            "page_no": page,
            "page_size": size,
            "models": [{"model": id, "name": id} for id in shown],
        },
        "request_id": request_id,
    }


def _whole_number(text: str | None, default: int) -> int:
    digits = (text or "")[:9]
    return int(digits) or default if digits.isdecimal() else default
