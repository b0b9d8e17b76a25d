"""Deltas: fragments of an answer, the same whichever protocol brought them.

A codec turns bytes into these; `turn.TurnState` turns these into events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from glm_notebook.messages import Usage


@dataclass(frozen=True, slots=True)
class ResponseStarted:
    """The first sign of the answer, with what identifies it at the service."""

    response_id: str
    model: str


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """A piece of thinking, never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer, never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of a tool call, as it came: any of its fields may be missing (protocol notes, 3.4)."""

    index: int | None
    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class UsageDelta:
    """Tokens so far; a later one replaces it."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class FinishDelta:
    """The model has ended, with the reason in the service's words."""

    reason: str


@dataclass(frozen=True, slots=True)
class RestartDelta:
    """The server began the answer anew: what came before is void (protocol notes, case 27)."""


@dataclass(frozen=True, slots=True)
class RetryDelta:
    """The request failed before anything came, and is sent again after a wait. Made by the client, by no codec."""

    message: str
    attempt: int
    """Number of the request that will be sent, from 2."""
    attempts: int
    """Most requests that are sent."""
    delay_s: float


@dataclass(frozen=True, slots=True)
class RetriedDelta:
    """The wait is over: the request is sent again."""


@dataclass(frozen=True, slots=True)
class NoteDelta:
    """Something odd about the stream that a reader may want to know, in one short sentence."""

    text: str


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """What an endpoint said when it refused or broke off, in any of its shapes (protocol notes, 5.1)."""

    status: int | None
    """HTTP status, or the logical one that was sent inside a stream."""
    code: str
    message: str
    request_id: str


@dataclass(frozen=True, slots=True)
class ErrorDelta:
    """An error that came inside the stream. Nothing after it counts."""

    info: ErrorInfo


Delta: TypeAlias = (
    ResponseStarted
    | ThinkingDelta
    | TextDelta
    | ToolCallDelta
    | UsageDelta
    | FinishDelta
    | RestartDelta
    | RetryDelta
    | RetriedDelta
    | NoteDelta
    | ErrorDelta
)
