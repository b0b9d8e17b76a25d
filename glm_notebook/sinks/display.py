"""Markdown that grows in an output: for frontends without widgets, and for notebooks that run unattended."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence

from IPython.display import display, update_display

from glm_notebook.events import Event
from glm_notebook.settle import progress
from glm_notebook.sinks.capture import captured
from glm_notebook.sinks.settled import show_settled
from glm_notebook.turn import Turn

GROWTH = 1.2
"""The text grows by this factor before it is sent again: all that is sent is then at most six times the text,
where sending it at each token would cost its square."""
INTERVAL_S = 0.25
"""Shortest time between two updates."""


class MarkdownSink:
    """Shows a turn by `update_display` alone.

    Parameters
    ----------
    turn : Turn
        Not started yet.
    language : str
        BCP 47 tag.
    clock : callable
        Seconds, monotonic: for tests.
    """

    def __init__(
        self, turn: Turn, language: str = "", *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._turn = turn
        self._language = language or "en"
        self._clock = clock
        self._display_id = uuid.uuid4().hex
        self._shown = 0
        turn.calls.capture = captured
        self._retry: object = None
        self._shown_at = clock()
        display(
            progress(turn.snapshot(), language=self._language),
            raw=True,
            display_id=self._display_id,
        )

    def emit(self, events: Sequence[Event]) -> None:
        """Do nothing: the turn is read when an update is due."""

    def tick(self) -> None:
        """Show the turn again, if it has grown enough, or waits for another request."""
        snapshot = self._turn.snapshot()
        size = sum(len(part["text"]) for part in snapshot["parts"])
        retried = snapshot["retry"] != self._retry
        grown = size > self._shown * GROWTH and self._clock() - self._shown_at >= INTERVAL_S
        if not (retried or grown):
            return
        self._shown, self._shown_at, self._retry = size, self._clock(), snapshot["retry"]
        update_display(
            progress(snapshot, language=self._language), raw=True, display_id=self._display_id
        )

    def end(self) -> None:
        """Replace it by the settled output."""
        show_settled(self._turn, self._display_id, self._language)
