"""What goes over the wire, item by item, and how an event is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


def dump(value: Mapping[str, Any]) -> bytes:
    """Write JSON as the service does: compact, and in UTF-8 rather than escapes.

    A lone surrogate, which UTF-8 cannot carry, becomes its JSON escape.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class Event:
    """A server-sent event."""

    payload: Mapping[str, Any] | str
    """A JSON object, or ``[DONE]``."""
    at_token: int = 0
    """How many tokens the model has produced when the event is due."""

    def encode(self) -> bytes:
        """Return the bytes of the event, its blank line included."""
        data = self.payload.encode() if isinstance(self.payload, str) else dump(self.payload)
        return b"data: " + data + b"\n\n"


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes that are no event, or part of one."""

    data: bytes
    at_token: int = 0

    def encode(self) -> bytes:
        """Return the bytes."""
        return self.data


@dataclass(frozen=True, slots=True)
class Stall:
    """Silence; None lasts until the client has gone or the simulator stops."""

    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """The end of the connection, whatever was promised."""


Item = Event | Raw | Stall | Cut


@dataclass(frozen=True, slots=True)
class Wire:
    """How bytes are put on the connection."""

    close_delimited: bool = False
    """Neither a length nor chunks: the body ends where the connection ends."""
    one_byte: bool = False
    """Every byte is written by itself."""
