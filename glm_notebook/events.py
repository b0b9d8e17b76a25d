"""What a turn emits while it runs, and the snapshot that those events fold into.

The wire forms are those of docs/channel.md; the page implements the same `fold`, and both are held to
``tests/contract/channel.json``. No I/O.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, TypeAlias

from glm_notebook.messages import Usage
from glm_notebook.snapshot import (
    CALL_ENDS,
    STATUS_OF_PART,
    CallState,
    Output,
    Part,
    PartKind,
    Result,
    Snapshot,
)


@dataclass(frozen=True, slots=True)
class PartStarted:
    """A new part has begun, still without text."""

    type: ClassVar[Literal["part_started"]] = "part_started"
    kind: PartKind
    at_s: float
    id: str = ""
    name: str = ""

    def to_wire(self) -> dict[str, Any]:
        """Return the event for the page."""
        return {"type": self.type, **asdict(self)}

    def fold(self, snapshot: Snapshot) -> None:
        """Append a part."""
        part: Part = {"kind": self.kind, "text": "", "started_s": self.at_s, "ended_s": None}
        if self.kind == "tool_call":
            part |= {"id": self.id, "name": self.name, "state": "writing", "run_s": None}
            part |= {"outputs": [], "result": None}
        snapshot["parts"].append(part)
        snapshot["status"] = STATUS_OF_PART[self.kind]
        snapshot["retry"] = None
        if snapshot["first_token_s"] is None:
            snapshot["first_token_s"] = self.at_s


@dataclass(frozen=True, slots=True)
class PartDelta:
    """Text to append to a part, never empty."""

    type: ClassVar[Literal["delta"]] = "delta"
    index: int
    text: str

    def to_wire(self) -> dict[str, Any]:
        """Return the event for the page."""
        return {"type": self.type, "index": self.index, "text": self.text}

    def fold(self, snapshot: Snapshot) -> None:
        """Append to the part's text."""
        snapshot["parts"][self.index]["text"] += self.text


@dataclass(frozen=True, slots=True)
class ToolNamed:
    """Id and name of a tool call that were not known when it began."""

    type: ClassVar[Literal["tool_named"]] = "tool_named"
    index: int
    id: str
    name: str

    def to_wire(self) -> dict[str, Any]:
        """Return the event for the page."""
        return {"type": self.type, **asdict(self)}

    def fold(self, snapshot: Snapshot) -> None:
        """Set both."""
        snapshot["parts"][self.index] |= {"id": self.id, "name": self.name}


@dataclass(frozen=True, slots=True)
class PartEnded:
    """A part is complete."""

    type: ClassVar[Literal["part_ended"]] = "part_ended"
    index: int
    at_s: float

    def to_wire(self) -> dict[str, Any]:
        """Return the event for the page."""
        return {"type": self.type, **asdict(self)}

    def fold(self, snapshot: Snapshot) -> None:
        """Set when it ended."""
        snapshot["parts"][self.index]["ended_s"] = self.at_s


@dataclass(frozen=True, slots=True)
class CallStateChanged:
    """A tool call waits, runs, or has ended."""

    type: ClassVar[Literal["tool_state"]] = "tool_state"
    index: int
    state: CallState
    at_s: float

    def to_wire(self) -> dict[str, Any]:
        """Return the event for the page."""
        return {"type": self.type, **asdict(self)}

    def fold(self, snapshot: Snapshot) -> None:
        """Set the state, and when the call began to run or ended."""
        part = snapshot["parts"][self.index]
        part["state"] = self.state
        if self.state == "running":
            part["run_s"] = self.at_s
        if self.state in CALL_ENDS:
            part["ended_s"] = self.at_s


@dataclass(frozen=True, slots=True)
class CallOutput:
    """A tool has printed or displayed something."""

    type: ClassVar[Literal["tool_output"]] = "tool_output"
    index: int
    output: Output

    def to_wire(self) -> dict[str, Any]:
        """Return the event for the page."""
        return {"type": self.type, **asdict(self)}

    def fold(self, snapshot: Snapshot) -> None:
        """Append it, text to the text before."""
        part = snapshot["parts"][self.index]
        part["outputs"] = with_output(part["outputs"], self.output)


def with_output(outputs: Sequence[Output], new: Output) -> list[Output]:
    """Return outputs with one more; what is printed in pieces is one output."""
    if outputs and outputs[-1]["mime"] == new["mime"] == "text/plain":
        return [*outputs[:-1], {**new, "data": outputs[-1]["data"] + new["data"]}]
    return [*outputs, new]


@dataclass(frozen=True, slots=True)
class CallResult:
    """What a tool call came to is known."""

    type: ClassVar[Literal["tool_result"]] = "tool_result"
    index: int
    result: Result

    def to_wire(self) -> dict[str, Any]:
        """Return the event for the page."""
        return {"type": self.type, **asdict(self)}

    def fold(self, snapshot: Snapshot) -> None:
        """Set it."""
        snapshot["parts"][self.index]["result"] = self.result


@dataclass(frozen=True, slots=True)
class RoundStarted:
    """The results of the tools were sent, and the model goes on."""

    type: ClassVar[Literal["round"]] = "round"
    at_s: float

    def to_wire(self) -> dict[str, Any]:
        """Return the event for the page."""
        return {"type": self.type, **asdict(self)}

    def fold(self, snapshot: Snapshot) -> None:
        """Wait for the next token."""
        snapshot["status"] = "waiting"


@dataclass(frozen=True, slots=True)
class UsageKnown:
    """Tokens so far, as the server counted them."""

    type: ClassVar[Literal["usage"]] = "usage"
    usage: Usage

    def to_wire(self) -> dict[str, Any]:
        """Return the event for the page."""
        return {"type": self.type, "usage": asdict(self.usage)}

    def fold(self, snapshot: Snapshot) -> None:
        """Replace what was known."""
        snapshot["usage"] = asdict(self.usage)


@dataclass(frozen=True, slots=True)
class Noted:
    """A short sentence for the footer."""

    type: ClassVar[Literal["note"]] = "note"
    text: str

    def to_wire(self) -> dict[str, Any]:
        """Return the event for the page."""
        return {"type": self.type, "text": self.text}

    def fold(self, snapshot: Snapshot) -> None:
        """Keep it."""
        snapshot["notes"].append(self.text)


@dataclass(frozen=True, slots=True)
class Restarted:
    """The server began the answer anew: what it has sent for this request is void."""

    type: ClassVar[Literal["restarted"]] = "restarted"
    kept: int = 0
    """How many parts there were before."""

    def to_wire(self) -> dict[str, Any]:
        """Return the event for the page."""
        return {"type": self.type, "kept": self.kept}

    def fold(self, snapshot: Snapshot) -> None:
        """Drop the parts of this request."""
        del snapshot["parts"][self.kept :]
        snapshot["status"] = "waiting"


@dataclass(frozen=True, slots=True)
class Retrying:
    """The request failed before anything came, and is sent again after a while."""

    type: ClassVar[Literal["retrying"]] = "retrying"
    message: str
    """What failed, in one sentence."""
    attempt: int
    """Number of the request that will be sent, from 2."""
    attempts: int
    """Most requests that are sent."""
    at_s: float
    delay_s: float

    def to_wire(self) -> dict[str, Any]:
        """Return the event for the page."""
        return {"type": self.type, **asdict(self)}

    def fold(self, snapshot: Snapshot) -> None:
        """Keep what is waited for."""
        snapshot["status"] = "retrying"
        snapshot["retry"] = asdict(self)


@dataclass(frozen=True, slots=True)
class Retried:
    """The wait is over: the request is sent again."""

    type: ClassVar[Literal["retried"]] = "retried"

    def to_wire(self) -> dict[str, Any]:
        """Return the event for the page."""
        return {"type": self.type}

    def fold(self, snapshot: Snapshot) -> None:
        """Wait for the first token again."""
        snapshot["status"] = "waiting"
        snapshot["retry"] = None


@dataclass(frozen=True, slots=True)
class Finished:
    """The turn has ended: always the last event, whatever the end."""

    type: ClassVar[Literal["finished"]] = "finished"
    status: str
    finish_reason: str | None
    error: Mapping[str, Any] | None
    at_s: float

    def to_wire(self) -> dict[str, Any]:
        """Return the event for the page."""
        return {"type": self.type, **asdict(self)}

    def fold(self, snapshot: Snapshot) -> None:
        """Set how it ended, and end what had not ended."""
        snapshot["status"] = self.status
        snapshot["finish_reason"] = self.finish_reason
        snapshot["error"] = None if self.error is None else dict(self.error)
        snapshot["elapsed_s"] = self.at_s
        snapshot["retry"] = None
        for part in snapshot["parts"]:
            if part["ended_s"] is None:
                part["ended_s"] = self.at_s
            if part["kind"] == "tool_call" and part["state"] not in CALL_ENDS:
                part["state"] = "stopped"


Event: TypeAlias = (
    PartStarted
    | PartDelta
    | ToolNamed
    | PartEnded
    | CallStateChanged
    | CallOutput
    | CallResult
    | RoundStarted
    | UsageKnown
    | Noted
    | Restarted
    | Retrying
    | Retried
    | Finished
)


def fold(snapshot: Snapshot, events: Iterable[Event]) -> Snapshot:
    """Return the snapshot after some events. The one given is not changed."""
    after: Snapshot = {
        **snapshot,
        "parts": [part.copy() for part in snapshot["parts"]],
        "notes": list(snapshot["notes"]),
    }
    for event in events:
        event.fold(after)
        after["seq"] += 1
    return after


def join_deltas(events: Iterable[Event]) -> list[Event]:
    """Return events that fold to the same, with the deltas of a run of one part as one."""
    joined: list[Event] = []
    texts: list[str] = []
    index = -1

    def flush() -> None:
        if texts:
            joined.append(PartDelta(index, "".join(texts)))
            texts.clear()

    for event in events:
        if not isinstance(event, PartDelta):
            flush()
            joined.append(event)
            continue
        if event.index != index:
            flush()
            index = event.index
        texts.append(event.text)
    flush()
    return joined
