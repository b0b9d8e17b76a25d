"""What of a chat can be set and observed: by pages, by Python, by both."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import partial
from typing import Any

import traitlets

from glm_notebook.home import Home
from glm_notebook.messages import Message
from glm_notebook.runner import main_work
from glm_notebook.widgets.page import PageWidget

OF_PAGES = (
    "model",
    "thinking",
    "thinking_budget",
    "temperature",
    "system",
    "use_tools",
    "language",
)
"""The traits that a page may set."""


class ChatTraits(PageWidget):
    """The traits of a chat. Those that a page may set count from the next turn on.

    Parameters
    ----------
    home : Home
        Where the code of the user runs.
    *arguments, **values
        As for `PageWidget`.
    """

    model = traitlets.Unicode("glm-5").tag(sync=True)
    thinking = traitlets.Bool(None, allow_none=True).tag(sync=True)
    thinking_budget = traitlets.Int(None, allow_none=True, min=1).tag(sync=True)
    temperature = traitlets.Float(None, allow_none=True, min=0.0, max=2.0).tag(sync=True)
    system = traitlets.Unicode().tag(sync=True)
    use_tools = traitlets.Bool(True).tag(sync=True)
    models = traitlets.List(traitlets.Unicode(), read_only=True).tag(sync=True)
    """The ids of the catalogue and, once a page has asked, those that the endpoint lists. Others can be set too."""
    messages = traitlets.List(traitlets.Instance(Message), read_only=True)
    """The history, as the next prompt is sent with it."""
    usage = traitlets.Dict(read_only=True)
    """Tokens of all turns together; a field that no turn knows is None."""
    status = traitlets.Enum(("idle", "running"), "idle", read_only=True)

    def __init__(self, home: Home, *arguments: Any, **values: Any) -> None:
        self.home = home
        """Where the code of the user runs, and so observers are called."""
        self._lock = threading.RLock()
        super().__init__(*arguments, **values)

    def set_state(self, sync_data: Mapping[str, Any]) -> None:
        """Take what a page has set, one by one; what is no value is put back there."""
        for name, value in sync_data.items():
            try:
                if name in OF_PAGES:
                    super().set_state({name: value})
            except traitlets.TraitError:
                self.send_state(name)

    def publish(self, values: Mapping[str, Any]) -> None:
        """Let values be read at once, and have observers called where code of the user may run."""
        with self._lock:
            for name, new in values.items():
                old = getattr(self, name)
                if new == old:
                    continue
                self._trait_values[name] = new
                change = {"name": name, "old": old, "new": new, "owner": self, "type": "change"}
                notify = partial(self.notify_change, traitlets.Bunch(change))
                main_work.submit(notify, self.home.loop)

    def settings(self) -> dict[str, Any]:
        """Return what the next turn is asked with, as for `Conversation.prepare`."""
        return {
            "model": self.model,
            "thinking": self.thinking,
            "thinking_budget": self.thinking_budget,
            "temperature": self.temperature,
            "system": self.system or None,
            "tools": None if self.use_tools else (),
        }

    @traitlets.default("models")
    def _models_of_catalogue(self) -> list[str]:
        from glm_notebook import catalogue

        return [one.id for one in catalogue.models()]

    @traitlets.validate("model")
    def _model_is_named(self, proposal: dict[str, Any]) -> str:
        name = str(proposal["value"]).strip()
        if not name:
            raise traitlets.TraitError("A model needs a name.")
        return name
