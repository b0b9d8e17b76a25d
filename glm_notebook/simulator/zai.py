"""The dialect of Z.ai, which is the OpenAI-compatible protocol with habits of its own.

Source: docs.z.ai, "Chat completion", "Stream tool call", "Thinking mode" and "Error codes" (2026). The
usage comes with the finish reason whether it was asked for or not, every delta repeats the role, ids
begin with the time, and errors have numbers.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from glm_notebook.simulator.codec import Envelope, Framed, Json
from glm_notebook.simulator.compat import Compat, call_delta, usage_object
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
from glm_notebook.simulator.refusals import ALGORITHM, Refusal
from glm_notebook.simulator.reply import Reply, Usage
from glm_notebook.simulator.request import ChatRequest
from glm_notebook.simulator.sse import Event

_ONLY_MODEL_STUDIO = ("enable_thinking", "thinking_budget", "clear_thinking", "stream_options")
_NUMBERS: Mapping[str, str] = {
    "InvalidApiKey": "1002",
    "Arrearage": "1113",
    "ModelNotFound": "1211",
    "AccessDenied": "1220",
    "DataInspectionFailed": "1301",
    "ModelServingError": "1305",
}
_NUMBERS_BY_STATUS: Mapping[int, str] = {400: "1210", 401: "1000", 403: "1220", 429: "1302"}
_UNKNOWN = "500"


class Zai(Compat):
    """The protocol of ``/api/paas/v4``."""

    framed: Framed = "none"

    def parse(self, body: Json, incoming: Incoming) -> ChatRequest:
        """Read a request: thinking is switched by an object."""
        kept = {k: v for k, v in body.items() if k not in _ONLY_MODEL_STUDIO}
        thinking = kept.pop("thinking", None)
        if isinstance(thinking, dict):
            kept["enable_thinking"] = thinking.get("type") != "disabled"
            kept["clear_thinking"] = thinking.get("clear_thinking", True)
        return super().parse({"clear_thinking": True, **kept}, incoming)

    def stream(
        self, request: ChatRequest, reply: Reply, pieces: Iterable[Piece], envelope: Envelope
    ) -> Iterator[Event]:
        """Write chunks, the usage in the last of them, and ``[DONE]``."""
        at_token = 0
        for piece in pieces:
            if not isinstance(piece, Opening | CallsEnd):
                yield Event(_chunk(envelope, piece, reply.usage), at_token)
            at_token += piece.tokens
        yield Event("[DONE]", at_token)

    def whole(self, request: ChatRequest, reply: Reply, envelope: Envelope) -> Json:
        """Write a reply in one piece."""
        id = _id(envelope.request_id, envelope.created)
        return {**super().whole(request, reply, envelope), "id": id, "request_id": id}

    def refusal(self, refusal: Refusal, request_id: str) -> Json:
        """Write a refusal, which has a number and names no request."""
        by_status = _NUMBERS_BY_STATUS.get(refusal.status, _UNKNOWN)
        number = _NUMBERS.get(refusal.code, by_status)
        return {"error": {"code": number, "message": refusal.message.removeprefix(ALGORITHM)}}

    def framed_refusal(self, refusal: Refusal, request_id: str) -> Event:
        """Write a refusal as an event."""
        return Event(self.refusal(refusal, request_id))

    def error_event(self, refusal: Refusal, request_id: str, after: int) -> Event:
        """Write an error inside a stream."""
        return Event(self.refusal(refusal, request_id))

    def usage_event(self, usage: Usage, envelope: Envelope, after: int) -> Event:
        """Write a chunk that holds the usage only."""
        return Event({**_head(envelope), "choices": [], "usage": usage_object(usage)})

    def renamed(self, payload: Mapping[str, Any], request_id: str) -> Json:
        """Return a chunk as if it belonged to the reply to another request."""
        return {**payload, "id": _id(request_id, payload["created"])}


def _id(request_id: str, created: int) -> str:
    """Return an id that begins with the time, to the second."""
    stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(created))
    return stamp + request_id.replace("-", "")[:16]


def _head(envelope: Envelope) -> Json:
    return {
        "id": _id(envelope.request_id, envelope.created),
        "created": envelope.created,
        "object": "chat.completion.chunk",
        "model": envelope.model,
    }


def _chunk(envelope: Envelope, piece: Piece, usage: Usage) -> Json:
    choice: Json = {"index": 0, "delta": {"role": "assistant", **_delta(piece)}}
    if not isinstance(piece, Finish):
        return {**_head(envelope), "choices": [choice]}
    choice = {"index": 0, "finish_reason": piece.reason, "delta": choice["delta"]}
    return {**_head(envelope), "choices": [choice], "usage": usage_object(usage)}


def _delta(piece: Piece) -> Json:
    match piece:
        case Thinking():
            return {"reasoning_content": piece.text}
        case Answer():
            return {"content": piece.text}
        case CallStart() | CallArguments():
            return {"tool_calls": [call_delta(piece)]}
        case _:
            return {"content": ""}
