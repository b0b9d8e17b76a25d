"""Puts outputs into the notebook, and what is settled where a view was."""

from __future__ import annotations

from typing import Any

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
        replace(bundle, display_id)
    for picture in pictures(snapshot):
        display(picture, raw=True)


def place(bundle: dict[str, Any], display_id: str, metadata: dict[str, Any] | None = None) -> None:
    """Show a MIME bundle that `replace` finds again."""
    display(bundle, raw=True, display_id=display_id, metadata=metadata)


def replace(bundle: dict[str, Any], display_id: str) -> None:
    """Show a MIME bundle where others are shown."""
    update_display(bundle, raw=True, display_id=display_id)
