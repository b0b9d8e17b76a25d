from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Sequence

import pytest

from glm_notebook.client import AsyncClient
from glm_notebook.conversation import Conversation
from glm_notebook.errors import (
    ConfigError,
    RateLimitError,
    StreamCutError,
    TurnInterrupted,
)
from glm_notebook.events import Event, fold
from glm_notebook.messages import Message, Request, Usage
from glm_notebook.protocol.deltas import (
    Delta,
    FinishDelta,
    RestartDelta,
    TextDelta,
    ThinkingDelta,
    UsageDelta,
)
from glm_notebook.record import TurnRecord
from glm_notebook.turn import Turn

ANSWER: list[Delta] = [
    ThinkingDelta("hm"),
    TextDelta("Hello"),
    FinishDelta("stop"),
    UsageDelta(Usage(3, 0, 5, 2)),
]


class Scripted(AsyncClient):
    """A client whose answers are given; an exception among the deltas is raised, `None` waits for ever."""

    def __init__(self, *scripts: Sequence[Delta | Exception | None]) -> None:
        super().__init__("sk-test", base_url="https://glm.example/v1", dialect="modelstudio")
        self.scripts = list(scripts)
        self.requests: list[Request] = []
        self.hanging = threading.Event()
        self.left = threading.Event()

    async def deltas(self, request: Request) -> AsyncGenerator[list[Delta], None]:
        self.requests.append(request)
        try:
            for step in self.scripts.pop(0):
                if isinstance(step, Exception):
                    raise step
                if step is None:
                    self.hanging.set()
                    await asyncio.Event().wait()
                else:
                    yield [step]
        finally:
            self.left.set()


def conversation(*scripts: Sequence[Delta | Exception | None]) -> tuple[Conversation, Scripted]:
    client = Scripted(*scripts)
    return Conversation(client), client


def test_a_turn_is_what_came_of_the_prompt() -> None:
    chat, _ = conversation(ANSWER)
    turn = chat.ask_sync("hi")
    assert (turn.text, turn.thinking, turn.status) == ("Hello", "hm", "complete")
    assert (turn.finish_reason, turn.usage) == ("stop", Usage(3, 0, 5, 2))
    assert repr(turn) == f"<Turn {turn.id} complete: 'Hello'>"


def test_the_next_prompt_is_sent_with_what_was_said_but_not_with_the_thinking() -> None:
    chat, client = conversation(ANSWER, ANSWER)
    chat.settings = Conversation(system="Be brief.").settings
    chat.ask_sync("hi")
    chat.ask_sync("and now?")
    sent = client.requests[1].messages
    assert [(one.role, one.content) for one in sent] == [
        ("system", "Be brief."),
        ("user", "hi"),
        ("assistant", "Hello"),
        ("user", "and now?"),
    ]


def test_settings_can_be_changed_for_one_turn() -> None:
    chat, client = conversation(ANSWER, ANSWER)
    chat.ask_sync("hi", model="glm-4.7", thinking=False, temperature=0.2)
    chat.ask_sync("hi")
    assert [one.model for one in client.requests] == ["glm-4.7", "glm-5"]
    assert (client.requests[0].thinking, client.requests[0].temperature) == (False, 0.2)
    assert client.requests[1].thinking is None


def test_ask_can_be_awaited_from_any_loop() -> None:
    chat, _ = conversation(ANSWER)

    async def ask() -> Turn:
        return await chat.ask("hi")

    assert asyncio.run(ask()).text == "Hello"


def test_the_events_fold_to_the_turn() -> None:
    chat, _ = conversation(
        [ThinkingDelta("x"), RestartDelta(), TextDelta("a"), TextDelta("b"), FinishDelta("stop")]
    )
    events: list[Event] = []
    turn = chat.prepare("hi")
    before = turn.snapshot()
    turn.listen(events.extend)
    chat.begin(turn)
    turn.wait()
    assert fold(before, events) == turn.snapshot()


def test_streaming_yields_events_to_the_last() -> None:
    chat, _ = conversation(ANSWER)

    async def kinds() -> list[str]:
        return [event.type async for event in chat.stream("hi")]

    assert asyncio.run(kinds()) == [
        "part_started", "delta", "part_ended", "part_started", "delta", "usage", "finished",
    ]  # fmt: skip


def test_leaving_the_stream_early_stops_the_turn() -> None:
    chat, client = conversation([TextDelta("a"), None])

    async def leave() -> None:
        events = chat.stream("hi")
        async for _ in events:
            break
        await events.aclose()

    asyncio.run(leave())
    assert client.left.wait(5)
    assert chat.turns[0].wait().status == "stopped"


def test_a_stopped_turn_keeps_what_came_and_the_conversation_goes_on() -> None:
    chat, client = conversation([TextDelta("Hel"), None], ANSWER)
    turn = chat.start("hi")
    assert client.hanging.wait(5)
    turn.stop()
    assert turn.wait().status == "stopped"
    assert client.left.wait(5)
    chat.ask_sync("go on")
    assert [one.content for one in client.requests[1].messages] == ["hi", "Hel", "go on"]


def test_a_stop_before_the_first_token_leaves_the_question() -> None:
    chat, client = conversation([None])
    turn = chat.start("hi")
    turn.stop()
    assert turn.wait().status == "stopped"
    assert turn.messages == (Message("user", "hi"),)
    assert turn.error is None
    assert client.left.is_set() or not client.requests


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, asyncio.CancelledError])
def test_an_interrupt_ends_the_turn_marked_so(interrupt: type[BaseException]) -> None:
    chat, client = conversation([TextDelta("Hel"), None])
    turn = chat.start("hi")
    assert client.hanging.wait(5)

    def tick() -> None:
        raise interrupt

    wait: Callable[[], object] = lambda: turn.wait(tick)  # noqa: E731
    if interrupt is asyncio.CancelledError:
        wait = lambda: asyncio.run(turn.wait_async(tick))  # noqa: E731
    with pytest.raises(interrupt):
        wait()
    assert (turn.status, turn.text) == ("interrupted", "Hel")
    assert isinstance(turn.error, TurnInterrupted)


def test_a_cut_stream_keeps_the_partial_turn() -> None:
    cut = StreamCutError("It ended.", "Again.")
    chat, _ = conversation([ThinkingDelta("hm"), TextDelta("Hel"), cut])
    with pytest.raises(StreamCutError) as raised:
        chat.ask_sync("hi")
    turn = raised.value.turn
    assert turn is chat.turns[0]
    assert (turn.status, turn.text, turn.thinking) == ("cut_off", "Hel", "hm")
    assert turn.messages[-1].content == "Hel"


def test_a_refused_turn_is_shown_but_not_sent_again() -> None:
    chat, client = conversation([RateLimitError("Too many.", "Wait.", status=429)], ANSWER)
    with pytest.raises(RateLimitError):
        chat.ask_sync("hi")
    assert [turn.status for turn in chat.turns] == ["failed"]
    chat.ask_sync("again")
    assert [one.content for one in client.requests[1].messages] == ["again"]


def test_an_unforeseen_failure_ends_the_turn_too() -> None:
    chat, _ = conversation([ZeroDivisionError()])
    with pytest.raises(Exception, match="failed by ZeroDivisionError"):
        chat.ask_sync("hi")


def test_a_listener_that_fails_does_not_cost_the_turn(caplog: pytest.LogCaptureFixture) -> None:
    chat, _ = conversation(ANSWER)
    calls = 0

    def fail(events: Sequence[Event]) -> None:
        nonlocal calls
        calls += 1
        raise ZeroDivisionError

    assert chat.start("hi", listeners=[fail]).wait().text == "Hello"
    assert calls == 1
    assert "told nothing more" in caplog.text


def test_one_conversation_runs_one_turn_at_a_time() -> None:
    chat, client = conversation([None])
    turn = chat.start("hi")
    assert client.hanging.wait(5)
    with pytest.raises(ConfigError, match="A turn of the conversation 'default' still runs"):
        chat.start("hi")
    turn.stop()
    turn.wait()


@pytest.mark.parametrize("prompt", ["", "  \n"])
def test_an_empty_prompt_is_refused_before_any_request(prompt: str) -> None:
    chat, client = conversation()
    with pytest.raises(ConfigError, match="The prompt is empty"):
        chat.ask_sync(prompt)
    assert not client.requests


def test_a_reset_forgets_the_turns_and_stops_the_running_one() -> None:
    chat, client = conversation([None], ANSWER)
    turn = chat.start("hi")
    assert client.hanging.wait(5)
    chat.reset()
    assert turn.wait().status == "stopped"
    chat.ask_sync("new")
    assert [one.content for one in client.requests[1].messages] == ["new"]


def test_the_record_reads_back() -> None:
    chat, _ = conversation(ANSWER, ANSWER)
    first = chat.ask_sync("hi", temperature=0.5)
    second = chat.ask_sync("more")
    record = second.record()
    assert TurnRecord.from_json(record.to_json()).to_json() == record.to_json()
    assert (record.parent_id, record.endpoint) == (first.id, "glm.example")
    assert first.record().parameters == {"temperature": 0.5}
    assert "sk-test" not in str(record.to_json())


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ([ThinkingDelta("hm"), None], ("", "hm")),
        ([ThinkingDelta("hm"), TextDelta("Hel"), RateLimitError("Too many.")], ("Hel", "hm")),
    ],
    ids=["stopped while it thinks", "failed in the middle"],
)
def test_the_record_keeps_every_token_that_came(
    script: Sequence[Delta | Exception | None], said: tuple[str, str]
) -> None:
    chat, client = conversation(script)
    turn = chat.start("hi")
    if None in script:
        assert client.hanging.wait(5)
        turn.stop()
        turn.wait()
    else:
        with pytest.raises(RateLimitError):
            turn.wait()
    answer = turn.record().messages[-1]
    assert (answer.content, answer.thinking) == said
    assert "Hel" not in [one.content for one in chat.messages]


def test_many_conversations_run_side_by_side() -> None:
    chats = [conversation(ANSWER)[0] for _ in range(20)]
    turns = [chat.start("hi") for chat in chats]
    assert {turn.wait().text for turn in turns} == {"Hello"}


def test_an_interrupt_that_comes_before_the_turn_has_begun_ends_it_too() -> None:
    chat, client = conversation(ANSWER)
    turn = chat.prepare("hi")
    turn.interrupt()
    assert (turn.status, turn.done) == ("interrupted", True)
    chat.begin(turn)  # as if the interrupt had come in between
    with pytest.raises(TurnInterrupted):
        turn.wait()
    assert client.requests == []
