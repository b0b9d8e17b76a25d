"""What is checked, and what a check finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, TypeAlias

from glm_notebook.catalogue import Model
from glm_notebook.dialects import Dialect
from glm_notebook.messages import Parameters, Request

MODELSTUDIO = "modelstudio"
"""The dialect whose service the catalogue and the rules on values are of."""
NO_THINKING = ("none", "minimal")
"""Efforts that ask for no thinking (protocol notes, 3.1)."""

# Sources of rules, as they are given with a refusal.
GLM_PAGE = "Model Studio, GLM, 2026-03-15"
REFERENCE = "Model Studio, chat completions, read 2026-08-22"
REFERENCE_NEW = "Model Studio, chat completions, read 2026-09-18"
ERRORS = "Model Studio, error messages, read 2026-11"

DEFAULTS = {one.name: getattr(Parameters(), one.name) for one in fields(Parameters)}
"""What every parameter is where nothing was set."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request cannot work."""

    field: str
    """By its name in `Request`, or the key in `Request.extra`."""
    what: str
    """One sentence that names field, limit and what was given."""
    way_out: str
    source: str


@dataclass(frozen=True, slots=True)
class Subject:
    """A request, where it goes, and what is known of its model there."""

    request: Request
    dialect: Dialect
    model: Model | None

    @property
    def is_modelstudio(self) -> bool:
        """Whether the rules of Model Studio hold."""
        return self.dialect.name == MODELSTUDIO

    @property
    def service(self) -> str:
        """What takes or refuses the request, by name."""
        return self.model.id if self.model else self.dialect.title

    @property
    def always_thinks(self) -> bool:
        """Whether it is known that thinking cannot be switched off."""
        return self.model is not None and self.model.thinking == "always"

    @property
    def thinks(self) -> bool:
        """Whether it is known that the model will think before it answers."""
        if self.model is None or self.request.effort in NO_THINKING:
            return self.always_thinks
        if self.request.thinking is not None:
            return self.request.thinking or self.always_thinks
        return self.always_thinks or self.model.defaults.thinking is True

    @property
    def forced_tool(self) -> str:
        """The `tool_choice` that leaves the model no choice; empty if it has one."""
        choice = self.request.tool_choice
        return "" if choice in (None, "auto", "none") else str(choice)


Check: TypeAlias = Callable[[Subject], Problem | None]


def subject(request: Request, dialect: Dialect, model: Model | None) -> Subject:
    """Put together what is checked: of the request as it will be sent, of the model what holds in that place."""
    known = model if dialect.name == MODELSTUDIO else None
    return Subject(_as_sent(request, dialect), dialect, known)


def _as_sent(request: Request, dialect: Dialect) -> Request:
    """Take out what a field of `extra` writes over: that is sent as it is, and not for us to judge."""
    keys = request.extra.keys()
    changes: dict[str, Any] = {
        name: DEFAULTS[name] for name, path in dialect.fields.items() if path.split(".")[0] in keys
    }
    if "effort" in changes:  # which says whether it thinks at all
        changes["effort"] = request.extra.get(dialect.fields["effort"])
    if written := keys & {*dialect.think.on, *dialect.think.off}:
        value = request.extra[written.pop()]
        changes["thinking"] = value if isinstance(value, bool) else None
    return replace(request, **changes)
