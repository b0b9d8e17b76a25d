"""The length of the input, estimated without a tokenizer so that it is never too high."""

from __future__ import annotations

import re
from collections.abc import Sequence

from glm_notebook.messages import Request, ToolCall
from glm_notebook.preflight.subject import Problem, Subject

LONGEST_IDEOGRAPHIC_TOKEN = 16
"""Characters. Real text has one or two to a token."""

_IDEOGRAPH = re.compile("[\u3400-\u9fff]")


def check_size(subject: Subject) -> Problem | None:
    """Find an input that is too long by the lowest count there can be."""
    if subject.model is None or subject.model.limits.max_input is None:
        return None
    most = subject.model.limits.max_input
    tokens = least_tokens(subject.request, most)
    if tokens <= most:
        return None
    return Problem(
        "messages",
        f"messages is too long: an estimate of at least {tokens:,} tokens; {subject.model.id} takes"
        f" at most {most:,} as input.",
        "Leave some of the history out, or shorten the prompt",
        f"{subject.model.source}, {subject.model.date}",
    )


def least_tokens(request: Request, of_interest: int = 0) -> int:
    """Return a number of tokens that the messages have at the very least.

    Parameters
    ----------
    request : Request
        Its messages are counted: contents, and arguments of calls. Thinking may be dropped by the service.
    of_interest : int
        Where even one token for each character would not be more than this, nothing is counted and 0 returned.
    """
    texts = [text for one in request.messages for text in _texts(one.content, one.tool_calls)]
    if sum(map(len, texts)) <= of_interest:
        return 0
    return sum(map(_least, texts))


def _texts(content: str, calls: Sequence[ToolCall]) -> tuple[str, ...]:
    return (content, *(call.arguments for call in calls))


def _least(text: str) -> int:
    """Count what no token spans: words between white space, or else the longest runs that a vocabulary may hold."""
    ideographs = sum(1 for _ in _IDEOGRAPH.finditer(text))
    return max(len(text.split()), ideographs // LONGEST_IDEOGRAPHIC_TOKEN)
