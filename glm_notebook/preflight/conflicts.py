"""Parameters that exclude each other, and tools that are not well-formed."""

from __future__ import annotations

import re

from glm_notebook.preflight.subject import (
    ERRORS,
    GLM_PAGE,
    NO_THINKING,
    REFERENCE,
    REFERENCE_NEW,
    Problem,
    Subject,
)

_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TAKEN_NAME = "search"
"""A name that the service keeps for itself (its error messages, "Tool names are not allowed to be [search]")."""


def check_thinking_off(subject: Subject) -> Problem | None:
    """Find thinking switched off on a model that always thinks."""
    request = subject.request
    if not subject.always_thinks:
        return None
    if request.thinking is False:
        field, given = "thinking", "False"
    elif request.effort in NO_THINKING:
        field, given = "effort", repr(request.effort)
    else:
        return None
    return Problem(
        field,
        f"{field} is {given}; {subject.service} always thinks, and takes thinking=True only.",
        "Leave it out; to have it think less, set effort='low'",
        REFERENCE_NEW,
    )


def check_budget(subject: Subject) -> Problem | None:
    """Find a budget for a model that knows none."""
    budget, model = subject.request.thinking_budget, subject.model
    if budget is None or model is None or model.features.thinking_budget != "no":
        return None
    return Problem(
        "thinking_budget",
        f"thinking_budget is {budget}; {model.id} takes no limit on its thinking.",
        "Leave it out, or set max_completion_tokens",
        f"{model.source}, {model.date}",
    )


def check_json_mode(subject: Subject) -> Problem | None:
    """Find JSON mode while the model thinks."""
    request = subject.request
    if not request.json_mode or not subject.thinks:
        return None
    if subject.always_thinks:
        return Problem(
            "json_mode",
            f"json_mode is set; {subject.service} always thinks, and JSON mode needs thinking off.",
            "Leave it out, ask for JSON in the prompt and check what comes",
            ERRORS,
        )
    why = "thinking is on" if request.thinking else f"{subject.service} thinks by default"
    return Problem(
        "json_mode",
        f"json_mode is set and {why}; JSON mode needs thinking off.",
        "Set thinking=False",
        f"{GLM_PAGE}; {ERRORS}",
    )


def check_json_word(subject: Subject) -> Problem | None:
    """Find JSON mode without the word that the service wants to see in some message."""
    request = subject.request
    if not request.json_mode or "messages" in request.extra:
        return None
    if any("json" in one.content.lower() for one in request.messages):
        return None
    return Problem(
        "json_mode",
        f"json_mode is set, and no message has the word JSON, which {subject.service} wants.",
        "Say in the prompt that the answer has to be JSON",
        ERRORS,
    )


def check_tool_names(subject: Subject) -> Problem | None:
    """Find a tool by a name that the service does not take."""
    for tool in subject.request.tools:
        if tool.name == _TAKEN_NAME:
            return Problem(
                "tools",
                f"tools has one called {tool.name!r}, a name that {subject.service} does not take.",
                "Give it another name",
                ERRORS,
            )
        if not _TOOL_NAME.fullmatch(tool.name):
            return Problem(
                "tools",
                f"tools has one called {tool.name[:80]!r}; {subject.service} takes letters, digits,"
                " _ and -, at most 64 of them.",
                "Give it another name",
                REFERENCE,
            )
    return None


def check_choice_known(subject: Subject) -> Problem | None:
    """Find a choice of a tool that is not given."""
    names = [tool.name for tool in subject.request.tools]
    if subject.forced_tool in ("", "required", *names):
        return None
    return Problem(
        "tool_choice",
        f"tool_choice is {subject.forced_tool!r}, which is no tool of this request"
        f" ({', '.join(names) or 'it has none'}).",
        "Name one that is, or leave it out",
        ERRORS,
    )


def check_choice_required(subject: Subject) -> Problem | None:
    """Find a tool required, whichever, of a model of which that cannot be asked."""
    if subject.forced_tool != "required" or subject.model is None:
        return None
    return Problem(
        "tool_choice",
        f"tool_choice is 'required'; {subject.service} takes auto, none or, with thinking off, a"
        " tool's name.",
        "Name the tool, or leave it out",
        f"{REFERENCE}; {ERRORS}",
    )


def check_choice_thinking(subject: Subject) -> Problem | None:
    """Find a tool forced on a model that thinks."""
    if not subject.forced_tool or not subject.thinks:
        return None
    forced = f"tool_choice is {subject.forced_tool!r}"
    if subject.always_thinks:
        what, way_out = (
            f"{subject.service} always thinks",
            "Leave it out, and ask for it in the prompt",
        )
    else:
        what, way_out = "the model thinks", "Set thinking=False, or leave it out"
    return Problem(
        "tool_choice",
        f"{forced} and {what}; while it thinks, {subject.service} takes auto or none only.",
        way_out,
        f"{REFERENCE}; {ERRORS}",
    )


def check_tool_stream(subject: Subject) -> Problem | None:
    """Find arguments wanted in pieces of an answer that comes whole."""
    if not subject.request.tool_stream or subject.request.stream:
        return None
    return Problem(
        "tool_stream",
        "tool_stream is set and stream is off; it takes effect with stream=True only.",
        "Set stream=True, or leave it out",
        GLM_PAGE,
    )
