from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import pytest

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
    fold,
    join_deltas,
)
from glm_notebook.messages import Usage
from glm_notebook.snapshot import Snapshot

CONTRACT = Path(__file__).parent / "contract" / "channel.json"
KINDS: dict[str, type[Event]] = {
    kind.type: kind
    for kind in (
        PartStarted,
        PartDelta,
        ToolNamed,
        PartEnded,
        CallStateChanged,
        CallOutput,
        CallResult,
        RoundStarted,
        UsageKnown,
        Noted,
        Restarted,
        Retried,
        Retrying,
        Finished,
    )
}


def from_wire(event: dict[str, Any]) -> Event | None:
    """Read an event as the page gets it; None if its type is not known."""
    values = dict(event)
    kind = KINDS.get(values.pop("type"))
    if kind is UsageKnown:
        values["usage"] = Usage(**values["usage"])
    return None if kind is None else kind(**values)


def contract_cases() -> list[Any]:
    cases = json.loads(CONTRACT.read_text(encoding="utf-8"))["cases"]
    return [pytest.param(case, id=case["name"]) for case in cases]


@pytest.mark.parametrize("case", contract_cases())
def test_the_contract_folds_as_it_does_in_the_page(case: dict[str, Any]) -> None:
    start = cast(Snapshot, case["start"])
    before = deepcopy(start)
    snapshot = start
    for wire in case["events"]:
        event = from_wire(wire)
        snapshot = fold(snapshot, [] if event is None else [event])
        snapshot["seq"] += event is None  # an old page takes it for nothing but its number
    assert snapshot == case["snapshot"]
    assert start == before


def test_the_contract_has_every_event() -> None:
    cases = json.loads(CONTRACT.read_text(encoding="utf-8"))["cases"]
    assert {event["type"] for case in cases for event in case["events"]} >= KINDS.keys()


EVERY: list[Event] = [
    PartStarted("thinking", 0.5),
    PartDelta(0, "a"),
    PartEnded(0, 1.0),
    PartStarted("tool_call", 1.0, "k", ""),
    ToolNamed(1, "k", "f"),
    CallStateChanged(1, "running", 1.5),
    CallOutput(1, {"mime": "text/plain", "data": "x"}),
    CallResult(1, {"text": "r", "traceback": ""}),
    RoundStarted(2.0),
    UsageKnown(Usage(1, None, 2, 0)),
    Noted("n"),
    Restarted(),
    Retrying("m", 2, 3, 0.5, 1.5),
    Retried(),
    Finished("failed", None, {"kind": "X"}, 2.0),
]


def test_every_event_survives_the_wire() -> None:
    assert {type(event) for event in EVERY} == set(KINDS.values())
    for event in EVERY:
        assert from_wire(json.loads(json.dumps(event.to_wire()))) == event


def empty() -> Snapshot:
    return {
        "version": 1,
        "seq": 3,
        "turn": {"id": "t-1"},
        "status": "waiting",
        "parts": [],
        "usage": None,
        "finish_reason": None,
        "first_token_s": None,
        "elapsed_s": None,
        "error": None,
        "retry": None,
        "notes": [],
    }


def test_events_fold_to_a_snapshot() -> None:
    events: list[Event] = [
        PartStarted("thinking", 0.5, "ignored", "ignored"),
        PartDelta(0, "a"),
        PartDelta(0, "b"),
        PartEnded(0, 1.0),
        PartStarted("tool_call", 1.0, "", ""),
        ToolNamed(1, "k", "f"),
        PartStarted("text", 1.5),
        UsageKnown(Usage(1, None, 2, 0)),
        Noted("n"),
        Finished("failed", "stop", {"kind": "X"}, 2.0),
    ]
    assert fold(empty(), events) == {
        **empty(),
        "seq": 13,
        "status": "failed",
        "parts": [
            {"kind": "thinking", "text": "ab", "started_s": 0.5, "ended_s": 1.0},
            {
                "kind": "tool_call",
                "text": "",
                "started_s": 1.0,
                "ended_s": 2.0,
                "id": "k",
                "name": "f",
                "state": "stopped",
                "run_s": None,
                "outputs": [],
                "result": None,
            },
            {"kind": "text", "text": "", "started_s": 1.5, "ended_s": 2.0},
        ],
        "usage": {"input_tokens": 1, "cached_tokens": None, "output_tokens": 2, "thinking_tokens": 0},
        "finish_reason": "stop",
        "first_token_s": 0.5,
        "elapsed_s": 2.0,
        "error": {"kind": "X"},
        "notes": ["n"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "status"), [("thinking", "thinking"), ("text", "answering"), ("tool_call", "calling")]
)
def test_a_part_that_begins_gives_the_status(kind: Any, status: str) -> None:
    snapshot = fold(empty(), [PartStarted(kind, 1.0), PartStarted("text", 2.0), Restarted()])
    assert (snapshot["parts"], snapshot["status"], snapshot["first_token_s"]) == (
        [],
        "waiting",
        1.0,
    )
    assert fold(empty(), [PartStarted(kind, 1.0)])["status"] == status


def test_folding_changes_neither_the_snapshot_nor_the_events() -> None:
    error = {"kind": "X"}
    middle = fold(empty(), EVERY[:6])
    before = deepcopy(middle)
    after = fold(middle, [PartDelta(0, "x"), Noted("m"), Finished("failed", None, error, 3.0)])
    assert middle == before
    assert after["error"] is not error


def test_deltas_of_one_part_are_joined() -> None:
    events: list[Event] = [
        PartStarted("thinking", 1.0),
        PartDelta(0, "a"),
        PartDelta(0, "b"),
        PartDelta(1, "c"),
        PartDelta(0, "d"),
        PartDelta(0, "e"),
        Noted("n"),
        PartDelta(0, "f"),
    ]
    assert join_deltas(events) == [
        PartStarted("thinking", 1.0),
        PartDelta(0, "ab"),
        PartDelta(1, "c"),
        PartDelta(0, "de"),
        Noted("n"),
        PartDelta(0, "f"),
    ]
    assert join_deltas([]) == []
