"""Puts the settled output of an ended turn where its view was."""

from __future__ import annotations

from IPython.display import display, update_display

from glm_notebook.settle import pictures, settle
from glm_notebook.turn import Turn


def show_settled(turn: Turn, display_id: str | None, language: str) -> None:
    """Show an ended turn, in place of an output if its display id is given."""
    snapshot = turn.snapshot()
    bundle = settle(snapshot, turn.record(), language=language)
    if display_id is None:
        display(bundle, raw=True)
    else:
        update_display(bundle, raw=True, display_id=display_id)
    for picture in pictures(snapshot):
        display(picture, raw=True)
