"""The kernel's end of the channel of docs/channel.md: batches a turn's events, and answers the page.

Knows no widget and no thread: it is given a way to send and a way to be called later. Its methods are called
with the turn held still, or on the thread that feeds the turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

from glm_notebook.events import Event, join_deltas
from glm_notebook.snapshot import Snapshot

Send: TypeAlias = Callable[[dict[str, Any]], None]
Later: TypeAlias = Callable[[float, Callable[[], None]], None]

FIRST_INTERVAL_S = 0.033
"""Shortest time between two batches: one for two frames of the screen."""
LAST_INTERVAL_S = 0.1
"""What the interval grows to. A message costs some 700 bytes around its text, so that a long turn at the
first interval would cost more than its text."""
GROWTH = 0.002
"""Seconds of interval added for each second of the turn's age."""
FIRST_SNAPSHOT_S = 2.0
"""When a snapshot is first sent unasked. A page that could not load the module within 2 s has lost what was
sent by then (anywidget drops such messages), and in a blocking cell it cannot ask."""


class Source(Protocol):
    """The turn, as the channel knows it."""

    @property
    def age_s(self) -> float:
        """Seconds since its start."""

    def snapshot(self) -> Snapshot:
        """Return what it has come to."""

    def held(self) -> AbstractContextManager[object]:
        """Hold it still."""

    def stop(self) -> None:
        """End it."""

    def approve(self, index: int, *, always: bool = False) -> None:
        """Let a call run."""

    def decline(self, index: int, reason: str = "") -> None:
        """Have a call not run."""

    def stop_call(self, index: int) -> None:
        """End one call."""


class Channel:
    """One turn's way to its pages.

    Parameters
    ----------
    source : Source
        The turn.
    send : callable
        Takes one message, a dict of docs/channel.md.
    later : callable
        Takes seconds and a function, and calls it after them, on the thread that feeds the turn.
    """

    def __init__(self, source: Source, send: Send, later: Later) -> None:
        self.pages: set[str] = set()
        """The ids of the pages that have said `ready`."""
        self.language = ""
        """The language of the page that spoke last, as a BCP 47 tag; empty until one has."""
        self._source = source
        self._send = send
        self._later = later
        self._seq = 0
        self._pending: list[Event] = []
        self._scheduled = False
        self._last_s = -1.0
        self._next_snapshot_s = FIRST_SNAPSHOT_S

    def emit(self, events: Sequence[Event]) -> None:
        """Take events, and send them now or within the interval."""
        self._pending += events
        wait_s = self._last_s + self._interval_s - self._source.age_s
        if self._last_s < 0 or wait_s <= 0 or self._pending[-1].type == "finished":
            self.flush()
        elif not self._scheduled:
            self._scheduled = True
            self._later(wait_s, self._on_time)

    def flush(self) -> None:
        """Send what is pending, as one message."""
        with self._source.held():
            if not self._pending:
                return
            batch = join_deltas(self._pending)
            self._pending = []
            self._last_s = self._source.age_s
            message = {
                "type": "events",
                "seq": self._seq + 1,
                "now_s": self._last_s,
                "events": [event.to_wire() for event in batch],
            }
            self._seq += len(batch)
            self._send(message)
            self._volunteer()

    def state(self) -> dict[str, Any]:
        """Return what a page needs to begin with: the value of the synced trait."""
        with self._source.held():
            self.flush()
            snapshot = {**self._source.snapshot(), "seq": self._seq}
            return {"now_s": self._source.age_s, "snapshot": snapshot}

    def receive(self, message: Mapping[str, Any]) -> None:
        """Act on a message of a page. What it does not know, it ignores: a page may be newer."""
        match message.get("type"):
            case "ready":
                self._greet(str(message.get("page", "")), str(message.get("language", "")))
            case "snapshot_request":
                self._send_snapshot()
            case "stop":
                self._source.stop()
            case "approve" | "decline" | "stop_call" if isinstance(message.get("index"), int):
                self._act_on_call(message)

    def _act_on_call(self, message: Mapping[str, Any]) -> None:
        index: int = message["index"]
        match message["type"]:
            case "approve":
                self._source.approve(index, always=message.get("always") is True)
            case "decline":
                self._source.decline(index, str(message.get("reason", "")))
            case "stop_call":
                self._source.stop_call(index)

    def _greet(self, page: str, language: str) -> None:
        """Take note of a page. What was sent before it could listen is lost, and nothing may follow for a while."""
        is_late = page not in self.pages and self._seq > 0
        self.pages.add(page)
        self.language = language
        if is_late:
            self._send_snapshot()

    @property
    def _interval_s(self) -> float:
        return min(LAST_INTERVAL_S, FIRST_INTERVAL_S + GROWTH * self._source.age_s)

    def _on_time(self) -> None:
        self._scheduled = False
        self.flush()

    def _volunteer(self) -> None:
        """Send a snapshot at 2, 4, 8 … seconds until a page has spoken: at most twice the text in all."""
        if not self.pages and self._source.age_s >= self._next_snapshot_s:
            self._next_snapshot_s *= 2
            self._send_snapshot()

    def _send_snapshot(self) -> None:
        with self._source.held():
            self._send({"type": "snapshot", **self.state()})
