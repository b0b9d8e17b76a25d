"""What is changed in a request that an endpoint refused for one option, so that it can be sent once more. No I/O.

Only options that the refusal names are changed, once, and the answer says so in a note.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from glm_notebook.errors import BadRequestError, GLMError
from glm_notebook.messages import Request


@dataclass(frozen=True, slots=True)
class Amendment:
    """A changed request, and what a reader is told of the change."""

    request: Request
    note: str


@dataclass(frozen=True, slots=True)
class _Rule:
    """One refusal that a change answers (protocol notes, 3.3 and 5.2)."""

    words: Sequence[str]
    """Of the code or the message, in lower case."""
    applies: Callable[[Request], bool]
    changes: dict[str, Any]
    note: str


_RULES: Sequence[_Rule] = (
    _Rule(
        ("notsupportenablethinking", "does not support thinking"),
        lambda request: request.thinking is not None or request.thinking_budget is not None,
        {"thinking": None, "thinking_budget": None},
        "asked again without a thinking switch",
    ),
    _Rule(
        ("restricted to true",),
        lambda request: request.thinking is False,
        {"thinking": None},
        "asked again with thinking",
    ),
    _Rule(
        ("tool_choice",),
        lambda request: request.tool_choice not in (None, "auto", "none"),
        {"tool_choice": None},
        "asked again without a forced tool",
    ),
    _Rule(
        ("json mode response is not supported",),
        lambda request: request.json_mode and request.thinking is None,
        {"thinking": False},
        "asked again without thinking",
    ),
    _Rule(
        ("only support stream", "support stream mode", "for non-streaming calls"),
        lambda request: not request.stream,
        {"stream": True},
        "asked again as a stream",
    ),
)


def amendment_for(error: GLMError, request: Request) -> Amendment | None:
    """Return the change that may make a refused request pass; None if there is none."""
    if not isinstance(error, BadRequestError):
        return None
    said = f"{error.code} {error.message}".lower()
    for rule in _RULES:
        if any(word in said for word in rule.words) and rule.applies(request):
            return Amendment(replace(request, **rule.changes), rule.note)
    return None
