"""The widget that shows one turn while it runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import traitlets

STATIC = Path(__file__).parent / "static"


@cache
def _asset(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")


class TurnWidget(anywidget.AnyWidget):
    """A view of one turn, fed by a `Channel`.

    Parameters
    ----------
    read_state : callable
        Returns the channel's `state()`. It is asked for whenever a page wants the whole widget (at the start,
        in a second view, after a reload), and its answer is never sent as a change of the trait.
    language : str
        BCP 47 tag of the words around the answer; empty for the page's own.
    """

    # Traits of ours, because anywidget makes none of what is not known when the class is.
    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
    language = traitlets.Unicode().tag(sync=True)

    def __init__(self, read_state: Callable[[], dict[str, Any]], language: str = "") -> None:
        self._read_state = read_state
        super().__init__(_esm=_asset("cell.js"), _css=_asset("cell.css"), language=language)

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """Return the synced traits, with `state` as it is now."""
        values: dict[str, Any] = super().get_state(key, drop_defaults)
        if "state" in values:
            values["state"] = self._read_state()
        return values

    def close(self) -> None:
        """Take the widget, and the layout that came with it, off every page."""
        layout = self.layout
        super().close()
        layout.close()
