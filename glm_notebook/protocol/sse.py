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

BOM = b"\xef\xbb\xbf"
"""The byte order mark of UTF-8, which some proxies put before a body."""
_STATUS_COMMENT = b":HTTP_STATUS/"
_CR = 0x0D
_DATA, _COMMENT, _EVENT, _STATUS = b"d:es"
_USUAL = {_DATA: b"", _COMMENT: b":HTTP_STATUS/200", _EVENT: b"event:result", _STATUS: b""}
"""First bytes of the lines that mean something, and the lines of every native frame that is in order. These are not
read: nobody asks, and it would take a tenth longer."""


class SSEEvent(NamedTuple):
    """One event of a stream."""

    name: str
    """Of the ``event:`` field; empty if there was none, or the native protocol's usual ``result``."""
    data: str
    status: int | None
    """The logical HTTP status that the native protocol puts into a comment or a ``status:`` field; none if that is
    the usual 200 of a comment."""

    @property
    def error_status(self) -> int | None:
        """The status, where it is that of an error."""
        return self.status if self.status is not None and self.status >= 400 else None


_new_event = tuple.__new__  # what SSEEvent's own does, less a call for each event


class SSEParser:
    """Turns bytes, cut anywhere, into events.

    Parameters
    ----------
    max_event_bytes : int
        Most bytes of one event, its line ends not counted, and so of what is held while one is not complete.
    """

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_bytes = max_event_bytes
        self._held = bytearray()
        """A line whose end has not come. It only grows: joined anew, one-byte writes would cost their square."""
        self._skip_lf = False
        self._at_start = True
        self.too_large = False
        """Whether the cap was passed: the next call raises."""
        self._data: list[bytes] = []
        self._room = max_event_bytes
        """Bytes that the event may still take."""
        self._name = ""
        self._status: int | None = None

    def feed(self, data: bytes) -> list[SSEEvent]:
        """Take bytes and return the events that they complete.

        Raises
        ------
        ProtocolError
            An event is larger than the cap. The events before it have been returned: where they come in the same
            piece, the error waits for the next call.
        """
        if self._at_start:
            data = self._without_bom(data)
        if self._skip_lf and data:
            data = data.removeprefix(b"\n")
            self._skip_lf = False
        if _CR in data:  # as a number: five times faster than as bytes
            # A CR ends its line at once; the LF that may follow in the next piece belongs to it.
            self._skip_lf = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = data.split(b"\n")
        rest = lines.pop()
        if lines and self._held:
            lines[0] = self._release() + lines[0]
        events = self._events(lines)
        return self._checked(events, rest) if rest or self.too_large else events

    def close(self) -> list[SSEEvent]:
        """Return the event that the body's end has left without a blank line, if there is one."""
        return self._checked(self._events([self._release(), b""]))

    def _without_bom(self, data: bytes) -> bytes:
        data = self._release() + data
        if BOM.startswith(data):
            self._held += data
            return b""
        self._at_start = False
        return data.removeprefix(BOM)

    def _release(self) -> bytes:
        held = bytes(self._held)
        self._held.clear()
        return held

    def _checked(self, events: list[SSEEvent], rest: bytes = b"") -> list[SSEEvent]:
        """Hold the beginning of a line, unless that is too much."""
        if len(self._held) + len(rest) > self._room:
            self.too_large = True
        if not self.too_large:
            self._held += rest
        elif not events:
            raise ProtocolError(
                f"One event of the stream is larger than {self._max_bytes:,} bytes.",
                "Ask for a shorter answer.",
            )
        return events

    def _events(self, lines: list[bytes]) -> list[SSEEvent]:
        events: list[SSEEvent] = []
        for line in () if self.too_large else lines:
            if not line:
                if self._data:  # an event without data is none
                    events.append(self._event())
                self._name, self._status = "", None
            elif len(line) > self._room:
                self.too_large = True
                break
            elif (first := line[0]) == _DATA and line.startswith(b"data:"):
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
                self._room -= len(line)
            elif line != _USUAL.get(first, line):
                self._field(line)
        return events

    def _field(self, line: bytes) -> None:
        if line.startswith(_STATUS_COMMENT):
            self._set_status(line[len(_STATUS_COMMENT) :])
        elif line.startswith(b"event:"):
            self._name = line[6:].removeprefix(b" ").decode("utf-8", "replace")
        elif line.startswith(b"status:"):
            self._set_status(line[7:])
        elif line == b"event":
            self._name = ""
        elif line == b"data":
            self._data.append(b"")
            self._room -= len(line)

    def _set_status(self, value: bytes) -> None:
        value = value.strip()
        if len(value) == 3 and value.isdigit():
            self._status = int(value)

    def _event(self) -> SSEEvent:
        data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
        self._data.clear()
        self._room = self._max_bytes
        return _new_event(SSEEvent, (self._name, data.decode("utf-8", "replace"), self._status))
