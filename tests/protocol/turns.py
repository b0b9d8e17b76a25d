"""What tests of turns share."""

from __future__ import annotations

from collections.abc import Sequence

from glm_notebook.events import Event
from glm_notebook.protocol.deltas import Delta
from glm_notebook.protocol.turn import TurnState
from glm_notebook.snapshot import TurnInfo

INFO = TurnInfo("t-1", "glm-5", "glm.example", "default", False, "Who are you?")


def apply(state: TurnState, deltas: Sequence[Delta]) -> list[Event]:
    """Apply deltas at 1, 2, 3, ... seconds."""
    return [event for at_s, delta in enumerate(deltas, 1) for event in state.apply(delta, at_s)]
