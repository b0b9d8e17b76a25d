from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from glm_notebook.events import Event, UsageKnown, fold
from glm_notebook.messages import Usage
from glm_notebook.protocol.deltas import Delta, FinishDelta, RetryDelta, TextDelta, ThinkingDelta
from glm_notebook.protocol.turn import TurnState
from glm_notebook.snapshot import Snapshot, TurnInfo
from glm_notebook.widgets.channel import FIRST_INTERVAL_S, FIRST_SNAPSHOT_S, Channel

INFO = TurnInfo("t-1", "glm-5", "glm.example", "default", False, "hi")


class FakeTurn:
    """A turn whose clock is set by hand, and the page that hears of it."""

    def __init__(self) -> None:
        self.state = TurnState(INFO)
        self.age_s = 0.0
        self.stopped = False
        self.answers: list[tuple[object, ...]] = []
        self.sent: list[dict[str, Any]] = []
        self.due: list[tuple[float, Callable[[], None]]] = []
        self._lock = threading.RLock()
        self.channel = Channel(self, self.sent.append, lambda s, f: self.due.append((s, f)))

    def snapshot(self) -> Snapshot:
        return self.state.snapshot()

    def held(self) -> AbstractContextManager[object]:
        return self._lock

    def stop(self) -> None:
        self.stopped = True

    def approve(self, index: int, *, always: bool = False) -> None:
        self.answers.append(("approve", index, always))

    def decline(self, index: int, reason: str = "") -> None:
        self.answers.append(("decline", index, reason))

    def stop_call(self, index: int) -> None:
        self.answers.append(("stop_call", index))

    def apply(self, delta: Delta, at_s: float | None = None) -> None:
        self.age_s = self.age_s if at_s is None else at_s
        self.channel.emit(self.state.apply(delta, self.age_s))

    def finish(self) -> None:
        self.channel.emit(self.state.finish("complete", self.age_s))

    @property
    def batches(self) -> list[dict[str, Any]]:
        return [one for one in self.sent if one["type"] == "events"]


def test_the_first_token_goes_out_at_once_and_the_next_ones_together() -> None:
    turn = FakeTurn()
    turn.apply(TextDelta("a"), 0.5)
    assert len(turn.sent) == 1
    turn.apply(TextDelta("b"), 0.501)
    turn.apply(TextDelta("c"), 0.502)
    assert len(turn.sent) == 1
    ((wait_s, call),) = turn.due
    assert 0 < wait_s <= FIRST_INTERVAL_S + 0.002
    turn.age_s = 0.534
    call()
    assert [one["type"] for one in turn.batches[1]["events"]] == ["delta"]
    assert turn.batches[1]["events"][0]["text"] == "bc"
    assert (turn.batches[0]["seq"], turn.batches[1]["seq"]) == (1, 3)


def test_the_end_does_not_wait() -> None:
    turn = FakeTurn()
    turn.apply(TextDelta("a"), 0.5)
    turn.apply(TextDelta("b"), 0.501)
    turn.apply(FinishDelta("stop"), 0.502)
    turn.finish()
    assert [one["type"] for one in turn.batches[-1]["events"]] == ["delta", "finished"]
    turn.due[0][1]()  # nothing is left for it
    assert len(turn.batches) == 2


def test_batches_fold_to_the_snapshot_whatever_is_asked_between() -> None:
    turn = FakeTurn()
    start = turn.channel.state()["snapshot"]
    emitted: list[Event] = []
    for number in range(50):
        delta = (ThinkingDelta if number < 20 else TextDelta)(str(number))
        events = turn.state.apply(delta, turn.age_s)
        emitted += events
        turn.age_s += 0.01
        turn.channel.emit(events)
        if number % 7 == 0:
            turn.channel.receive({"type": "snapshot_request"})
    turn.finish()
    last = turn.channel.state()["snapshot"]
    assert fold(start, emitted)["parts"][0]["text"] == last["parts"][0]["text"]
    numbers = [one["seq"] + len(one["events"]) for one in turn.batches]
    assert [one["seq"] for one in turn.batches] == [1, *numbers[:-1]]
    assert last["seq"] + 1 == numbers[-1]


def test_a_page_that_asks_gets_a_snapshot_that_holds_all_that_was_sent() -> None:
    turn = FakeTurn()
    turn.apply(TextDelta("a"), 0.5)
    turn.apply(TextDelta("b"), 0.51)
    turn.channel.receive({"type": "snapshot_request"})
    assert [one["type"] for one in turn.sent] == ["events", "events", "snapshot"]
    snapshot = turn.sent[-1]["snapshot"]
    assert snapshot["parts"][0]["text"] == "ab"
    assert snapshot["seq"] == turn.batches[-1]["seq"] + len(turn.batches[-1]["events"]) - 1


def test_a_snapshot_is_sent_unasked_until_a_page_has_spoken() -> None:
    turn = FakeTurn()
    turn.apply(TextDelta("a"), 0.5)
    turn.apply(TextDelta("b"), FIRST_SNAPSHOT_S + 0.1)
    assert turn.sent[-1]["type"] == "snapshot"
    turn.channel.receive({"type": "ready", "page": "p1", "language": "zh-CN"})
    turn.apply(TextDelta("c"), FIRST_SNAPSHOT_S * 2 + 0.2)
    assert turn.sent[-1]["type"] == "events"
    assert (turn.channel.pages, turn.channel.language) == ({"p1"}, "zh-CN")


def test_a_page_that_comes_late_is_told_at_once_what_it_has_missed() -> None:
    turn = FakeTurn()
    turn.channel.receive({"type": "ready", "page": "p1", "language": "en"})
    assert not turn.sent  # it has missed nothing
    turn.apply(RetryDelta("Busy.", 2, 3, 30.0), 0.1)  # after which nothing comes for half a minute
    turn.channel.receive({"type": "ready", "page": "p1", "language": "en"})
    assert [one["type"] for one in turn.sent] == ["events"]
    turn.channel.receive({"type": "ready", "page": "p2", "language": "en"})
    assert turn.sent[-1]["snapshot"]["retry"]["delay_s"] == 30.0


def test_stop_and_what_is_unknown() -> None:
    turn = FakeTurn()
    turn.channel.receive({"type": "of a newer page"})
    turn.channel.receive({})
    assert not turn.stopped
    turn.channel.receive({"type": "stop"})
    assert turn.stopped


def test_what_a_page_says_of_a_call_is_handed_on() -> None:
    turn = FakeTurn()
    turn.channel.receive({"type": "approve", "index": 2, "always": True})
    turn.channel.receive({"type": "approve", "index": 2})
    turn.channel.receive({"type": "decline", "index": 3, "reason": "no"})
    turn.channel.receive({"type": "stop_call", "index": 4})
    turn.channel.receive({"type": "approve", "index": "2"})  # of no call
    turn.channel.receive({"type": "stop_call"})
    assert turn.answers == [
        ("approve", 2, True),
        ("approve", 2, False),
        ("decline", 3, "no"),
        ("stop_call", 4),
    ]


def test_a_long_turn_is_sent_more_rarely() -> None:
    def wait_at(age_s: float) -> float:
        turn = FakeTurn()
        turn.apply(TextDelta("a"), age_s)
        turn.channel.emit([UsageKnown(Usage())])
        return round(turn.due[0][0], 6)

    assert wait_at(0.0) < wait_at(10.0) < wait_at(100.0) == wait_at(1000.0)
