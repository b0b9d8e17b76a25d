"""What every protocol of the service has to say, and what it needs to know for that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from glm_notebook.simulator.http import Incoming
from glm_notebook.simulator.pieces import Piece
from glm_notebook.simulator.refusals import Refusal
from glm_notebook.simulator.reply import Reply, Usage
from glm_notebook.simulator.request import ChatRequest
from glm_notebook.simulator.sse import Event

Json = dict[str, Any]
Framed = Literal["none", "invalid", "all"]


@dataclass(frozen=True, slots=True)
class Envelope:
    """What everything that is said in one reply repeats."""

    model: str
    request_id: str
    created: int
    """Seconds since the epoch."""


class Codec(Protocol):
    """One protocol: reads requests, and writes replies and refusals."""

    framed: Framed
    """Which refusals a request for a stream gets as an event: what is wrong with the request itself, or
    what a fault asks for too."""

    def parse(self, body: Json, incoming: Incoming) -> ChatRequest:
        """Read a request from its body, and from its headers if it must."""

    def stream(
        self, request: ChatRequest, reply: Reply, pieces: Iterable[Piece], envelope: Envelope
    ) -> Iterator[Event]:
        """Write a streamed reply."""

    def whole(self, request: ChatRequest, reply: Reply, envelope: Envelope) -> Json:
        """Write a reply in one piece."""

    def refusal(self, refusal: Refusal, request_id: str) -> Json:
        """Write a refusal where no stream was asked for."""

    def framed_refusal(self, refusal: Refusal, request_id: str) -> Event:
        """Write a refusal where a stream was asked for."""

    def error_event(self, refusal: Refusal, request_id: str, after: int) -> Event:
        """Write an error inside a stream, after so many events."""

    def usage_event(self, usage: Usage, envelope: Envelope, after: int) -> Event:
        """Write an event that holds no choice, but the usage, after so many events."""

    def renamed(self, payload: Mapping[str, Any], request_id: str) -> Json:
        """Return what an event holds as if it belonged to the reply to another request."""
