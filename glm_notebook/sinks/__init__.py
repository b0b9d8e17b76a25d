"""Where a turn is shown while it runs, and what is left when it has ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from glm_notebook.events import Event


class Sink(Protocol):
    """One way to show one turn. Made before the turn starts."""

    def emit(self, events: Sequence[Event]) -> None:
        """Take events, on the thread that feeds the turn."""

    def tick(self) -> None:
        """Do what is due, on the thread that waits for the turn; called many times a second."""

    def end(self) -> None:
        """Leave what stays, on the thread that waited; called once, whatever the end."""
