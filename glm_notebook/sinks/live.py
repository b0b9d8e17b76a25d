"""The live view: a widget while the turn runs, the settled output when it has ended."""

from __future__ import annotations

import contextvars
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from IPython.core.getipython import get_ipython
from IPython.display import display

from glm_notebook.events import Event
from glm_notebook.runner import runner
from glm_notebook.settle import running
from glm_notebook.sinks.capture import captured
from glm_notebook.sinks.settled import show_settled
from glm_notebook.turn import Turn
from glm_notebook.widgets.cell import TurnWidget
from glm_notebook.widgets.channel import Channel

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"


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
        self._channel = Channel(turn, self._send, self._later)
        self._widget = TurnWidget(self._channel.state, language)
        self._widget.on_msg(self._receive)
        self._shell_of_page: contextvars.Context | None = None
        self._unpin()
        turn.calls.capture = captured
        turn.calls.page_answers = lambda: bool(self._channel.pages)
        view = {
            WIDGET_MIME: {"version_major": 2, "version_minor": 0, "model_id": self._widget.model_id}
        }
        beside = running(turn.snapshot(), language=language or "en")
        display({**view, **beside}, raw=True, display_id=self._display_id)

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
        """Send on the shell of the page. A context can be entered once only, so a copy is."""
        if self._shell_of_page is None:
            self._widget.send(message)
            self._unpin()
        else:
            self._shell_of_page.copy().run(self._widget.send, message)

    def _unpin(self) -> None:
        """Have the page's messages come by the subshell that it sends them to.

        ipykernel >= 7.4 notes with every send from which shell it came, and routes what the page sends there: from a
        cell, to the main shell, which a blocking cell keeps busy. Without the note the page's own choice holds.
        """
        self._widget.comm.__dict__.pop("_reply_subshell_id", None)

    @staticmethod
    def _later(seconds: float, function: Callable[[], None]) -> None:
        runner().loop.call_later(seconds, function)

    def _receive(self, _: object, message: Mapping[str, Any], buffers: object) -> None:
        """Take a message of the page, on whichever thread its shell has, and hand it over.

        ipykernel routes what a page sends to the shell from which the kernel last sent. Only by answering within the
        context of a message that came through the page's own subshell are clicks heard while a cell blocks.
        """
        pin = message.get("type") == "ready" and _came_by_subshell()
        if pin:
            self._shell_of_page = contextvars.copy_context()
        runner().call(self._handle, dict(message), pin)

    def _handle(self, message: Mapping[str, Any], pin: bool) -> None:
        self._channel.receive(message)
        if pin:
            self._send({"type": "pinned"})


def _came_by_subshell() -> bool:
    """Tell whether the message that is being handled came through a subshell (ipykernel >= 7)."""
    kernel = getattr(get_ipython(), "kernel", None)
    parent = kernel.get_parent("shell") if kernel is not None else None
    header = parent.get("header") if isinstance(parent, Mapping) else None
    return bool(isinstance(header, Mapping) and header.get("subshell_id"))
