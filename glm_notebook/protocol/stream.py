"""What the decoders of all protocols share: a body, streamed or whole, sound or not, as JSON values. No I/O.

Source: recorded streams and threads about them (protocol notes, section 8, whose cases the numbers in comments are).
A codec derives from `StreamDecoder` and says in `_chunk` what a value means.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, cast

from glm_notebook.errors import ProtocolError
from glm_notebook.protocol.channels import Channels, mended
from glm_notebook.protocol.deltas import (
    Delta,
    ErrorDelta,
    ErrorInfo,
    FinishDelta,
    NoteDelta,
    ResponseStarted,
    RestartDelta,
    UsageDelta,
)
from glm_notebook.protocol.jsontext import parse
from glm_notebook.protocol.reading import UsageNames
from glm_notebook.protocol.refusal import error_in, error_of, shown
from glm_notebook.protocol.sse import BOM, MAX_EVENT_BYTES, SSEEvent, SSEParser

MAX_DAMAGED = 3
"""Events that may be no JSON before the stream is given up."""
USAGE_EVERY = 32
"""Counts of tokens of which one is told while the answer comes. It is for a turn that is stopped; the last is always
told."""

_DONE = "[DONE]"
_EXCERPT = 60
"""Characters of a damaged event that are shown."""
_EVENT_START = re.compile(r"(?:data: ?|\n)(?=\{)")
_MAX_STARTS = 8
"""Places where an event may begin inside another that are tried, as each try may cost the length of the event."""


class StreamDecoder(ABC):
    """Turns the bytes of one response into deltas.

    Parameters
    ----------
    max_event_bytes : int
        Most bytes of one event, or of a body that is no stream.
    """

    CONTENT_KEY: ClassVar[str]
    """What a value of this protocol holds, unless it is an error."""
    ID_KEY: ClassVar[str]
    """Where the service's name of the response is."""
    USAGE: ClassVar[UsageNames]

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_bytes = max_event_bytes
        self._sse = SSEParser(max_event_bytes)
        self._head = b""
        self._sniffed = False
        self._plain: bytearray | None = None
        self._out = Channels()
        self._usage: Mapping[str, Any] = {}
        self._untold = 0
        self._id = ""
        self._finished = False
        self._done = False
        self._damaged = 0
        self._failure: ProtocolError | None = None

    @abstractmethod
    def _chunk(self, chunk: Mapping[str, Any]) -> None:
        """Take one value of the stream that is no error, or the whole answer."""

    @property
    def finished(self) -> bool:
        """Whether the model's end was seen."""
        return self._finished

    @property
    def done(self) -> bool:
        """Whether nothing more can come."""
        return self._done

    def feed(self, data: bytes) -> list[Delta]:
        """Take bytes, cut anywhere, and return what they complete.

        Raises
        ------
        ProtocolError
            Too many events are no JSON, one is larger than the cap, or the body is a web page. What came before
            has been returned: where it comes in the same piece, the error waits for the next call.
        """
        if self._failure:
            raise self._failure
        try:
            if not self._done:  # 22
                self._take(data)
        except ProtocolError as error:
            return self._failed(error)
        if self._finished or self._untold >= USAGE_EVERY:
            self._tell_usage()
        return self._out.take()

    def close(self) -> list[Delta]:
        """Say that the body has ended, and return what was still held back.

        Raises
        ------
        ProtocolError
            As `feed`, where that has not raised it yet.
        """
        if self._failure:
            raise self._failure
        self._end()
        self._done = True
        return self._last()

    def _last(self) -> list[Delta]:
        self._out.release()
        self._tell_usage()
        return self._out.take()

    def _count(self, usage: object) -> None:
        """Note counts of tokens; some servers send them with every word."""
        if isinstance(usage, dict) and self.USAGE.counts(usage):
            self._usage = usage
            self._untold += 1

    def _tell_usage(self) -> None:
        if self._untold:
            self._out.add(UsageDelta(self.USAGE.read(self._usage)))
            self._untold = 0

    def _failed(self, error: ProtocolError) -> list[Delta]:
        deltas = self._last()
        if self._finished:
            self._done = True  # 22: what follows a whole answer cannot spoil it
            return deltas
        self._failure = error
        if not deltas:
            raise error
        return deltas

    def _take(self, data: bytes) -> None:
        if not self._sniffed:
            data = self._sniff(data)
        if self._plain is not None:
            self._hold(self._plain, data)
            return
        sse = self._sse
        for event in sse.feed(data):
            self._event(event)
            if self._done:
                return
        if sse.too_large:
            sse.feed(b"")  # raises now, so that what came before is given out at once

    def _end(self) -> None:
        if self._done:
            return
        if self._plain is not None:
            self._whole(self._plain.decode("utf-8", "replace"))
            return
        for event in self._sse.close():
            self._event(event, cut=True)

    def _sniff(self, data: bytes) -> bytes:
        """Tell a stream from plain JSON by its first character: the content type lies (10, 13, 30)."""
        data = (self._head + data).lstrip()
        if BOM.startswith(data):
            self._head = data
            return b""
        data = data.removeprefix(BOM).lstrip()
        if not data:
            self._head = BOM
            return b""
        self._sniffed = True
        if data.startswith(b"<"):
            raise _no_answer("a web page")
        if data.startswith((b"{", b"[")):
            self._plain = bytearray()
        return data

    def _hold(self, plain: bytearray, data: bytes) -> None:
        plain += data
        if len(plain) > self._max_bytes:
            raise ProtocolError(
                f"The answer came as one body of more than {self._max_bytes:,} bytes.",
                "Ask for a shorter answer.",
            )

    def _event(self, event: SSEEvent, *, cut: bool = False) -> None:
        """Take an event; one that the end of the body left open may be half of one (23)."""
        try:
            value = parse(event.data)
        except ValueError:
            self._no_json(event, cut=cut)
        else:
            self._value(value, event)

    def _value(self, value: object, event: SSEEvent) -> None:
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if (event.name or event.status) and _is_error(event):  # 28
            self._error(error_of(value, event.data), event.error_status)
        elif not isinstance(value, dict):
            return
        elif value.get("error"):
            self._error(error_of(value, event.data), event.error_status)
        elif value.get(self.CONTENT_KEY) is None and (info := error_in(value)):
            self._error(info, event.error_status)
        else:
            if not self._id:
                self._begin(value)
            self._chunk(value)

    def _begin(self, value: Mapping[str, Any]) -> None:
        self._id = _text(value.get(self.ID_KEY))
        if self._id:
            self._out.add(ResponseStarted(self._id, _text(value.get("model"))))

    def _finish(self, reason: str) -> None:
        """Take the model's end. It may be said again (19)."""
        if not self._finished:
            self._finished = True
            self._out.release()
            self._out.add(FinishDelta(mended(reason)))

    def _error(self, info: ErrorInfo, status: int | None = None) -> None:
        self._out.release()
        self._tell_usage()  # nothing after the error counts
        self._out.add(ErrorDelta(replace(info, status=status or info.status)))
        self._done = True

    def _no_json(self, event: SSEEvent, *, cut: bool) -> None:
        if event.data.lstrip().startswith(_DONE):
            self._end_of_stream()
        elif _is_error(event):  # 29
            self._error(error_of(None, event.data), event.error_status)
        elif parts := _glued(event.data):
            self._glued(*parts, event)
        elif not cut:
            self._damage(event.data)

    def _glued(self, head: str, tail: Mapping[str, Any], event: SSEEvent) -> None:
        """Take two events in one: where the first is broken, the server may have begun anew (27)."""
        try:
            self._value(parse(head), event)
        except ValueError:
            if not self._has_begun or _text(tail.get(self.ID_KEY)) == self._id:
                self._damage(head)
            else:
                self._restart()
        if not self._done:
            self._value(tail, event)

    @property
    def _has_begun(self) -> bool:
        return bool(self._id) or self._out.wrote

    def _damage(self, data: str) -> None:
        if self._finished:
            return
        self._damaged += 1
        if self._damaged > MAX_DAMAGED:
            raise ProtocolError(
                f"The stream is damaged: {self._damaged} of its events are no JSON, the last begins with "
                f"{shown(data, _EXCERPT)!r}.",
                "Run the cell again; if it happens again, try another endpoint.",
            )
        self._out.add(NoteDelta("a damaged piece of the stream was skipped"))

    def _restart(self) -> None:
        self._out.restart()
        self._out.add(RestartDelta())
        self._out.add(NoteDelta("the server restarted the answer"))
        self._id = ""
        self._finished = False

    def _end_of_stream(self) -> None:
        """Take an end that is not the model's (21)."""
        self._out.release()
        if not self._finished and self._out.wrote:
            self._finish("unknown")
            self._out.add(NoteDelta("the server did not say why the answer ended"))
        self._done = True

    def _whole(self, body: str) -> None:
        """Take a body that is one answer, or an error, in plain JSON (14)."""
        try:
            value = parse(body)
        except ValueError:
            return  # cut: `finished` stays false
        self._value(value, SSEEvent("", body, None))
        if not self._done:
            self._end_of_stream()
            if not self._finished:
                raise _no_answer("JSON of another kind")


def _is_error(event: SSEEvent) -> bool:
    """Tell by its name, or by the status that the native protocol gives each event."""
    return event.name == "error" or event.error_status is not None


def _no_answer(what: str) -> ProtocolError:
    return ProtocolError(
        f"What came is {what}, and no answer of a model.",
        "Check the base URL (%glm endpoint) and the proxy.",
    )


def _glued(data: str) -> tuple[str, dict[str, Any]] | None:
    """Part an event from one that begins inside it."""
    for start in list(_EVENT_START.finditer(data))[: -_MAX_STARTS - 1 : -1]:
        try:
            tail = parse(data[start.end() :])
        except ValueError:
            continue
        return data[: start.start()], cast(dict[str, Any], tail)
    return None


def _text(value: object) -> str:
    return mended(value) if isinstance(value, str) else ""
