"""The channels of a chat's turns: one for each turn that runs. An ended turn is its snapshot, and needs none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from glm_notebook.events import Event
from glm_notebook.turn import Turn
from glm_notebook.widgets.channel import Channel, Later, Send


class Channels:
    """The messages of turns, each wrapped with the turn's id (docs/chat.md).

    Parameters
    ----------
    send : callable
        Takes one message.
    later : callable
        As for `Channel`.
    """

    def __init__(self, send: Send, later: Later) -> None:
        self.pages: set[str] = set()
        """The ids of the pages that have said `ready`."""
        self._send = send
        self._later = later
        self._open: dict[str, Channel] = {}

    def open(self, turn: Turn) -> None:
        """Have the pages told of a turn's events from now on, to its end; once."""
        with turn.held():
            if turn.id in self._open or turn.done:
                return
            channel = Channel(turn, partial(self._send_of, turn.id), self._later)
            channel.pages |= self.pages
            self._open[turn.id] = channel
            turn.listen(partial(self._emit, turn.id, channel))

    def _emit(self, id: str, channel: Channel, events: Sequence[Event]) -> None:
        channel.emit(events)
        if events[-1].type == "finished":
            del self._open[id]

    def _send_of(self, id: str, message: dict[str, Any]) -> None:
        self._send({"type": "turn", "id": id, "message": message})

    def state(self, turn: Turn) -> dict[str, Any]:
        """Return what a page needs to show a turn."""
        with turn.held():
            channel = self._open.get(turn.id)
            state = channel.state() if channel else _state_of_ended(turn)
        return {"id": turn.id, **state}

    def greet(self, page: str, last: Turn | None) -> None:
        """Take note of a page. One that is new may have lost what was sent before it could listen."""
        if page in self.pages:
            return
        self.pages.add(page)
        for channel in tuple(self._open.values()):
            channel.pages.add(page)
        if last is not None:
            self.receive(last, {"type": "snapshot_request"})

    def receive(self, turn: Turn, message: Mapping[str, Any]) -> None:
        """Act on a page's message for a turn. Of one that has ended, only the snapshot can be asked for."""
        with turn.held():
            channel = self._open.get(turn.id)
            if channel is not None:
                channel.receive(message)
            elif message.get("type") == "snapshot_request":
                self._send_of(turn.id, {"type": "snapshot", **_state_of_ended(turn)})


def _state_of_ended(turn: Turn) -> dict[str, Any]:
    return {"now_s": turn.age_s, "snapshot": turn.snapshot()}
