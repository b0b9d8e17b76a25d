"""The OpenAI-compatible protocol: pieces become chunks.

Source: recorded streams and Model Studio's pages on streaming, thinking and function calling (2026).
The keys of the first, the later and the last chunk stand in different orders; so they do here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

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
from glm_notebook.simulator.reply import Call, Reply, Usage
from glm_notebook.simulator.sse import Event

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every chunk of one reply repeats."""

    model: str
    id: str
    created: int
    thinking: bool

    def chunk(self, choices: Sequence[Json], usage: Json | None = None) -> Json:
        """Return a chunk around some choices."""
        return {
            "choices": choices,
            "object": "chat.completion.chunk",
            "usage": usage,
            "created": self.created,
            "system_fingerprint": None,
            "model": self.model,
            "id": self.id,
        }


def stream(
    pieces: Iterable[Piece], envelope: Envelope, usage: Usage, *, include_usage: bool
) -> Iterator[Event]:
    """Turn pieces into events, the usage chunk and ``[DONE]`` included."""
    at_token = 0
    for piece in pieces:
        yield Event(envelope.chunk([_choice(piece, envelope.thinking)]), at_token)
        at_token += piece.tokens
    if include_usage:
        yield Event(envelope.chunk([], usage_object(usage)), at_token)
    yield Event("[DONE]", at_token)


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
            return {"content": None, **no_thinking, "tool_calls": [_call_delta(piece)]}
        case CallsEnd():
            return {"tool_calls": [_last_call_delta(piece.index)]}
        case Finish():
            return {"content": "", **no_thinking}


def _call_delta(piece: CallStart | CallArguments) -> Json:
    """Return a fragment of a call: only the first has a name, and an id that is not empty."""
    if isinstance(piece, CallStart):
        function = {"name": piece.name, "arguments": piece.arguments}
        return {"index": piece.index, "id": piece.id, "type": "function", "function": function}
    arguments = {"arguments": piece.arguments}
    return {"index": piece.index, "id": "", "type": "function", "function": arguments}


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


def whole(reply: Reply, envelope: Envelope) -> Json:
    """Return the body of a reply that is not streamed."""
    choice = {
        "index": 0,
        "finish_reason": reply.finish_reason,
        "logprobs": None,
        "message": _message(reply),
    }
    return {
        "id": envelope.id,
        "object": "chat.completion",
        "created": envelope.created,
        "model": envelope.model,
        "system_fingerprint": None,
        "choices": [choice],
        "usage": usage_object(reply.usage),
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


def whole_call(index: int, call: Call) -> Json:
    """Return a finished tool call."""
    function = {"name": call.name, "arguments": call.arguments}
    return {"index": index, "id": call.id, "type": "function", "function": function}


def model_list(ids: Iterable[str], created: int) -> Json:
    """Return the body of the list of models."""
    entry = {"object": "model", "created": created, "owned_by": "system"}
    return {"object": "list", "data": [{"id": id, **entry} for id in ids]}
