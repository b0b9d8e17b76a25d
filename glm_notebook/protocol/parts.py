"""The parts of a turn while they grow. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from glm_notebook.messages import Message, ToolCall
from glm_notebook.protocol.tool_calls import ToolCallSlot
from glm_notebook.snapshot import CallState, Output, Part, PartKind, Result

FORGOTTEN = -1
"""The round of calls that are shown, and left out of the history."""


class CallPart:
    """What becomes of a tool call beside its arguments."""

    __slots__ = ("outputs", "result", "run_s", "slot", "state")

    def __init__(self, slot: ToolCallSlot) -> None:
        self.slot = slot
        self.state: CallState = "writing"
        self.run_s: float | None = None
        self.outputs: list[Output] = []
        self.result: Result | None = None

    def to_wire(self) -> Part:
        """Return it for a snapshot."""
        return {
            "id": self.slot.id,
            "name": self.slot.name,
            "state": self.state,
            "run_s": self.run_s,
            "outputs": self.outputs,
            "result": self.result,
        }


@dataclass(frozen=True, slots=True)
class Round:
    """What one request of a turn has brought: what the history needs to know."""

    text: str
    thinking: str
    calls: tuple[tuple[ToolCall, str | None], ...]
    """Each with what the model was told of it; None if it was told nothing."""

    def messages(self) -> Iterator[Message]:
        """Yield what it adds to the history: a call without an answer is none, the service would refuse it."""
        answered = [(call, told) for call, told in self.calls if told is not None]
        if self.text or self.thinking or answered:
            calls = tuple(call for call, _ in answered)
            yield Message("assistant", self.text, self.thinking, calls)
        for call, told in answered:
            yield Message("tool", told, tool_call_id=call.id)


class GrowingPart:
    """A part while it grows: its text is joined only when somebody reads it."""

    __slots__ = ("_pieces", "call", "ended_s", "kind", "round", "started_s")

    def __init__(
        self, kind: PartKind, at_s: float, round_: int, call: CallPart | None = None
    ) -> None:
        self.kind = kind
        self.started_s = at_s
        self.round = round_
        self.ended_s: float | None = None
        self.call = call
        self._pieces: list[str] = []

    def append(self, text: str) -> None:
        """Add a piece."""
        self._pieces.append(text)

    @property
    def text(self) -> str:
        """What has come, joined."""
        if self.call is not None:
            return self.call.slot.arguments
        if len(self._pieces) > 1:
            self._pieces[:] = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    def copy(self) -> GrowingPart:
        """Return another one that begins as this one is."""
        other = GrowingPart(self.kind, self.started_s, self.round, self.call)
        other.ended_s = self.ended_s
        if self.call is None:
            other.append(self.text)
        return other

    def to_wire(self) -> Part:
        """Return it for a snapshot."""
        part: Part = {
            "kind": self.kind,
            "text": self.text,
            "started_s": self.started_s,
            "ended_s": self.ended_s,
        }
        if self.call is not None:
            part |= self.call.to_wire()
        return part


class Given:
    """What a turn begins with that goes on with another one's answer, which is the last of these parts."""

    def __init__(self, parts: Sequence[GrowingPart] = (), round_: int = -1) -> None:
        self.parts = tuple(parts)
        self.round = round_

    def place_in(self, parts: Sequence[GrowingPart]) -> int:
        """Return where the answer is that is to grow, if nothing but thinking has come after it; else -1."""
        for index in range(len(parts) - 1, -1, -1):
            if self.parts and parts[index] is self.parts[-1]:
                return index
            if parts[index].kind != "thinking":
                break
        return -1
