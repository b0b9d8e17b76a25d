"""What a turn asks of the model. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from glm_notebook.messages import Message, Parameters, Request


@dataclass(frozen=True, slots=True)
class Settings(Parameters):
    """What a turn asks of the model."""

    model: str = "glm-5"
    system: str | None = None

    def parameters(self) -> dict[str, Any]:
        """Return what was set, but for the model and the system prompt."""
        return {
            one.name: value
            for one in fields(Parameters)
            if (value := getattr(self, one.name)) != _DEFAULTS[one.name]
        }

    def request(self, messages: Sequence[Message]) -> Request:
        """Put history and settings together."""
        system = (Message("system", self.system),) if self.system else ()
        return Request(self.model, (*system, *messages), **self.parameters())


_DEFAULTS = {one.name: getattr(Parameters(), one.name) for one in fields(Parameters)}
