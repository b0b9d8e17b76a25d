"""Turns that call tools: what is sent, what the history holds, and where a stop may fall."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest

from glm_notebook import Conversation
from glm_notebook.calling import MAX_PRINTED, Decision, Emit, decision_of
from glm_notebook.driver import MAX_REPEATS, REPEATED_NOTE, ROUNDS_NOTE
from glm_notebook.errors import TurnInterrupted
from glm_notebook.events import Event, fold
from glm_notebook.messages import Message, Usage
from glm_notebook.protocol.deltas import (
    Delta,
    FinishDelta,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    UsageDelta,
)
from glm_notebook.tools import Tool
from glm_notebook.turn import Turn
from tests.test_conversation import Scripted

Script = Sequence[Delta | Exception | None]


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def calls(*asked: tuple[str, str], thinking: str = "", text: str = "") -> list[Delta]:
    """One answer that asks for tools, each by its name and arguments."""
    deltas: list[Delta] = [ThinkingDelta(thinking)] if thinking else []
    deltas += [TextDelta(text)] if text else []
    deltas += [
        ToolCallDelta(number, f"call_{name}_{number}", name, arguments)
        for number, (name, arguments) in enumerate(asked)
    ]
    return [*deltas, FinishDelta("tool_calls"), UsageDelta(Usage(10, 0, 5, 1))]


def says(text: str) -> list[Delta]:
    return [TextDelta(text), FinishDelta("stop"), UsageDelta(Usage(20, 8, 3, 0))]


def chat(
    *scripts: Script, tools: Sequence[Any] = (add,), **settings: Any
) -> tuple[Conversation, Scripted]:
    client = Scripted(*scripts)
    return Conversation(client, tools=tools, **settings), client


def told(turn: Turn) -> list[str]:
    return [one.content for one in turn.messages if one.role == "tool"]


def states(turn: Turn) -> list[str]:
    return [part["state"] for part in turn.snapshot()["parts"] if part["kind"] == "tool_call"]


def test_a_tool_is_called_and_the_model_goes_on_with_what_it_gave() -> None:
    conversation, client = chat(
        calls(("add", '{"a": 2, "b": 3}'), thinking="I add."), says("It is 5.")
    )
    turn = conversation.ask_sync("2 + 3?")
    assert turn.text == "It is 5."
    assert turn.status == "complete"
    first, second = client.requests
    assert [spec.name for spec in first.tools] == ["add"]
    assert first.tools[0].parameters["properties"]["a"] == {"type": "integer"}
    call = second.messages[1].tool_calls[0]
    assert second.messages == (
        Message("user", "2 + 3?"),
        Message("assistant", "", "I add.", (call,)),
        Message("tool", "5", tool_call_id=call.id),
    )
    assert turn.messages == (*second.messages, Message("assistant", "It is 5."))
    assert turn.usage == Usage(30, 8, 8, 1)
    assert states(turn) == ["done"]


def test_the_events_fold_to_the_turn() -> None:
    conversation, _ = chat(
        calls(("add", '{"a": 2, "b": 3}'), ("add", "nonsense"), text="Let me see."), says("5")
    )
    events: list[Event] = []
    turn = conversation.prepare("?")
    start = turn.snapshot()
    turn.listen(events.extend)
    conversation.begin(turn)
    turn.wait()
    assert fold(start, events) == turn.snapshot()
    kinds = {event.type for event in events}
    assert {"tool_state", "tool_result", "round"} <= kinds


def test_several_calls_keep_their_order_whatever_order_they_end_in() -> None:
    first_may_end = asyncio.Event()

    async def slow(x: int) -> str:
        await first_may_end.wait()
        return f"slow {x}"

    async def fast(x: int) -> str:
        first_may_end.set()
        return f"fast {x}"

    conversation, _ = chat(
        calls(("slow", '{"x": 1}'), ("fast", '{"x": 2}'), ("add", '{"a": 1, "b": 1}')),
        says("done"),
        tools=(slow, fast, add),
    )
    turn = conversation.ask_sync("?")
    assert told(turn) == ["slow 1", "fast 2", "2"]


def test_sync_tools_run_on_the_thread_that_waits_and_others_do_not() -> None:
    where: dict[str, str] = {}

    def here() -> None:
        where["here"] = threading.current_thread().name

    def there() -> None:
        where["there"] = threading.current_thread().name

    tools = [here, Tool(there, thread=True)]
    conversation, _ = chat(calls(("here", ""), ("there", "")), says("done"), tools=tools)
    conversation.ask_sync("?")
    assert where == {"here": threading.main_thread().name, "there": "glm-tool"}


def test_in_a_loop_sync_tools_run_on_its_thread() -> None:
    seen: list[threading.Thread] = []
    conversation, _ = chat(
        calls(("here", "")),
        says("done"),
        tools=[Tool(lambda: seen.append(threading.current_thread()), name="here")],
    )

    async def main() -> None:
        await conversation.ask("?")

    asyncio.run(main())
    assert seen == [threading.main_thread()]


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("ad", '{"a": 1, "b": 2}', "There is no tool ad. There are: add."),
        ("add", '{"a": "x", "b": 2}', "a"),
        ("add", "[1, 2]", "object"),
        ("add", '{"a": 1', "b"),
        ("broken", "{}", "ValueError: it broke"),
    ],
)
def test_what_goes_wrong_is_told_to_the_model_which_goes_on(
    name: str, arguments: str, message: str
) -> None:
    def broken() -> None:
        raise ValueError("it broke")

    conversation, _ = chat(calls((name, arguments)), says("I see."), tools=(add, broken))
    if name == "ad":
        conversation.tools.remove("broken")
    turn = conversation.ask_sync("?")
    assert turn.text == "I see."
    assert states(turn) == ["failed"]
    assert message in told(turn)[0]
    (part,) = [one for one in turn.snapshot()["parts"] if one["kind"] == "tool_call"]
    result = part["result"]
    assert result is not None
    assert ("raise ValueError" in result["traceback"]) == (name == "broken")
    assert "glm_notebook" not in result["traceback"]


def test_a_call_without_tools_ends_the_turn() -> None:
    conversation, client = chat(calls(("add", "{}"), text="Let me"), tools=())
    turn = conversation.ask_sync("?")
    assert len(client.requests) == 1
    assert [call.name for call in turn.tool_calls] == ["add"]
    assert turn.messages == (Message("user", "?"), Message("assistant", "Let me"))


def test_the_same_call_is_not_made_until_the_service_refuses_it() -> None:
    same = calls(("add", '{"a": 1, "b": 1}'))
    conversation, client = chat(*[same] * MAX_REPEATS, says("It is 2."))
    turn = conversation.ask_sync("?")
    assert turn.text == "It is 2."
    assert states(turn) == ["done", "done", "failed"]
    assert REPEATED_NOTE in turn.snapshot()["notes"]
    assert client.requests[-1].tool_choice == "none"
    rounds = [one for one in turn.messages if one.tool_calls]
    assert len(rounds) == MAX_REPEATS - 1


def test_a_function_that_prints_without_end_does_not_fill_the_notebook() -> None:
    conversation, _ = chat(calls(("loud", "")), says("ok"), tools=[Tool(lambda: None, name="loud")])
    turn = conversation.prepare("?")

    @contextmanager
    def capture(emit: Emit) -> Iterator[None]:
        for _ in range(3):
            emit({"mime": "text/plain", "data": "x" * MAX_PRINTED})
        yield

    turn.calls.capture = capture
    conversation.begin(turn)
    turn.wait()
    (output,) = turn.snapshot()["parts"][0]["outputs"]
    assert len(output["data"]) < MAX_PRINTED + 100
    assert output["data"].endswith("… 200,000 more characters")


def test_a_call_that_the_limit_may_have_cut_does_not_run() -> None:
    cut: list[Delta] = [ToolCallDelta(0, "k", "add", '{"a": 1, "b": 12'), FinishDelta("length")]
    conversation, _ = chat(cut, says("I see."))
    turn = conversation.ask_sync("?")
    assert states(turn) == ["failed"]
    assert "may be incomplete" in told(turn)[0]


def test_after_many_rounds_the_model_has_to_answer() -> None:
    rounds = [calls(("add", f'{{"a": {n}, "b": 1}}')) for n in range(3)]
    conversation, client = chat(*rounds, says("Enough."), max_rounds=3)
    turn = conversation.ask_sync("?")
    assert turn.text == "Enough."
    assert ROUNDS_NOTE in turn.snapshot()["notes"]
    assert client.requests[-1].tool_choice == "none"
    assert len(told(turn)) == 3


def test_a_redefined_function_is_the_one_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    namespace: dict[str, Any] = {}
    monkeypatch.setattr("glm_notebook.conversation.namespace_of_the_user", lambda: namespace)

    def define(value: int) -> None:
        def answer() -> int:
            return value

        namespace["answer"] = answer

    define(1)
    conversation, _ = chat(calls(("answer", "")), says("ok"), tools=[namespace["answer"]])
    define(42)
    assert told(conversation.ask_sync("?")) == ["42"]


# --- approval ---------------------------------------------------------------------------------------------------------


def asked(answer: Callable[[Turn, int], None], *scripts: Script, tools: Sequence[Any]) -> Turn:
    """Answer as a page would, each time that a call asks."""
    conversation, _ = chat(*scripts, tools=tools)
    turn = conversation.prepare("?")
    turn.calls.page_answers = lambda: True

    def listen(events: Sequence[Event]) -> None:
        for event in events:
            if event.type == "tool_state" and event.state == "asking":
                answer(turn, event.index)

    turn.listen(listen)
    conversation.begin(turn)
    return turn.wait()


def test_an_approved_call_runs_and_a_declined_one_does_not() -> None:
    ran: list[int] = []
    twice = calls(("guarded", '{"x": 1}'), ("guarded", '{"x": 2}'))

    def answer(turn: Turn, index: int) -> None:
        turn.approve(index) if index == 0 else turn.decline(index, "not this one")

    turn = asked(answer, twice, says("ok"), tools=[_guarded(ran)])
    assert ran == [1]
    assert states(turn) == ["done", "declined"]
    assert told(turn)[1] == "The user declined this call: not this one"


def _guarded(ran: list[int]) -> Tool:
    def guarded(x: int) -> None:
        ran.append(x)

    return Tool(guarded, approve=True)


def test_approved_for_good_is_asked_once() -> None:
    ran: list[int] = []
    questions: list[int] = []

    def answer(turn: Turn, index: int) -> None:
        questions.append(index)
        turn.approve(index, always=True)

    scripts = (calls(("guarded", '{"x": 1}')), calls(("guarded", '{"x": 2}')), says("ok"))
    asked(answer, *scripts, tools=[_guarded(ran)])
    assert (ran, questions) == ([1, 2], [0])


@pytest.mark.parametrize(
    ("mode", "approve", "questions"),
    [("auto", False, 0), ("auto", True, 1), ("ask", False, 1), ("never", True, 0)],
)
def test_the_mode_says_what_is_asked(
    mode: Any, approve: bool, questions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts: list[str] = []

    def answer(prompt: str) -> str:
        prompts.append(prompt)
        return "yes"

    monkeypatch.setattr("builtins.input", answer)
    conversation, _ = chat(
        calls(("add", '{"a": 1, "b": 1}')), says("2"), tools=[Tool(add, approve=approve)]
    )
    conversation.approvals.mode = mode
    assert told(conversation.ask_sync("?")) == ["2"]
    assert len(prompts) == questions


@pytest.mark.parametrize("error", [EOFError, RuntimeError])
def test_where_nobody_can_be_asked_nothing_runs(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(prompt: str) -> str:
        raise error

    monkeypatch.setattr("builtins.input", fail)
    ran: list[int] = []
    conversation, _ = chat(calls(("guarded", '{"x": 1}')), says("ok"), tools=[_guarded(ran)])
    turn = conversation.ask_sync("?")
    assert ran == []
    assert "nobody could be asked" in told(turn)[0]


@pytest.mark.parametrize(
    ("answer", "decision"),
    [
        ("y", Decision(True)),
        (" YES ", Decision(True)),
        ("是", Decision(True)),
        ("always", Decision(True, always=True)),
        ("", Decision(False)),
        ("n", Decision(False)),
        ("no too dear", Decision(False, reason="too dear")),
        ("later perhaps", Decision(False, reason="later perhaps")),
    ],
)
def test_what_is_no_yes_is_no(answer: str, decision: Decision) -> None:
    assert decision_of(answer) == decision


# --- stopping, at every step of three rounds --------------------------------------------------------------------------

ROUNDS: tuple[Script, ...] = (
    [
        ThinkingDelta("Think."),
        TextDelta("First."),
        ToolCallDelta(0, "call_first", "first", ""),
        *(ToolCallDelta(0, "", "", piece) for piece in ("{", " ", "}")),
        FinishDelta("tool_calls"),
        UsageDelta(Usage(10, 0, 5, 1)),
    ],
    calls(("second", "")),
    says("The end."),
)


def _stopping_at(step: int, reason: Any) -> tuple[Turn, list[str], Conversation]:
    """Stop at the n-th batch of events, and say which tools have run."""
    ran: list[str] = []

    def first() -> str:
        ran.append("first")
        return "one"

    async def second() -> str:
        ran.append("second")
        return "two"

    conversation, client = chat(*ROUNDS, says("Later."), tools=(first, second))
    turn = conversation.prepare("?")
    batches = 0

    def listen(events: Sequence[Event]) -> None:
        nonlocal batches
        batches += 1
        if batches == step:
            turn._stop(reason)  # on the runner's thread: at this very step

    turn.listen(listen)
    conversation.begin(turn)
    with pytest.raises(TurnInterrupted) if reason == "interrupted" else nullcontext():
        turn.wait()
    while len(client.scripts) > 1:
        client.scripts.pop(0)
    return turn, ran, conversation


def _steps() -> int:
    """Count the batches of a turn that is not stopped."""
    conversation, _ = chat(
        *ROUNDS, tools=(Tool(lambda: "one", name="first"), Tool(lambda: "two", name="second"))
    )
    turn = conversation.prepare("?")
    seen: list[int] = []
    turn.listen(lambda events: seen.append(len(events)))
    conversation.begin(turn)
    turn.wait()
    return len(seen)


@pytest.mark.parametrize("reason", ["stopped", "interrupted"])
def test_a_stop_at_any_step_starts_no_tool_and_leaves_a_history_that_can_go_on(reason: str) -> None:
    for step in range(1, _steps()):
        turn, ran, conversation = _stopping_at(step, reason)
        assert turn.status == reason, step
        answered = [one.tool_call_id for one in turn.messages if one.role == "tool"]
        called = [call.id for one in turn.messages for call in one.tool_calls]
        assert answered == called, step
        assert all(
            part["state"] != "running"
            for part in turn.snapshot()["parts"]
            if part["kind"] == "tool_call"
        )
        assert len(ran) <= len([state for state in states(turn) if state in ("done", "stopped")]), (
            step
        )
        assert conversation.ask_sync("Go on").text == "Later."


def test_one_call_can_be_stopped_and_the_turn_goes_on() -> None:
    entered = threading.Event()

    async def endless() -> None:
        entered.set()
        await asyncio.Event().wait()

    conversation, _ = chat(calls(("endless", "")), says("Without it."), tools=[endless])
    turn = conversation.prepare("?")
    conversation.begin(turn)
    assert entered.wait(5)
    turn.stop_call(0)
    turn.wait()
    assert turn.text == "Without it."
    assert states(turn) == ["stopped"]
    assert told(turn) == ["The user stopped this call."]


def test_an_interrupt_within_a_tool_ends_the_turn_marked_so() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    conversation, _ = chat(calls(("interrupted", "")), tools=[interrupted])
    turn = conversation.prepare("?")
    conversation.begin(turn)
    with pytest.raises(KeyboardInterrupt):
        turn.wait()
    assert turn.status == "interrupted"
    assert told(turn) == ["The user stopped this call."]
