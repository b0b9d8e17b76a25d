"""What goes over the wire, item by item, and how an event is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """A server-sent event."""

    payload: Mapping[str, Any] | str
    """A JSON object, or text that is sent as it is."""
    at_token: int = 0
    """How many tokens the model has produced when the event is due."""
    head: tuple[str, ...] = ()
    """Lines that stand before the data."""
    prefix: str = "data: "

    def encode(self) -> bytes:
        """Return the bytes of the event, its blank line included.

        A lone surrogate, which UTF-8 cannot carry, becomes its JSON escape.
        """
        lines = (*self.head, self.prefix + self.text(), "", "")
        return "\n".join(lines).encode("utf-8", "backslashreplace")

    def text(self) -> str:
        """Return the data."""
        if isinstance(self.payload, str):
            return self.payload
        return json.dumps(self.payload, ensure_ascii=False, separators=(",", ":"))


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
