from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from glm_notebook.errors import APIError, ConfigError, GLMError, RateLimitError, describe
from glm_notebook.events import Event, fold
from glm_notebook.messages import ToolCall, Usage
from glm_notebook.protocol.deltas import (
    Delta,
    ErrorDelta,
    ErrorInfo,
    FinishDelta,
    NoteDelta,
    ResponseStarted,
    RestartDelta,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    UsageDelta,
)
from glm_notebook.protocol.turn import TurnState
from tests.protocol.turns import INFO, apply

T, W, C = ThinkingDelta, TextDelta, ToolCallDelta
Wire = list[dict[str, Any]]


def started(kind: str, at_s: float, id: str = "", name: str = "") -> dict[str, Any]:
    return {"type": "part_started", "kind": kind, "at_s": at_s, "id": id, "name": name}


def text(index: int, text: str) -> dict[str, Any]:
    return {"type": "delta", "index": index, "text": text}


def ended(index: int, at_s: float) -> dict[str, Any]:
    return {"type": "part_ended", "index": index, "at_s": at_s}


def part(
    kind: str, text: str, started_s: float, ended_s: float | None = None, **call: str
) -> dict[str, Any]:
    fields = {"kind": kind, "text": text, "started_s": started_s, "ended_s": ended_s}
    if kind == "tool_call":
        fields |= {"state": "writing", "run_s": None, "outputs": [], "result": None}
    return {**fields, **call}


def tokens(input_tokens: int, output_tokens: int | None = None) -> dict[str, int | None]:
    unknown = {"cached_tokens": None, "thinking_tokens": None}
    return {"input_tokens": input_tokens, "output_tokens": output_tokens, **unknown}


def wire(events: Sequence[Event]) -> Wire:
    return [event.to_wire() for event in events]


TABLE: dict[str, tuple[list[Delta], Wire, dict[str, Any]]] = {
    "nothing": ([], [], {"status": "waiting", "seq": 0, "first_token_s": None}),
    "thinking, then an answer": (
        [ResponseStarted("c1", "glm-5"), T("a"), T("b"), W("c"), W("d")],
        [
            started("thinking", 2),
            text(0, "a"),
            text(0, "b"),
            ended(0, 4),
            started("text", 4),
            text(1, "c"),
            text(1, "d"),
        ],
        {
            "status": "answering",
            "seq": 7,
            "first_token_s": 2,
            "parts": [part("thinking", "ab", 2, 4), part("text", "cd", 4)],
        },
    ),
    "thinking comes back": (
        [W("a"), T("b"), W("c")],
        [
            started("text", 1),
            text(0, "a"),
            ended(0, 1 + 1),
            started("thinking", 2),
            text(1, "b"),
            ended(1, 3),
            started("text", 3),
            text(2, "c"),
        ],
        {
            "parts": [
                part("text", "a", 1, 2),
                part("thinking", "b", 2, 3),
                part("text", "c", 3),
            ]
        },
    ),
    "a call": (
        [T("a"), C(0, "k", "f", ""), C(0, "", "", "{"), C(0, "", "", "}")],
        [
            started("thinking", 1),
            text(0, "a"),
            ended(0, 2),
            started("tool_call", 2, "k", "f"),
            text(1, "{"),
            text(1, "}"),
        ],
        {
            "status": "calling",
            "parts": [part("thinking", "a", 1, 2), part("tool_call", "{}", 2, id="k", name="f")],
        },
    ),
    "interleaved calls": (
        [C(0, "k", "f", "["), C(1, "l", "g", "{"), C(0, "", "", "]"), C(1, "", "", "}")],
        [
            started("tool_call", 1, "k", "f"),
            text(0, "["),
            started("tool_call", 2, "l", "g"),
            text(1, "{"),
            text(0, "]"),
            text(1, "}"),
        ],
        {
            "parts": [
                part("tool_call", "[]", 1, id="k", name="f"),
                part("tool_call", "{}", 2, id="l", name="g"),
            ]
        },
    ),
    "a call whose id and name come late": (
        [C(0, "", "", "{"), C(0, "k", "", ""), C(0, "k", "f", ""), C(0, "k", "f", "}")],
        [
            started("tool_call", 1),
            text(0, "{"),
            {"type": "tool_named", "index": 0, "id": "k", "name": ""},
            {"type": "tool_named", "index": 0, "id": "k", "name": "f"},
            text(0, "}"),
        ],
        {"parts": [part("tool_call", "{}", 1, id="k", name="f")]},
    ),
    "half a character of arguments waits for the other": (
        [C(0, "k", "f", "\ud83d"), C(0, "", "", "\ude00")],
        [started("tool_call", 1, "k", "f"), text(0, "😀")],
        {"parts": [part("tool_call", "😀", 1, id="k", name="f")]},
    ),
    "text after a call": (
        [C(0, "k", "f", "{}"), W("a")],
        [started("tool_call", 1, "k", "f"), text(0, "{}"), started("text", 2), text(1, "a")],
        {
            "status": "answering",
            "parts": [part("tool_call", "{}", 1, id="k", name="f"), part("text", "a", 2)],
        },
    ),
    "usage that repeats": (
        [UsageDelta(Usage(1)), UsageDelta(Usage(1)), UsageDelta(Usage(1, output_tokens=2))],
        [
            {"type": "usage", "usage": tokens(1)},
            {"type": "usage", "usage": tokens(1, 2)},
        ],
        {"usage": tokens(1, 2)},
    ),
    "a note that repeats": (
        [NoteDelta("a"), NoteDelta("a"), NoteDelta("b")],
        [{"type": "note", "text": "a"}, {"type": "note", "text": "b"}],
        {"notes": ["a", "b"], "status": "waiting"},
    ),
    "a restart": (
        [
            T("a"),
            C(0, "k", "f", "{}"),
            FinishDelta("length"),
            UsageDelta(Usage(1)),
            RestartDelta(),
            C(0, "l", "g", ""),
        ],
        [
            started("thinking", 1),
            text(0, "a"),
            ended(0, 2),
            started("tool_call", 2, "k", "f"),
            text(1, "{}"),
            {"type": "usage", "usage": tokens(1)},
            {"type": "restarted", "kept": 0},
            started("tool_call", 6, "l", "g"),
        ],
        {
            "status": "calling",
            "first_token_s": 1,
            "parts": [part("tool_call", "", 6, id="l", name="g")],
            "finish_reason": None,
        },
    ),
    "a restart before anything": (
        [RestartDelta()],
        [{"type": "restarted", "kept": 0}],
        {"status": "waiting", "seq": 1},
    ),
    "an end is not the turn's": (
        [W("a"), FinishDelta("stop")],
        [started("text", 1), text(0, "a")],
        {"finish_reason": None, "elapsed_s": None},
    ),
    "an error is the client's business": (
        [ErrorDelta(ErrorInfo(400, "", "", ""))],
        [],
        {"status": "waiting", "error": None},
    ),
}


@pytest.mark.parametrize(("deltas", "events", "snapshot"), TABLE.values(), ids=TABLE.keys())
def test_deltas_make_events_and_a_snapshot(
    deltas: list[Delta], events: Wire, snapshot: dict[str, Any]
) -> None:
    state = TurnState(INFO)
    empty = state.snapshot()
    came = apply(state, deltas)
    assert wire(came) == events
    assert state.snapshot() == fold(empty, came)
    assert snapshot.items() <= {**state.snapshot()}.items()


def test_an_empty_snapshot_is_that_of_the_contract() -> None:
    assert TurnState(INFO).snapshot() == {
        "version": 1,
        "seq": 0,
        "turn": {
            "id": "t-1",
            "model": "glm-5",
            "endpoint": "glm.example",
            "conversation": "default",
            "simulated": False,
            "prompt": "Who are you?",
        },
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


def test_a_turn_that_ends_says_how_and_ends_its_parts() -> None:
    state = TurnState(INFO)
    apply(state, [T("a"), C(0, "k", "f", "{}"), C(1, "l", "g", "{}"), FinishDelta("tool_calls")])
    assert wire(state.finish("complete", 9.5)) == [
        {
            "type": "finished",
            "status": "complete",
            "finish_reason": "tool_calls",
            "error": None,
            "at_s": 9.5,
        }
    ]
    assert state.ended
    snapshot = state.snapshot()
    assert [one["ended_s"] for one in snapshot["parts"]] == [2, 9.5, 9.5]
    assert (snapshot["status"], snapshot["elapsed_s"]) == ("complete", 9.5)
    assert snapshot["finish_reason"] == "tool_calls"


def test_an_ended_turn_takes_nothing_more() -> None:
    state = TurnState(INFO)
    apply(state, [W("a")])
    state.finish("stopped", 2)
    before = state.snapshot()
    everything: list[Delta] = [
        T("b"),
        W("c"),
        C(0, "k", "f", "{}"),
        UsageDelta(Usage(1)),
        NoteDelta("n"),
        RestartDelta(),
        FinishDelta("stop"),
        ResponseStarted("c1", ""),
    ]
    assert apply(state, everything) == []
    assert state.finish("failed", 3, error=GLMError("x")) == []
    assert state.snapshot() == before


CALL = C(0, "k", "f", "{}")
NO_ANSWER = "the model gave no answer"
NO_CALL = "the model announced a tool call that did not come"
ALL_THOUGHT = "the thinking used up all the tokens"
REMARKS: list[tuple[list[Delta], str, str | None]] = [
    ([T("a")], "stop", NO_ANSWER),
    ([], "stop", NO_ANSWER),
    ([], "length", NO_ANSWER),
    ([T("a")], "length", ALL_THOUGHT),
    ([T("a"), W("b")], "length", None),
    ([T("a"), W("b")], "stop", None),
    ([T("a")], "tool_calls", NO_CALL),
    ([], "tool_calls", NO_CALL),
    ([W("I look.")], "tool_calls", NO_CALL),
    ([C(0, "", "", "{}")], "tool_calls", NO_CALL),
    ([CALL], "tool_calls", None),
    ([CALL], "stop", None),
    ([T("a"), CALL], "length", None),
]


@pytest.mark.parametrize(("deltas", "reason", "note"), REMARKS)
def test_a_reader_is_told_why_an_answer_is_missing(
    deltas: list[Delta], reason: str, note: str | None
) -> None:
    state = TurnState(INFO)
    empty = state.snapshot()
    events = apply(state, [*deltas, FinishDelta(reason)]) + state.finish("complete", 9)
    assert state.notes == ([] if note is None else [note])
    assert fold(empty, events) == state.snapshot()


@pytest.mark.parametrize("status", ["stopped", "interrupted", "cut_off", "failed"])
def test_a_turn_that_did_not_complete_needs_no_remark(status: str) -> None:
    state = TurnState(INFO)
    state.finish(status, 1)
    assert state.snapshot()["notes"] == []


def test_stretches_are_set_apart() -> None:
    state = TurnState(INFO)
    assert (state.text, state.thinking, state.tool_calls, state.has_output) == ("", "", [], False)
    apply(state, [T("a"), W("b"), T("c"), T("d"), CALL, W("e"), W("f")])
    assert (state.text, state.thinking) == ("b\n\nef", "a\n\ncd")
    assert state.tool_calls == [ToolCall("k", "f", "{}")]
    assert state.has_output
    apply(state, [RestartDelta()])
    assert (state.text, state.thinking, state.tool_calls, state.has_output) == ("", "", [], False)


def test_text_can_be_read_while_it_grows() -> None:
    state = TurnState(INFO)
    for n in range(1, 5):
        state.apply(W("a"), 1)
        state.apply(C(0, "k", "f", "b"), 1)
        assert state.text == "a" + ("\n\n" + "a" * (n - 1) if n > 1 else "")
        assert state.tool_calls[0].arguments == "b" * n


def test_a_restart_forgets_how_the_void_answer_ended() -> None:
    state = TurnState(INFO)
    apply(state, [W("a"), FinishDelta("length"), RestartDelta()])
    assert state.finish_reason is None


def test_the_services_name_of_the_answer_is_kept() -> None:
    state = TurnState(INFO)
    assert state.response_id == ""
    apply(state, [ResponseStarted("c1", "glm-5"), RestartDelta(), ResponseStarted("c2", "glm-5")])
    assert state.response_id == "c2"


def test_an_error_is_described_for_a_page() -> None:
    refused = RateLimitError("Slow down. ", " Wait.", status=429, code="Throttling", request_id="r")
    assert describe(refused) == {
        "kind": "RateLimitError",
        "message": "Slow down.",
        "remedy": "Wait.",
        "status": 429,
        "code": "Throttling",
        "request_id": "r",
    }
    nothing_known = {"status": None, "code": None, "request_id": None}
    assert describe(APIError("x")) == {
        "kind": "APIError",
        "message": "x",
        "remedy": "",
        **nothing_known,
    }
    assert describe(ConfigError("x", "y")) == {
        "kind": "ConfigError",
        "message": "x",
        "remedy": "y",
        **nothing_known,
    }


def test_a_failed_turn_holds_its_error() -> None:
    state = TurnState(INFO)
    empty = state.snapshot()
    events = state.finish("failed", 1, error=ConfigError("x", "y"))
    error = state.snapshot()["error"]
    assert error is not None
    assert error["kind"] == "ConfigError"
    assert fold(empty, events) == state.snapshot()


def test_a_piece_of_a_call_costs_the_same_in_a_long_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    state = TurnState(INFO)
    for _ in range(2_000):
        apply(state, [T("a"), W("b")])
    state.apply(C(0, "k", "f", ""), 1)

    class Unsearched(list[Any]):
        def __iter__(self) -> Any:
            raise AssertionError("all parts were searched for one piece")

    monkeypatch.setattr(state, "_parts", Unsearched(state._parts))
    assert wire(state.apply(C(0, "", "", "{"), 1)) == [text(4_000, "{")]
