"""Numbers that have to lie within a range."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from glm_notebook.catalogue import Limits
from glm_notebook.preflight.subject import ERRORS, REFERENCE, Problem, Subject

_NOT_IN_JSON = (math.inf, -math.inf)  # nor is NaN, which is in no range anyway


@dataclass(frozen=True, slots=True)
class Range:
    """Which values a field may have."""

    field: str
    source: str
    low: int = 0
    high: float = math.inf
    whole: bool = False
    low_excluded: bool = False
    high_excluded: bool = False

    def holds(self, value: object) -> bool:
        """Tell whether a value is a number in this range."""
        kinds = int if self.whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or value in _NOT_IN_JSON:
            return False
        above = value > self.low or (value == self.low and not self.low_excluded)
        below = value < self.high or (value == self.high and not self.high_excluded)
        return above and below

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        words = f"{'above' if self.low_excluded else 'of at least'} {self.low:,}"
        if math.isfinite(self.high):
            words += f" and {'below' if self.high_excluded else 'at most'} {self.high:,}"
        return f"{kind} {words}"


_OF_THE_SERVICE = (
    Range("temperature", ERRORS, high=2, high_excluded=True),
    Range("top_p", ERRORS, high=1, low_excluded=True),
    Range("top_k", ERRORS, whole=True),
    Range("repetition_penalty", ERRORS, low_excluded=True),
    Range("presence_penalty", ERRORS, low=-2, high=2),
    Range("seed", REFERENCE, high=2**31 - 1, whole=True),
)


def check_ranges(subject: Subject) -> Problem | None:
    """Find a number that the service, or the model, does not take."""
    for one in (*_OF_THE_SERVICE, *_of_the_model(subject)):
        value = getattr(subject.request, one.field)
        if value is not None and not one.holds(value):
            return Problem(
                one.field,
                f"{one.field} is {_shown(value)}; {subject.service} takes {one}.",
                "Set it within that range, or leave it out",
                one.source,
            )
    return None


def _of_the_model(subject: Subject) -> Iterator[Range]:
    if subject.model is None:
        for name in ("thinking_budget", "max_tokens", "max_completion_tokens"):
            yield Range(name, ERRORS, low=1, whole=True)
        return
    limits = subject.model.limits
    source = f"{subject.model.source}, {subject.model.date}"
    if subject.model.features.thinking_budget != "ignored":  # then no value is refused
        yield _tokens("thinking_budget", limits.max_thinking, source)
    yield _tokens("max_tokens", _most_tokens(limits), source)
    yield _tokens("max_completion_tokens", limits.max_output, source)


def _most_tokens(limits: Limits) -> int | None:
    """Return the highest ``max_tokens``: where it counts thinking too, or may, the sum of both."""
    return limits.max_answer if limits.max_tokens == "answer" else limits.max_output


def _tokens(field: str, most: int | None, source: str) -> Range:
    return Range(field, source, low=1, high=math.inf if most is None else most, whole=True)


def _shown(value: object) -> str:
    """Return a value as a person writes it, and no more than a line of it."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,}"
    return repr(value)[:40]
