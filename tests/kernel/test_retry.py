"""Requests that are sent again, in a real kernel, against the simulator over HTTP."""

from __future__ import annotations

import json

import pytest

from glm_notebook.record import TurnRecord
from tests.kernel.conftest import Kernel

pytestmark = pytest.mark.kernel


@pytest.fixture(params=["openai", "dashscope"], autouse=True)
def protocol(kernel: Kernel, request: pytest.FixtureRequest) -> None:
    assert kernel.run(f"%glm protocol {request.param}").status == "ok"


@pytest.mark.parametrize("outer", ["", "%%time\n"])
def test_a_server_that_is_busy_is_asked_again(kernel: Kernel, outer: str) -> None:
    asked = len(kernel.simulator.requests)
    name = json.dumps(outer)  # each prompt fails once
    result = kernel.run(f"{outer}%%glm --new\nbusy once {name}{kernel.run('%glm protocol').text}")
    assert result.status == "ok", result.error
    assert "At last." in result.settled["text/markdown"]
    assert "asked again after a wait" in result.settled["text/markdown"]
    assert len(kernel.simulator.requests) == asked + 2
    events = [event["type"] for batch in result.batches for event in batch]
    assert events.index("retrying") < events.index("retried") < events.index("part_started")


@pytest.mark.parametrize("outer", ["", "%%time\n"])
def test_an_interrupt_ends_the_wait_at_once(kernel: Kernel, outer: str) -> None:
    asked = len(kernel.simulator.requests)

    def waiting() -> None:
        kernel.simulator.wait_until(
            lambda requests: len(requests) > asked and requests[asked].state == "answered", 10
        )

    result = kernel.run(f"{outer}%%glm --new\nbusy for long", interrupt_when=waiting)
    assert "TurnInterrupted" in result.error
    assert TurnRecord.from_json(result.record).status == "interrupted"
    assert result.seconds_since_interrupt is not None
    assert result.seconds_since_interrupt < 5  # of the 30 that the server asked for
    assert len(kernel.simulator.requests) == asked + 1
    assert kernel.run("%%glm\nWho are you?").status == "ok"


def test_a_cut_turn_keeps_what_came_and_is_asked_again_in_its_place(kernel: Kernel) -> None:
    kernel.run("%%glm --new\nWho are you?")
    cut = kernel.run("%%glm\nbroken off")
    assert cut.status == "error"
    assert "StreamCutError" in cut.error
    assert "The connection broke off" in cut.settled["text/markdown"]
    assert "%glm retry asks again." in cut.settled["text/markdown"]
    assert TurnRecord.from_json(cut.record).status == "cut_off"
    again = kernel.run("%glm retry")
    assert "StreamCutError" in again.error
    record = TurnRecord.from_json(again.record)
    assert record.messages[0].content == "broken off"
    assert record.id != TurnRecord.from_json(cut.record).id
    assert record.parent_id == TurnRecord.from_json(cut.record).parent_id
    assert "2 turns" in kernel.run("%glm history").text


@pytest.mark.parametrize("outer", ["", "%time "])
def test_asking_again_awaits_or_blocks(kernel: Kernel, outer: str) -> None:
    kernel.run("%%glm --new\nWho are you?")
    result = kernel.run(f"{outer}%glm retry")
    assert result.status == "ok", result.error
    assert "I am the **simulator**" in result.settled["text/markdown"]
    assert "1 turns" in kernel.run("%glm history").text


def test_there_must_be_something_to_ask_again(kernel: Kernel) -> None:
    kernel.run("%glm reset")
    result = kernel.run("%glm retry")
    assert "has no turn to ask again" in result.error + result.text
