"""What is said to one request, before it is cut into deltas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call with its id."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request; thinking is part of the completion."""

    prompt_tokens: int
    completion_tokens: int
    thinking_tokens: int | None = None
    """None if the model did not think."""
    cached_tokens: int | None = None
    """None if the model has no cache."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply, before it is cut into deltas."""

    thinking: str | None
    """None if the request switched thinking off."""
    answer: str
    calls: Sequence[Call]
    finish_reason: str
    usage: Usage
