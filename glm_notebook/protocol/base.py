"""What every wire protocol offers: one request out, and a decoder for what comes back. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from glm_notebook.messages import Request
from glm_notebook.protocol.deltas import Delta


@dataclass(frozen=True, slots=True)
class EncodedRequest:
    """A request in a protocol's terms, still without host and key."""

    path: str
    """Appended to the endpoint's base URL; starts with a slash."""
    headers: tuple[tuple[str, str], ...]
    body: bytes
    method: str = "POST"


class Decoder(Protocol):
    """Turns the bytes of one response into deltas. One per response; keeps all per-stream state."""

    def feed(self, data: bytes) -> list[Delta]:
        """Take bytes, cut anywhere, and return what they complete.

        Raises
        ------
        glm_notebook.errors.ProtocolError
            The stream is not what it should be, or an event is larger than the cap. What came before has been
            returned: where it comes in the same piece, the error waits for the next call.
        """

    def close(self) -> list[Delta]:
        """Say that the body has ended, and return what was still held back.

        Raises
        ------
        glm_notebook.errors.ProtocolError
            As `feed`, where that has not raised it yet.
        """

    @property
    def finished(self) -> bool:
        """Whether the model's end was seen. An end of the body without it is a broken stream."""

    @property
    def done(self) -> bool:
        """Whether nothing more can come, so that the response may be closed."""


class WireProtocol(Protocol):
    """A way to speak to an endpoint. Holds no state of any stream."""

    name: str

    def encode(self, request: Request) -> EncodedRequest:
        """Write a request as this protocol's body and headers."""

    def decoder(self, max_event_bytes: int = ...) -> Decoder:
        """Make a decoder for one response."""
