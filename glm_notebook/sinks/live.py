"""The live view: a widget while the turn runs, the settled output when it has ended."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from IPython.display import display

from glm_notebook.events import Event
from glm_notebook.settle import running
from glm_notebook.sinks.capture import captured
from glm_notebook.sinks.settled import show_settled
from glm_notebook.turn import Turn
from glm_notebook.widgets.cell import TurnWidget
from glm_notebook.widgets.channel import Channel
from glm_notebook.widgets.page import later


class LiveSink:
    """Shows a turn in a page.

    Parameters
    ----------
    turn : Turn
        Not started yet.
    language : str
        BCP 47 tag for what is settled; the page's own where empty.
    """

    def __init__(self, turn: Turn, language: str = "") -> None:
        self._turn = turn
        self._language = language
        self._display_id = uuid.uuid4().hex
        self._channel = Channel(turn, self._send, later)
        self._widget = TurnWidget(self._channel.state, self._channel.receive, language)
        turn.calls.capture = captured
        turn.calls.page_answers = lambda: bool(self._channel.pages)
        beside = running(turn.snapshot(), language=language or "en")
        display({**self._widget.view, **beside}, raw=True, display_id=self._display_id)

    def emit(self, events: Sequence[Event]) -> None:
        """Pass events on to the page."""
        self._channel.emit(events)

    def tick(self) -> None:
        """Do nothing: the page is fed from the turn's own thread."""

    def end(self) -> None:
        """Replace the view by the settled output.

        A page that was loaded anew in the middle of the turn shows the view again, but no longer knows which output
        to replace. For its sake the widget then stays.
        """
        language = self._language or self._channel.language or "en"
        show_settled(self._turn, self._display_id, language)
        if len(self._channel.pages) <= 1:
            self._widget.close()

    def _send(self, message: dict[str, Any]) -> None:
        self._widget.send(message)
