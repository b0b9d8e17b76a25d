"""What a place's dialect has no field for, and what a model does not offer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glm_notebook.preflight.subject import (
    DEFAULTS,
    ERRORS,
    GLM_PAGE,
    REFERENCE,
    Problem,
    Subject,
)

_NO_FIELDS = frozenset({"stream", "strict", "thinking", "keep_thinking", "extra"})
"""Parameters that are sent by other means than a field of their name."""
_ASYNC_HEADER = "x-dashscope-async"


def check_fields(subject: Subject) -> Problem | None:
    """Find a parameter that cannot be sent, and so would have no effect."""
    for name, default in DEFAULTS.items():
        value = getattr(subject.request, name)
        if name in _NO_FIELDS or value == default or subject.dialect.takes(name):
            continue
        if name == "tool_choice" and value == "auto":  # the default everywhere
            continue
        return Problem(
            name,
            f"{name} is set, and {subject.dialect.title} has no field for it.",
            "Leave it out, or put what the server takes instead into extra",
            subject.dialect.source,
        )
    return None


def check_switch(subject: Subject) -> Problem | None:
    """Find thinking switched where there is no switch. Where it can only be switched off, it is on."""
    wanted, switch = subject.request.thinking, subject.dialect.think
    asked = switch.off if wanted is False else (switch.on or switch.off)
    if wanted is None or asked:
        return None
    return Problem(
        "thinking",
        f"thinking is {wanted}, and {subject.dialect.title} has no switch for it.",
        "Leave thinking out: the server's own setting holds",
        subject.dialect.source,
    )


def check_history(subject: Subject) -> Problem | None:
    """Find earlier thinking kept where messages have no place for it."""
    if not subject.request.keep_thinking or subject.dialect.history:
        return None
    return Problem(
        "keep_thinking",
        f"keep_thinking is set, and messages to {subject.dialect.title} have no place for thinking.",
        "Leave it out",
        subject.dialect.source,
    )


def check_web_search(subject: Subject) -> Problem | None:
    """Find web search asked of a model that has none."""
    asked = [key for key in ("enable_search", "search_options") if subject.request.extra.get(key)]
    if not asked or subject.model is None or subject.model.features.web_search is not False:
        return None
    return Problem(
        asked[0],
        f"{asked[0]} is set; {subject.model.id} offers no web search.",
        "Leave it out, and give the model a tool that searches",
        GLM_PAGE,
    )


def check_partial_mode(subject: Subject) -> Problem | None:
    """Find an answer begun for a model that does not go on with one."""
    messages = subject.request.extra.get("messages")
    begun = subject.request.extra.get("partial") or (
        isinstance(messages, list) and any(_is_partial(one) for one in messages)
    )
    if not begun or subject.model is None or subject.model.features.partial_mode is not False:
        return None
    return Problem(
        "partial",
        f"partial is set; {subject.model.id} offers no partial mode.",
        "Leave it out, and ask for the beginning in the prompt",
        GLM_PAGE,
    )


def _is_partial(message: Any) -> bool:
    return isinstance(message, Mapping) and bool(message.get("partial"))


def check_n(subject: Subject) -> Problem | None:
    """Find several answers asked for along with tools."""
    n = subject.request.extra.get("n")
    if not subject.request.tools or n in (None, 1):
        return None
    return Problem(
        "n",
        f"n is {n!r} and tools are given; with tools {subject.service} takes 1 only.",
        "Ask several times, or leave the tools out",
        REFERENCE,
    )


def check_asynchronous(subject: Subject) -> Problem | None:
    """Find the header of asynchronous calls, which no GLM model takes, given as a field."""
    for key in subject.request.extra:
        if key.lower() == _ASYNC_HEADER:
            return Problem(
                key,
                f"{key} is set; {subject.service} takes no asynchronous calls.",
                "Leave it out: answers are streamed",
                ERRORS,
            )
    return None
