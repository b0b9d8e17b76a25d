"""What goes over the wire, item by item, and how an event is written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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
    """A JSON object, or a text such as ``[DONE]``."""
    at_token: int = 0
    """How many tokens the model has produced when the event is due."""
    head: Sequence[str] = ()
    """Lines before the data."""
    colon: str = ": "
    """What stands between the name of the field and the data."""

    @property
    def is_json(self) -> bool:
        """Whether the payload is an object, rather than a text."""
        return not isinstance(self.payload, str)

    def data(self) -> bytes:
        """Return the payload as it is written."""
        if isinstance(self.payload, str):
            return self.payload.encode()
        return dump(self.payload)

    def encode(self) -> bytes:
        """Return the bytes of the event, its blank line included."""
        return self.encode_head() + self.encode_data() + b"\n"

    def encode_head(self) -> bytes:
        """Return the lines before the data."""
        return b"".join(line.encode() + b"\n" for line in self.head)

    def encode_data(self) -> bytes:
        """Return the line of the data, or the lines if the payload is a text of several."""
        colon = f"data{self.colon}".encode()
        return b"".join(colon + line + b"\n" for line in self.data().split(b"\n"))


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
    speechless: bool = False
    """A cut before the first byte of the body leaves out status and headers too."""
