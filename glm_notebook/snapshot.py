"""A turn at one moment, in the form of docs/channel.md. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypedDict

PartKind = Literal["thinking", "text", "tool_call"]
CallState = Literal[
    "writing", "queued", "asking", "waiting", "running", "done", "failed", "declined", "stopped"
]
CALL_ENDS = ("done", "failed", "declined", "stopped")

STATUS_OF_PART: Mapping[PartKind, str] = {
    "thinking": "thinking",
    "text": "answering",
    "tool_call": "calling",
}


class Output(TypedDict):
    """Something that a tool printed or displayed."""

    mime: str
    data: str
    """Text, or base64 where the type is of no text."""


class Result(TypedDict):
    """What a tool call came to."""

    text: str
    """What the model is told."""
    traceback: str
    """Of the reader's own code; empty if nothing was raised."""


class Part(TypedDict, total=False):
    """A piece of a turn, in a snapshot. From `id` on, the fields are a tool call's only."""

    kind: PartKind
    text: str
    started_s: float
    ended_s: float | None
    id: str
    name: str
    state: CallState
    run_s: float | None
    outputs: list[Output]
    result: Result | None


class Snapshot(TypedDict):
    """A turn at one moment, as docs/channel.md describes it."""

    version: int
    seq: int
    turn: dict[str, Any]
    status: str
    parts: list[Part]
    usage: dict[str, int | None] | None
    finish_reason: str | None
    first_token_s: float | None
    elapsed_s: float | None
    error: dict[str, Any] | None
    retry: dict[str, Any] | None
    notes: list[str]


@dataclass(frozen=True, slots=True)
class TurnInfo:
    """What a turn is known by: the ``turn`` of a snapshot."""

    id: str
    model: str
    endpoint: str
    """Host, with a port if it has one; never a URL."""
    conversation: str
    simulated: bool
    prompt: str
    attachments: tuple[Mapping[str, Any], ...] = ()
    """What was sent along with the prompt, as a page shows it."""

    def to_wire(self) -> dict[str, Any]:
        """Return it for a snapshot."""
        wire = asdict(self)
        if not self.attachments:
            del wire["attachments"]
        return wire
