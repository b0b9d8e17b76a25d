"""The widget that shows one turn while it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from glm_notebook.widgets.page import PageWidget, Receive


class TurnWidget(PageWidget):
    """A view of one turn, fed by a `Channel`.

    Parameters
    ----------
    read_state : callable
        The channel's `state`.
    receive : callable
        The channel's `receive`.
    language : str
        BCP 47 tag of the words around the answer; empty for the page's own.
    """

    def __init__(
        self, read_state: Callable[[], dict[str, Any]], receive: Receive, language: str = ""
    ) -> None:
        super().__init__("cell", read_state, receive, language=language)
