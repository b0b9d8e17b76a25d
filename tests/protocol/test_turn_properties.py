from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from glm_notebook.errors import GLMError
from glm_notebook.events import fold, join_deltas
from glm_notebook.messages import Usage
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
from glm_notebook.snapshot import Snapshot
from tests.protocol.turns import INFO, apply

TEXT = st.text("ab{}😀散", min_size=1, max_size=3)
ARGUMENTS = st.text('ab{}"\ud83d\ude00散', max_size=3)
NAME = st.sampled_from(("", "k", "l"))
DELTA: st.SearchStrategy[Delta] = st.one_of(
    st.builds(ThinkingDelta, TEXT),
    st.builds(TextDelta, TEXT),
    st.builds(ToolCallDelta, st.none() | st.integers(0, 2), NAME, NAME, ARGUMENTS),
    st.builds(UsageDelta, st.builds(Usage, st.none() | st.integers(0, 2))),
    st.builds(FinishDelta, st.sampled_from(("stop", "length", "tool_calls"))),
    st.builds(NoteDelta, st.sampled_from("ab")),
    st.just(RestartDelta()),
    st.just(ResponseStarted("c1", "glm-5")),
    st.just(ErrorDelta(ErrorInfo(None, "", "", ""))),
)
END = st.sampled_from(("complete", "stopped", "failed", ""))


@given(st.lists(DELTA, max_size=25), END, st.integers(0, 25))
def test_property_events_fold_to_the_snapshot_wherever_one_begins(
    deltas: list[Delta], end: str, seen: int
) -> None:
    state = TurnState(INFO)
    empty = state.snapshot()
    events = apply(state, deltas[:seen])
    middle = state.snapshot()
    rest = apply(state, deltas[seen:])
    if end:
        rest += state.finish(end, 99, error=GLMError("x") if end == "failed" else None)
    final = state.snapshot()
    assert fold(empty, events) == middle
    assert fold(middle, rest) == final
    assert fold(empty, events + rest) == final
    assert len(events + rest) == final["seq"]
    assert but_seq(fold(empty, join_deltas(events + rest))) == but_seq(final)
    assert json.loads(json.dumps(final)) == final


def but_seq(snapshot: Snapshot) -> Snapshot:
    return {**snapshot, "seq": 0}


@given(st.lists(DELTA, max_size=25))
def test_property_a_snapshot_reads_like_the_state(deltas: list[Delta]) -> None:
    state = TurnState(INFO)
    apply(state, deltas)
    snapshot = state.snapshot()
    assert state.usage is None or snapshot["usage"] is not None
    assert state.has_output is bool(snapshot["parts"])
    texts = [one["text"] for one in snapshot["parts"] if one["kind"] == "text"]
    assert state.text == "\n\n".join(texts)
    calls = [one for one in snapshot["parts"] if one["kind"] == "tool_call"]
    named = [one["text"] for one in calls if one["id"] or one["name"]]
    assert [call.arguments for call in state.tool_calls] == [a.strip() or "{}" for a in named]
