"""When things are sent, by a clock that passes only when it is asked to."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field

import pytest

from glm_notebook.simulator.pacing import Pace, check_pace, play
from glm_notebook.simulator.pieces import cut_reply, seeded
from glm_notebook.simulator.reply import Reply, Usage
from glm_notebook.simulator.sse import Cut, Event, Item, Raw, Stall
from glm_notebook.simulator.tokens import count_tokens


@dataclass
class FakeClock:
    """A clock; every reading of it costs `step_s`, as work does, and every sleep lasts longer."""

    step_s: float = 0.0
    oversleep_s: float = 0.0
    time: float = 100.0
    naps: list[float] = field(default_factory=list)

    def now(self) -> float:
        self.time += self.step_s
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        if seconds > 0:
            self.time += (1000 if seconds == math.inf else seconds) + self.oversleep_s


@dataclass
class FakeOutlet:
    clock: FakeClock
    sent: list[tuple[float, bytes]] = field(default_factory=list)
    opened: bool = False
    is_cut: bool = False

    async def open(self) -> None:
        self.opened = True

    async def send(self, data: bytes) -> None:
        self.sent.append((round(self.clock.time - 100, 6), data))

    async def cut(self) -> None:
        self.is_cut = True


def run(
    items: list[Item], pace: Pace, clock: FakeClock | None = None
) -> tuple[FakeOutlet, FakeClock, bool]:
    clock = clock or FakeClock()
    outlet = FakeOutlet(clock)
    return outlet, clock, asyncio.run(play(items, pace, outlet, clock))


def test_every_item_is_sent_when_it_is_due() -> None:
    items: list[Item] = [Raw(b"a", 0), Raw(b"b", 5), Raw(b"c", 10)]
    outlet, _, reached_end = run(items, Pace(tokens_per_s=10, first_token_s=0.5))
    assert outlet.sent == [(0.5, b"a"), (1.0, b"b"), (1.5, b"c")]
    assert reached_end


def test_what_is_due_together_leaves_in_one_write() -> None:
    items: list[Item] = [Raw(b"a", 5), Raw(b"b", 5), Raw(b"c", 5), Raw(b"d", 6)]
    outlet, _, _ = run(items, Pace(10, 0))
    assert outlet.sent == [(0.5, b"abc"), (0.6, b"d")]


@pytest.mark.parametrize("pace", [Pace(0, 0), Pace(math.inf, 0)])
def test_flat_out_nothing_waits(pace: Pace) -> None:
    outlet, clock, _ = run([Raw(b"a", 0), Raw(b"b", 10**6)], pace)
    assert outlet.sent == [(0.0, b"ab")]
    assert clock.naps == []


def test_flat_out_others_have_their_turn_after_every_64_kib() -> None:
    items: list[Item] = [Raw(b"x" * 1024) for _ in range(200)]
    outlet, clock, _ = run(items, Pace())
    assert [len(data) // 1024 for _, data in outlet.sent] == [64, 64, 64, 8]
    assert clock.naps == [0, 0, 0]


def test_the_first_token_is_waited_for_even_flat_out() -> None:
    outlet, _, _ = run([Raw(b"a", 0), Raw(b"b", 100)], Pace(0, 2))
    assert outlet.sent == [(2.0, b"ab")]


def test_lateness_does_not_add_up() -> None:
    """The largest reply at 1,000 tokens a second, on a machine that is slow to wake up."""
    text, answer = "thinking " * 20_000, "answer " * 20_000
    thinking, answer = text[: 32_768 * 4], answer[: 16_384 * 4]
    usage = Usage(1, 49_152, 32_768)
    pieces = cut_reply(Reply(thinking, answer, (), "stop", usage), seeded("a"), tool_stream=False)
    items: list[Item] = []
    at_token = 0
    for piece in pieces:
        items.append(Raw(b"x", at_token))
        at_token += piece.tokens
    assert at_token == 49_152
    items.append(Raw(b"end", at_token))
    outlet, clock, _ = run(items, Pace(1000, 0), FakeClock(step_s=0.0002, oversleep_s=0.004))
    assert 49.152 <= clock.time - 100 <= 49.16
    assert len(outlet.sent) < len(items) / 1.5  # what is late goes together


def test_a_stall_sends_what_came_before_it_and_delays_what_comes_after() -> None:
    outlet, _, _ = run([Raw(b"a", 0), Stall(5), Raw(b"b", 10)], Pace(10, 0))
    assert outlet.sent == [(0.0, b"a"), (6.0, b"b")]
    assert outlet.opened


def test_a_stall_without_end() -> None:
    outlet, clock, _ = run([Stall()], Pace())
    assert clock.naps == [math.inf]
    assert outlet.opened
    assert outlet.sent == []


def test_a_cut_sends_what_came_before_it_and_nothing_else() -> None:
    outlet, _, reached_end = run([Raw(b"a"), Cut(), Raw(b"b")], Pace())
    assert outlet.sent == [(0.0, b"a")]
    assert outlet.is_cut
    assert not reached_end


def test_an_event_is_one_line_of_json_and_a_blank_one() -> None:
    outlet, _, _ = run([Event({"a": "é"}), Event("[DONE]")], Pace())
    assert outlet.sent == [(0.0, 'data: {"a":"é"}\n\ndata: [DONE]\n\n'.encode())]


@pytest.mark.parametrize("value", [-1, -0.5, math.nan])
def test_what_is_no_pace(value: float) -> None:
    with pytest.raises(ValueError, match=r"tokens_per_s is .*; it should be 0 or more"):
        check_pace(value, None)
    with pytest.raises(ValueError, match=r"first_token_s is .*; it should be 0 or more"):
        check_pace(None, value)
    check_pace(0, 0)
    check_pace(math.inf, None)


def test_the_tokens_of_the_pieces_are_those_of_the_reply() -> None:
    reply = Reply("我想一想。" * 50, "Fine. " * 50, (), "stop", Usage(1, 1, 1))
    pieces = list(cut_reply(reply, seeded(1), tool_stream=False))
    expected = count_tokens(reply.thinking or "") + count_tokens(reply.answer)
    assert sum(piece.tokens for piece in pieces) == expected
