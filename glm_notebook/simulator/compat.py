"""The OpenAI-compatible protocol: pieces become chunks.

Source: recorded streams and Model Studio's pages on streaming, thinking and function calling (2026).
The keys of the first, the later and the last chunk stand in different orders; so they do here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from glm_notebook.simulator.codec import Envelope, Framed, Json
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
from glm_notebook.simulator.reply import Call, Reply, Usage
from glm_notebook.simulator.request import ChatRequest, messages, string
from glm_notebook.simulator.sse import Event

_FRAMED_ORDER = ("code", "param", "message", "type")


class Compat:
    """The protocol of ``/compatible-mode/v1``."""

    framed: Framed = "invalid"

    def parse(self, body: Json, incoming: Incoming) -> ChatRequest:
        """Read a request: every parameter stands beside the messages."""
        return ChatRequest(
            model=string(body.get("model")),
            messages=messages(body.get("messages")),
            parameters={k: v for k, v in body.items() if k not in ("model", "messages", "stream")},
            stream=body.get("stream") is True,
        )

    def stream(
        self, request: ChatRequest, reply: Reply, pieces: Iterable[Piece], envelope: Envelope
    ) -> Iterator[Event]:
        """Write chunks, the one with the usage if it was asked for, and ``[DONE]``."""
        at_token = 0
        for piece in pieces:
            choice = _choice(piece, reply.thinking is not None)
            yield Event(_chunk(envelope, [choice]), at_token)
            at_token += piece.tokens
        options = request.parameters.get("stream_options")
        if isinstance(options, dict) and options.get("include_usage") is True:
            yield Event(_chunk(envelope, [], usage_object(reply.usage)), at_token)
        yield Event("[DONE]", at_token)

    def whole(self, request: ChatRequest, reply: Reply, envelope: Envelope) -> Json:
        """Write a reply in one piece."""
        choice = {
            "index": 0,
            "finish_reason": reply.finish_reason,
            "logprobs": None,
            "message": _message(reply),
        }
        return {
            "id": _id(envelope.request_id),
            "object": "chat.completion",
            "created": envelope.created,
            "model": envelope.model,
            "system_fingerprint": None,
            "choices": [choice],
            "usage": usage_object(reply.usage),
        }

    def refusal(self, refusal: Refusal, request_id: str) -> Json:
        """Write a refusal where no stream was asked for."""
        return {"error": refusal.error(), "request_id": request_id}

    def framed_refusal(self, refusal: Refusal, request_id: str) -> Event:
        """Write a refusal where a stream was asked for: in another order, without an id."""
        error = refusal.error()
        return Event({"error": {key: error[key] for key in _FRAMED_ORDER}})

    def error_event(self, refusal: Refusal, request_id: str, after: int) -> Event:
        """Write an error inside a stream."""
        return Event({"error": refusal.error()})

    def usage_event(self, usage: Usage, envelope: Envelope, after: int) -> Event:
        """Write the chunk that holds the usage."""
        return Event(_chunk(envelope, [], usage_object(usage)))

    def renamed(self, payload: Mapping[str, Any], request_id: str) -> Json:
        """Return a chunk as if it belonged to the reply to another request."""
        return {**payload, "id": _id(request_id)}


def _id(request_id: str) -> str:
    return f"chatcmpl-{request_id}"


def _chunk(envelope: Envelope, choices: Sequence[Json], usage: Json | None = None) -> Json:
    return {
        "choices": choices,
        "object": "chat.completion.chunk",
        "usage": usage,
        "created": envelope.created,
        "system_fingerprint": None,
        "model": envelope.model,
        "id": _id(envelope.request_id),
    }


def _choice(piece: Piece, thinking: bool) -> Json:
    delta = _delta(piece, thinking)
    match piece:
        case Opening():
            return {"delta": delta, "index": 0, "logprobs": None, "finish_reason": None}
        case CallsEnd():
            return {"delta": delta, "index": 0}
        case Finish():
            reason = piece.reason
            return {"finish_reason": reason, "delta": delta, "index": 0, "logprobs": None}
        case _:
            return {"finish_reason": None, "logprobs": None, "delta": delta, "index": 0}


def _delta(piece: Piece, thinking: bool) -> Json:
    no_thinking = {"reasoning_content": None} if thinking else {}
    match piece:
        case Opening():
            if thinking:
                return {"content": None, "role": "assistant", "reasoning_content": ""}
            return {"content": "", "role": "assistant"}
        case Thinking():
            return {"content": None, "reasoning_content": piece.text}
        case Answer():
            return {"content": piece.text, **no_thinking}
        case CallStart() | CallArguments():
            return {"content": None, **no_thinking, "tool_calls": [call_delta(piece)]}
        case CallsEnd():
            return {"tool_calls": [_last_call_delta(piece.index)]}
        case Finish():
            return {"content": "", **no_thinking}


def call_delta(piece: CallStart | CallArguments) -> Json:
    """Return a fragment of a call: only the first has a name, and an id that is not empty."""
    if isinstance(piece, CallStart):
        return _call(piece.index, piece.id, {"name": piece.name, "arguments": piece.arguments})
    return _call(piece.index, "", {"arguments": piece.arguments})


def whole_call(index: int, call: Call) -> Json:
    """Return a finished tool call."""
    return _call(index, call.id, {"name": call.name, "arguments": call.arguments})


def _call(index: int, id: str, function: Json) -> Json:
    return {"index": index, "id": id, "type": "function", "function": function}


def _last_call_delta(index: int) -> Json:
    return {"function": {"arguments": ""}, "index": index, "id": "", "type": "function"}


def usage_object(usage: Usage) -> Json:
    """Return the usage, its details only where they exist."""
    details: Json = {}
    if usage.thinking_tokens is not None:
        details["completion_tokens_details"] = {"reasoning_tokens": usage.thinking_tokens}
    if usage.cached_tokens is not None:
        details["prompt_tokens_details"] = {"cached_tokens": usage.cached_tokens}
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        **details,
    }


def _message(reply: Reply) -> Json:
    message: Json = {
        "role": "assistant",
        "content": reply.answer,
        "reasoning_content": reply.thinking or "",
    }
    if reply.calls:
        message["tool_calls"] = [whole_call(n, call) for n, call in enumerate(reply.calls)]
    return message


def model_list(ids: Iterable[str], created: int) -> Json:
    """Return the body of the list of models."""
    entry = {"object": "model", "created": created, "owned_by": "system"}
    return {"object": "list", "data": [{"id": id, **entry} for id in ids]}
