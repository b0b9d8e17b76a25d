from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import RichOutput, capture_output

from glm_notebook.protocol.deltas import (
    Delta,
    FinishDelta,
    RestartDelta,
    RetriedDelta,
    RetryDelta,
    TextDelta,
    ThinkingDelta,
)
from glm_notebook.record import TURN_MIME
from glm_notebook.sinks import Sink
from glm_notebook.sinks.display import INTERVAL_S, MarkdownSink
from glm_notebook.sinks.terminal import DIM, NORMAL, TextSink
from glm_notebook.turn import Turn
from tests.test_conversation import conversation


@pytest.fixture(autouse=True)
def shell() -> Iterator[None]:
    """An IPython to display in."""
    InteractiveShell.instance()
    yield
    InteractiveShell.clear_instance()


def _new_turn() -> Turn:
    chat, _ = conversation()
    return chat.prepare("hi")


def _apply(turn: Turn, sink: Sink, *deltas: Delta) -> None:
    for delta in deltas:
        with turn.held() as state:
            sink.emit(state.apply(delta, 0.5))
        sink.tick()


def _finish(turn: Turn, sink: Sink) -> None:
    with turn.held() as state:
        sink.emit(state.finish("complete", 1.0))
    sink.end()


def _data(outputs: list[RichOutput]) -> list[dict[str, Any]]:
    return [one.data for one in outputs]


def test_growing_markdown_costs_a_small_multiple_of_its_text() -> None:
    now = 0.0
    turn = _new_turn()
    with capture_output() as captured:
        sink = MarkdownSink(turn, "en", clock=lambda: now)
        for number in range(4000):
            now += INTERVAL_S
            _apply(turn, sink, TextDelta(f"word {number} "))
        _finish(turn, sink)
    outputs = _data(captured.outputs)
    sent = sum(len(json.dumps(one)) for one in outputs)
    text = len(turn.text)
    assert sent < 16 * text  # of which the bundle, the record and plain text repeat the text
    assert 10 < len(outputs) < 100
    assert TURN_MIME in outputs[-1]


def test_markdown_waits_for_its_interval_and_for_something_new() -> None:
    now = 0.0
    turn = _new_turn()
    with capture_output() as captured:
        sink = MarkdownSink(turn, "en", clock=lambda: now)
        _apply(turn, sink, TextDelta("a"))
        now += INTERVAL_S
        sink.tick()
        now += INTERVAL_S
        sink.tick()
    assert len(captured.outputs) == 2  # the empty one, and one with the text


def test_a_terminal_gets_thinking_dimmed_and_control_characters_shown() -> None:
    out = io.StringIO()
    turn = _new_turn()
    with capture_output() as captured:
        sink = TextSink(turn, "en", out=out)
        _apply(turn, sink, ThinkingDelta("hm"), TextDelta("Hello \x1b[31mred\x07"))
        _apply(turn, sink, FinishDelta("stop"))
        _finish(turn, sink)
    assert out.getvalue() == f"{DIM}hm{NORMAL}\n\nHello red␇\n"
    (footer,) = _data(captured.outputs)
    assert footer["text/plain"].startswith("glm-5 · first token 0.5 s")
    assert TURN_MIME in footer


def test_a_terminal_is_told_that_the_answer_begins_anew() -> None:
    out = io.StringIO()
    turn = _new_turn()
    with capture_output():
        sink = TextSink(turn, "en", out=out)
        _apply(turn, sink, TextDelta("abc"), RestartDelta(), TextDelta("xyz"))
        _finish(turn, sink)
    assert "abc" in out.getvalue()
    assert out.getvalue().endswith("[the server restarted the answer]\n\nxyz\n")


def test_a_terminal_is_told_of_a_wait() -> None:
    out = io.StringIO()
    turn = _new_turn()
    with capture_output():
        sink = TextSink(turn, "en", out=out)
        _apply(turn, sink, RetryDelta("Busy (429).", 2, 3, 4.0), RetriedDelta(), TextDelta("Hi"))
        _finish(turn, sink)
    assert out.getvalue() == "[Busy (429). Retry in 4.0 s · request 2 of 3]\nHi\n"


def test_markdown_tells_of_a_wait_at_once_and_of_its_end() -> None:
    turn = _new_turn()
    with capture_output() as captured:
        sink = MarkdownSink(turn, "en", clock=lambda: 0.0)
        _apply(turn, sink, RetryDelta("Busy (429).", 2, 3, 4.0), RetriedDelta())
    first, waiting, again = (one["text/markdown"] for one in _data(captured.outputs))
    assert "Retry in 4.0 s" in waiting
    assert again == first
