"""Server-sent events, on bytes. No I/O.

The parser is ours because of what the service sends and what libraries do with it: the native protocol carries its
status in a *comment*, which every library drops; text may hold U+2028 and other characters that text-based line
splitting takes for line ends; and an event that ends in CR must not wait for the next byte.

Source: HTML Standard, section 9.2.6 "Interpreting an event stream" (WHATWG, read 2026-11), with two deviations:
``id:`` and ``retry:`` are not kept, as no request is ever resumed, and an event that the end of the body leaves
without its blank line is still returned (by `close`), because some relays never send that line.
"""

from __future__ import annotations

from typing import NamedTuple

from glm_notebook.errors import ProtocolError

MAX_EVENT_BYTES = 32 * 1024 * 1024
"""Default cap of one event: a bound for memory, far above any answer."""

_BOM = b"\xef\xbb\xbf"
_STATUS_COMMENT = b":HTTP_STATUS/"


class SSEEvent(NamedTuple):
    """One event of a stream."""

    name: str
    """Of the ``event:`` field; empty if there was none."""
    data: str
    status: int | None
    """The logical HTTP status that the native protocol puts into a comment or a ``status:`` field."""


class SSEParser:
    """Turns bytes, cut anywhere, into events.

    Parameters
    ----------
    max_event_bytes : int
        Most bytes that are held for an event that is not complete.
    """

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_bytes = max_event_bytes
        self._held: list[bytes] = []
        """Pieces of a line whose end has not come: joined once, or one-byte writes would cost their square."""
        self._held_bytes = 0
        self._skip_lf = False
        self._at_start = True
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._name = b""
        self._status: int | None = None

    def feed(self, data: bytes) -> list[SSEEvent]:
        """Take bytes and return the events that they complete.

        Raises
        ------
        ProtocolError
            An event is larger than the cap.
        """
        if self._at_start:
            data = self._without_bom(data)
        if self._skip_lf and data:
            data = data.removeprefix(b"\n")
            self._skip_lf = False
        if b"\r" in data:
            # A CR ends its line at once; the LF that may follow in the next piece belongs to it.
            self._skip_lf = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = data.split(b"\n")
        rest = lines.pop()
        if lines and self._held:
            lines[0] = b"".join((*self._held, lines[0]))
            self._held, self._held_bytes = [], 0
        if rest:
            self._hold(rest)
        return self._events(lines)

    def close(self) -> list[SSEEvent]:
        """Return the event that the body's end has left without a blank line, if there is one."""
        lines = [b"".join(self._held), b""]
        self._held, self._held_bytes = [], 0
        return self._events(lines)

    def _without_bom(self, data: bytes) -> bytes:
        data = b"".join((*self._held, data))
        self._held, self._held_bytes = [], 0
        if len(data) < len(_BOM) and _BOM.startswith(data):
            self._held, self._held_bytes = [data], len(data)
            return b""
        self._at_start = False
        return data.removeprefix(_BOM)

    def _hold(self, rest: bytes) -> None:
        self._held.append(rest)
        self._held_bytes += len(rest)
        self._check_size()

    def _check_size(self) -> None:
        if self._held_bytes + self._data_bytes > self._max_bytes:
            raise ProtocolError(
                f"One event of the stream is larger than {self._max_bytes:,} bytes.",
                "Ask for a shorter answer.",
            )

    def _events(self, lines: list[bytes]) -> list[SSEEvent]:
        events = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line.startswith(b"data: ") else line[5:])
                self._data_bytes += len(line)
            elif line:
                self._field(line)
            elif self._data:
                self._check_size()
                events.append(self._dispatch())
            else:
                self._reset()  # an event without data is none
        return events

    def _field(self, line: bytes) -> None:
        if line.startswith(_STATUS_COMMENT):
            self._set_status(line[len(_STATUS_COMMENT) :])
        elif not line.startswith(b":"):
            name, _, value = line.partition(b":")
            self._set(name, value.removeprefix(b" "))

    def _set(self, name: bytes, value: bytes) -> None:
        if name == b"event":
            self._name = value
        elif name == b"status":
            self._set_status(value)
        elif name == b"data":  # without a colon
            self._data.append(b"")

    def _set_status(self, value: bytes) -> None:
        if value.isdigit() and len(value) == 3:
            self._status = int(value)

    def _dispatch(self) -> SSEEvent:
        data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
        name = self._name.decode("utf-8", "replace") if self._name else ""
        event = SSEEvent(name, data.decode("utf-8", "replace"), self._status)
        self._reset()
        return event

    def _reset(self) -> None:
        self._data.clear()
        self._data_bytes = 0
        self._name = b""
        self._status = None
