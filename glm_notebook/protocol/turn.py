"""The state of one turn: deltas in, events out. No I/O, no clock: times are given.

What `TurnState.snapshot` returns is what the events fold to (`glm_notebook.events.fold`), so that a page that saw
every event and one that asks later show the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from glm_notebook.errors import GLMError, describe
from glm_notebook.events import (
    CallOutput,
    CallResult,
    CallStateChanged,
    Event,
    Finished,
    Noted,
    PartDelta,
    PartEnded,
    PartStarted,
    Restarted,
    Retried,
    Retrying,
    RoundStarted,
    ToolNamed,
    UsageKnown,
    with_output,
)
from glm_notebook.messages import ToolCall, Usage, plus
from glm_notebook.protocol.deltas import (
    Delta,
    ErrorDelta,
    FinishDelta,
    NoteDelta,
    ResponseStarted,
    RestartDelta,
    RetriedDelta,
    RetryDelta,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    UsageDelta,
)
from glm_notebook.protocol.parts import FORGOTTEN, CallPart, Given, GrowingPart, Round
from glm_notebook.protocol.tool_calls import ToolCallSlot, ToolCallSlots
from glm_notebook.snapshot import (
    CALL_ENDS,
    STATUS_OF_PART,
    CallState,
    Output,
    PartKind,
    Snapshot,
    TurnInfo,
)

VERSION = 1


class TurnState:
    """What a turn has come to.

    Parameters
    ----------
    info : TurnInfo
        What it is known by.
    """

    def __init__(self, info: TurnInfo) -> None:
        self.info = info
        self.status = "waiting"
        self.usage: Usage | None = None
        self.finish_reason: str | None = None
        self.notes: list[str] = []
        self.response_id = ""
        """The service's id of the answer, for its support."""
        self._seq = 0
        self._parts: list[GrowingPart] = []
        self._calls = ToolCallSlots()
        """Of the round that runs: a server numbers the calls of each anew."""
        self._index_of: dict[ToolCallSlot, int] = {}
        self._round = 0
        self.last_usage: Usage | None = None
        """Of the last request alone."""
        self._used_before: Usage | None = None
        """By the rounds before this one."""
        self._first_token_s: float | None = None
        self._elapsed_s: float | None = None
        self._error: dict[str, Any] | None = None
        self._retrying: Retrying | None = None
        self._given = Given()

    def go_on_from(self, other: TurnState) -> None:
        """Begin with what an ended turn has come to. What comes next goes on with its last part, the answer."""
        self._parts, self._round = [part.copy() for part in other._parts], other._round
        self._given = Given(self._parts, self._round)
        self.usage = self._used_before = other.usage
        self.notes = list(other.notes)
        self._first_token_s = other._first_token_s

    @property
    def text(self) -> str:
        """The answer so far; stretches that thinking or calls interrupted are set apart by a blank line."""
        return "\n\n".join(part.text for part in self._parts if part.kind == "text")

    @property
    def thinking(self) -> str:
        """The thinking so far."""
        return "\n\n".join(part.text for part in self._parts if part.kind == "thinking")

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The calls that the model asked for, as far as they have come."""
        return [call for one in self.rounds for call, _ in one.calls]

    @property
    def rounds(self) -> list[Round]:
        """What each request of the turn has brought so far: the first, and one for each time that tools were called."""
        return [self._round_of(number) for number in range(self._round + 1)]

    @property
    def asked_calls(self) -> list[tuple[int, ToolCall]]:
        """The calls of the round that runs, each with the index of its part."""
        return [
            (self._index_of[slot], slot.finished())
            for slot in self._calls.slots
            if slot.id or slot.name
        ]

    @property
    def has_output(self) -> bool:
        """Whether anything came that a reader can see."""
        return bool(self._parts)

    @property
    def ends_in_text(self) -> bool:
        """Whether what came last is a piece of the answer."""
        return bool(self._parts and self._parts[-1].kind == "text" and self._parts[-1].text.strip())

    @property
    def elapsed_s(self) -> float | None:
        """How long an ended turn took, in seconds; None while it runs."""
        return self._elapsed_s

    @property
    def ended(self) -> bool:
        """Whether `finish` was called."""
        return self._elapsed_s is not None

    def apply(self, delta: Delta, at_s: float) -> list[Event]:
        """Take a delta, and return the events it makes.

        Parameters
        ----------
        delta : Delta
            From a codec; an `ErrorDelta` is the client's business and makes none.
        at_s : float
            Seconds since the start of the turn.
        """
        if self._elapsed_s is not None:  # `ended`, of which every delta asks
            return []
        events = _APPLY[type(delta)](self, delta, at_s)
        self._seq += len(events)
        return events

    def finish(self, status: str, at_s: float, *, error: GLMError | None = None) -> list[Event]:
        """End the turn, and return the events of that; none if it had ended already."""
        if self.ended:
            return []
        events = self._remarks() if status == "complete" else []
        self.status, self._elapsed_s = status, at_s
        self._retrying = None
        self._error = None if error is None else describe(error)
        for part in self._parts:
            part.ended_s = at_s if part.ended_s is None else part.ended_s
            if part.call is not None and part.call.state not in CALL_ENDS:
                part.call.state = "stopped"
        events.append(Finished(status, self.finish_reason, self._error, at_s))
        self._seq += len(events)
        return events

    def change_call(self, index: int, state: CallState, at_s: float) -> list[Event]:
        """Say what becomes of a tool call, by the index of its part; nothing more once it has ended."""
        call = self._parts[index].call if not self.ended else None
        if call is None or call.state in CALL_ENDS:
            return []
        call.state = state
        if state == "running":
            call.run_s = at_s
        if state in CALL_ENDS:
            self._parts[index].ended_s = at_s
        return self._counted([CallStateChanged(index, state, at_s)])

    def add_output(self, index: int, output: Output) -> list[Event]:
        """Keep what a tool has printed or displayed."""
        call = self._parts[index].call if not self.ended else None
        if call is None:
            return []
        call.outputs = with_output(call.outputs, output)
        return self._counted([CallOutput(index, output)])

    def set_result(self, index: int, text: str, traceback: str = "") -> list[Event]:
        """Keep what the model is told of a tool call."""
        call = self._parts[index].call if not self.ended else None
        if call is None:
            return []
        call.result = {"text": text, "traceback": traceback}
        return self._counted([CallResult(index, call.result)])

    def begin_round(self, at_s: float) -> list[Event]:
        """Begin the next request of the turn, with the results of the tools."""
        if self.ended:
            return []
        self._round += 1
        self._calls, self._index_of = ToolCallSlots(), {}
        self._used_before, self.finish_reason = self.usage, None
        self.status = "waiting"
        return self._counted([*self._end_last(at_s), RoundStarted(at_s)])

    def forget_round(self) -> None:
        """Leave the calls of the round that runs out of the history: they are not answered."""
        for index, _ in self.asked_calls:
            self._parts[index].round = FORGOTTEN

    def _counted(self, events: list[Event]) -> list[Event]:
        self._seq += len(events)
        return events

    def _round_of(self, number: int) -> Round:
        parts = [part for part in self._parts if part.round == number]
        return Round(
            "\n\n".join(part.text for part in parts if part.kind == "text"),
            "\n\n".join(part.text for part in parts if part.kind == "thinking"),
            tuple(
                (call.slot.finished(), None if call.result is None else call.result["text"])
                for part in parts
                if (call := part.call) is not None and (call.slot.id or call.slot.name)
            ),
        )

    def snapshot(self) -> Snapshot:
        """Return the turn as docs/channel.md describes it."""
        return {
            "version": VERSION,
            "seq": self._seq,
            "turn": self.info.to_wire(),
            "status": self.status,
            "parts": [part.to_wire() for part in self._parts],
            "usage": None if self.usage is None else asdict(self.usage),
            "finish_reason": self.finish_reason if self.ended else None,
            "first_token_s": self._first_token_s,
            "elapsed_s": self._elapsed_s,
            "error": self._error,
            "retry": None if self._retrying is None else asdict(self._retrying),
            "notes": list(self.notes),
        }

    def _remarks(self) -> list[Event]:
        """Say what a reader would wonder about in an answer that came whole (protocol notes, 0.10)."""
        if self.finish_reason == "tool_calls" and not self.tool_calls:
            return self._note("the model announced a tool call that did not come")
        if any(part.kind != "thinking" for part in self._parts):
            return []
        if self.finish_reason == "length" and self._parts:
            return self._note("the thinking used up all the tokens")
        return self._note("the model gave no answer")

    def _thinking(self, delta: ThinkingDelta, at_s: float) -> list[Event]:
        return self._write("thinking", delta.text, at_s)

    def _text(self, delta: TextDelta, at_s: float) -> list[Event]:
        return self._write("text", delta.text, at_s)

    def _write(self, kind: PartKind, text: str, at_s: float) -> list[Event]:
        events: list[Event] = []
        given = self._given.place_in(self._parts) if kind == "text" else -1
        if given >= 0:
            events = self._regrow(given)
        elif not self._parts or self._parts[-1].kind != kind:
            events = self._begin(GrowingPart(kind, at_s, self._round))
        self._parts[-1].append(text)
        events.append(PartDelta(len(self._parts) - 1, text))
        return events

    def _regrow(self, index: int) -> list[Event]:
        """Put the answer that is gone on with behind what was thought about it, to grow there."""
        answer, *thoughts = self._parts[index:]
        del self._parts[index:]
        events: list[Event] = [Restarted(index)]
        for part in thoughts:
            events += self._put_back(part)
        events += self._begin(GrowingPart("text", answer.started_s, self._round))
        self._parts[-1].append(answer.text)
        return [*events, PartDelta(len(self._parts) - 1, answer.text)]

    def _put_back(self, part: GrowingPart) -> list[Event]:
        events = self._begin(part)
        index, text = len(self._parts) - 1, part.text
        ended = [] if part.ended_s is None else [PartEnded(index, part.ended_s)]
        return [*events, PartDelta(index, text), *ended]

    def _begin(self, part: GrowingPart) -> list[Event]:
        events = self._end_last(part.started_s)
        self._parts.append(part)
        self.status = STATUS_OF_PART[part.kind]
        self._retrying = None
        if self._first_token_s is None:
            self._first_token_s = part.started_s
        id_, name = (part.call.slot.id, part.call.slot.name) if part.call else ("", "")
        events.append(PartStarted(part.kind, part.started_s, id_, name))
        return events

    def _end_last(self, at_s: float) -> list[Event]:
        """End the part before a new one. A tool call may still grow: calls can come interleaved."""
        last = self._parts[-1] if self._parts else None
        if last is None or last.kind == "tool_call" or last.ended_s is not None:
            return []
        self._parts[-1].ended_s = at_s
        return [PartEnded(len(self._parts) - 1, at_s)]

    def _tool_call(self, delta: ToolCallDelta, at_s: float) -> list[Event]:
        slot, new = self._calls.find(delta)
        known = (slot.id, slot.name)
        grown = slot.merge(delta)
        events: list[Event] = []
        if new:
            self._index_of[slot] = len(self._parts)
            events = self._begin(GrowingPart("tool_call", at_s, self._round, CallPart(slot)))
        index = self._index_of[slot]
        if not new and (slot.id, slot.name) != known:
            events.append(ToolNamed(index, slot.id, slot.name))
        if grown:
            events.append(PartDelta(index, grown))
        return events

    def _usage(self, delta: UsageDelta, at_s: float) -> list[Event]:
        used = plus(self._used_before, delta.usage)
        if used == self.usage:
            return []  # the native protocol repeats it in every frame
        self.usage, self.last_usage = used, delta.usage
        return [UsageKnown(used)]

    def _finish_reason(self, delta: FinishDelta, at_s: float) -> list[Event]:
        self.finish_reason = delta.reason
        return []

    def _restart(self, delta: RestartDelta, at_s: float) -> list[Event]:
        """Drop what this request has brought; the rounds before it stay."""
        self._parts = [
            part for part in self._parts if part.round < self._round or part in self._given.parts
        ]
        self._calls, self._index_of = ToolCallSlots(), {}
        self.finish_reason = None
        self.status = "waiting"
        events: list[Event] = [Restarted(len(self._parts))]
        if self._round == self._given.round and self._given.parts[-1] not in self._parts:
            events += self._put_back(self._given.parts[-1])
        return events

    def _retry(self, delta: RetryDelta, at_s: float) -> list[Event]:
        self.status = "retrying"
        self._retrying = Retrying(delta.message, delta.attempt, delta.attempts, at_s, delta.delay_s)
        return [self._retrying]

    def _retried(self, delta: RetriedDelta, at_s: float) -> list[Event]:
        self.status, self._retrying = "waiting", None
        return [Retried()]

    def _started(self, delta: ResponseStarted, at_s: float) -> list[Event]:
        self.response_id = delta.response_id
        return []

    def _noted(self, delta: NoteDelta, at_s: float) -> list[Event]:
        return self._note(delta.text)

    def _note(self, text: str) -> list[Event]:
        if text in self.notes:
            return []
        self.notes.append(text)
        return [Noted(text)]

    def _nothing(self, delta: ErrorDelta, at_s: float) -> list[Event]:
        return []


_APPLY: Mapping[type[Delta], Callable[[TurnState, Any, float], list[Event]]] = {
    ThinkingDelta: TurnState._thinking,
    TextDelta: TurnState._text,
    ToolCallDelta: TurnState._tool_call,
    UsageDelta: TurnState._usage,
    FinishDelta: TurnState._finish_reason,
    RestartDelta: TurnState._restart,
    RetryDelta: TurnState._retry,
    RetriedDelta: TurnState._retried,
    ResponseStarted: TurnState._started,
    NoteDelta: TurnState._noted,
    ErrorDelta: TurnState._nothing,
}
