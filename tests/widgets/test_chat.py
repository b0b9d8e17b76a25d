from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from glm_notebook.chat import MAX_IDS, Chat
from glm_notebook.conversation import Conversation
from glm_notebook.errors import ConfigError, GLMError, RateLimitError, StreamCutError
from glm_notebook.messages import Message, Request, Usage
from glm_notebook.prompt import Prompt
from glm_notebook.protocol.deltas import Delta, FinishDelta, TextDelta, UsageDelta
from glm_notebook.runner import main_work, runner
from glm_notebook.widgets.chat import ChatWidget
from tests.test_conversation import ANSWER, Scripted, conversation

Script = Sequence[Delta | Exception | None]


def until(is_so: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until something is so that other threads bring about; serve what is due on this one meanwhile."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about"
        main_work.serve()
        runner().submit(asyncio.sleep(0)).result(seconds)


class FakeView:
    """Counts what it is told."""

    def __init__(self) -> None:
        self.changes = 0
        self.refusals: list[tuple[str, str]] = []

    def show_change(self) -> None:
        self.changes += 1

    def show_refusal(self, prompt: Prompt, error: GLMError) -> None:
        self.refusals.append((prompt.id, error.message))


def chat(*scripts: Script) -> tuple[Chat, Scripted, FakeView]:
    talk, client = conversation(*scripts)
    view = FakeView()
    return Chat(talk, view, dict), client, view


def prompts(one: Chat | ChatWidget) -> list[str]:
    return [turn.prompt for turn in one.conversation.turns]


def test_prompts_that_come_while_a_turn_runs_wait_in_their_order() -> None:
    one, client, _ = chat([TextDelta("a"), None], ANSWER, ANSWER)
    first = one.send("first")
    assert client.hanging.wait(5)
    second, third = one.send("second"), one.send("third")
    assert [prompt.text for prompt in one.queue] == ["second", "third"]
    assert second.turn is None
    one.stop()
    assert third.wait().text == "Hello"
    assert prompts(one) == ["first", "second", "third"]
    assert [prompt.wait().status for prompt in (first, second)] == ["stopped", "complete"]
    until(lambda: not one.is_running)
    assert not one.queue


def test_a_prompt_can_be_awaited() -> None:
    one, _, _ = chat(ANSWER)

    async def ask() -> str:
        return (await one.send("hi")).text

    assert asyncio.run(ask()) == "Hello"


def test_a_waiting_prompt_can_be_taken_back() -> None:
    one, client, _ = chat([None], ANSWER)
    one.send("first")
    assert client.hanging.wait(5)
    second, third = one.send("second"), one.send("third")
    one.unqueue(second.id)
    one.unqueue("q-nobody's")
    one.stop()
    third.wait()
    assert prompts(one) == ["first", "third"]
    with pytest.raises(ConfigError, match="taken back"):
        second.wait()


def test_a_failed_turn_does_not_stop_the_queue() -> None:
    one, client, _ = chat([None, StreamCutError("Cut.")], ANSWER)
    one.send("first")
    assert client.hanging.wait(5)
    second = one.send("second")
    one.stop()
    assert second.wait().text == "Hello"


def test_retry_takes_the_place_of_the_last_turn_with_what_is_set_now() -> None:
    talk, client = conversation(ANSWER, [RateLimitError("Too many.")], ANSWER)
    settings: dict[str, Any] = {}
    one = Chat(talk, FakeView(), lambda: settings)
    one.send("first").wait()
    with pytest.raises(RateLimitError):
        one.send("second").wait()
    settings["model"] = "glm-4.7"
    again = one.ask_again().wait()
    assert prompts(one) == ["first", "second"]
    assert talk.turns[-1] is again
    assert [request.model for request in client.requests] == ["glm-5", "glm-5", "glm-4.7"]
    assert [said.content for said in client.requests[-1].messages] == ["first", "Hello", "second"]


def test_there_is_nothing_to_retry_before_a_turn_and_while_one_runs() -> None:
    one, client, _ = chat([None])
    with pytest.raises(ConfigError, match="no ended turn"):
        one.ask_again()
    first = one.send("first")
    assert client.hanging.wait(5)
    with pytest.raises(ConfigError, match="no ended turn"):
        one.ask_again()
    one.stop()
    first.wait()


def test_clear_stops_forgets_and_takes_back() -> None:
    one, client, _ = chat([None], ANSWER)
    first = one.send("first")
    assert client.hanging.wait(5)
    second = one.send("second")
    one.clear()
    assert first.wait().status == "stopped"
    with pytest.raises(ConfigError, match="taken back"):
        second.wait()
    assert one.send("new").wait().text == "Hello"
    assert prompts(one) == ["new"]
    assert [said.content for said in client.requests[-1].messages] == ["new"]


class Held:
    """A client that is being looked for until it is let go: a local model that is loaded, a locked key ring."""

    def __init__(self, client: Scripted) -> None:
        self.asked, self.let_go = threading.Event(), threading.Event()
        self._client = client

    def __call__(self) -> Scripted:
        self.asked.set()
        assert self.let_go.wait(10)
        return self._client


@pytest.fixture
def held() -> Iterator[tuple[Chat, Scripted, Held]]:
    talk, client = conversation(ANSWER, ANSWER)
    hold = Held(client)
    yield Chat(talk, FakeView(), dict, hold), client, hold
    hold.let_go.set()


def test_a_prompt_that_is_cleared_before_it_is_sent_is_not_sent(
    held: tuple[Chat, Scripted, Held],
) -> None:
    one, client, hold = held
    first = one.send("first")
    assert hold.asked.wait(5)
    one.clear()
    hold.let_go.set()
    with pytest.raises(ConfigError, match="taken back"):
        first.wait()
    one.send("second").wait()
    assert prompts(one) == ["second"]
    assert len(client.requests) == 1


def test_a_stop_before_a_prompt_is_sent_counts(held: tuple[Chat, Scripted, Held]) -> None:
    one, client, hold = held
    first = one.send("first")
    assert hold.asked.wait(5)
    one.stop()
    hold.let_go.set()
    assert first.wait().status == "stopped"
    assert not client.requests


def test_a_turn_that_was_begun_elsewhere_in_the_meantime_goes_first(
    held: tuple[Chat, Scripted, Held],
) -> None:
    one, client, hold = held
    client.scripts[:] = [[None], ANSWER]
    prompt = one.send("from the page")
    assert hold.asked.wait(5)
    other = one.conversation.start("from a cell")
    assert client.hanging.wait(5)
    hold.let_go.set()
    until(lambda: prompt in one.queue)
    other.stop()
    prompt.wait()
    assert prompts(one) == ["from a cell", "from the page"]


def test_a_turn_that_was_begun_elsewhere_after_the_prompt_was_checked_is_not_lost() -> None:
    one, client, _ = chat([None], ANSWER)
    others = []

    def check(request: Request) -> None:
        del client.check
        others.append(one.conversation.start("from a cell"))

    client.check = check  # type: ignore[method-assign]
    prompt = one.send("from the page")
    until(lambda: prompt in one.queue)
    others[0].stop()
    prompt.wait()
    assert prompts(one) == ["from a cell", "from the page"]


def test_a_page_s_id_counts_once_and_is_forgotten_in_time() -> None:
    one, _, _ = chat()
    assert not one.is_repeated("a")
    assert one.is_repeated("a")
    for number in range(MAX_IDS):
        assert not one.is_repeated(str(number))
    assert not one.is_repeated("a")


def test_a_prompt_that_cannot_be_sent_is_refused_and_the_next_one_follows() -> None:
    one, client, view = chat(ANSWER)

    def no_key() -> None:
        raise ConfigError("There is no API key.", "Set one.")

    client.require_key = no_key  # type: ignore[method-assign]
    refused = one.send("hi", "p1")
    with pytest.raises(ConfigError, match="no API key"):
        refused.wait()
    until(lambda: view.refusals)
    assert view.refusals == [("p1", "There is no API key.")]
    assert not one.is_running
    del client.require_key
    assert one.send("hi", "p2").wait().text == "Hello"


def test_an_unforeseen_error_loses_no_prompt() -> None:
    talk, _ = conversation()
    view = FakeView()

    def fail() -> Scripted:
        raise ZeroDivisionError

    one = Chat(talk, view, dict, fail)
    one.send("hi", "p1")
    until(lambda: view.refusals)
    assert view.refusals[0][1].startswith("The prompt failed by ZeroDivisionError")


class Shown(ChatWidget):
    """A chat that keeps what it sends; pages of it speak on the runner, as a comm's handler does."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        self.sent: list[dict[str, Any]] = []
        super().__init__(*arguments, **settings)

    def send(self, content: dict[str, Any], buffers: object = None) -> None:
        self.sent.append(content)

    def hear(self, type: str, **fields: Any) -> None:
        self._handle_custom_msg({"type": type, **fields}, [])
        runner().submit(asyncio.sleep(0)).result(5)

    def of(self, type: str) -> list[dict[str, Any]]:
        return [one for one in self.sent if one["type"] == type]


def shown(*scripts: Script, **settings: Any) -> tuple[Shown, Scripted]:
    talk, client = conversation(*scripts)
    return Shown(talk, **settings), client


def test_a_prompt_that_a_page_repeats_is_one() -> None:
    one, client = shown(ANSWER, ANSWER)
    one.hear("send", id="p1", text="hi")
    until(lambda: one.last and one.last.done)
    lists = len(one.of("chat"))
    one.hear("send", id="p1", text="hi")
    until(lambda: len(one.of("chat")) > lists)  # the page is told, for it has not heard
    assert len(client.requests) == 1
    assert prompts(one) == ["hi"]


def test_the_list_precedes_the_snapshot_and_the_events_of_a_new_turn() -> None:
    one, _ = shown(ANSWER)
    turn = one.start("hi")
    turn.wait()
    until(lambda: one.status == "idle")
    kinds = [
        one["message"]["type"] if one["type"] == "turn" else f"list of {len(one['turns'])}"
        for one in one.sent
    ]
    first = kinds.index("list of 1")
    assert "snapshot" not in kinds[:first]
    assert kinds[first + 1] == "snapshot"
    assert "events" in kinds[first + 2 :]
    assert [one["rev"] for one in one.of("chat")] == sorted(one["rev"] for one in one.of("chat"))


def test_a_second_page_is_told_what_it_may_have_missed() -> None:
    one, client = shown(ANSWER, [TextDelta("Hel"), None])
    one.start("first").wait()
    running = one.start("second")
    assert client.hanging.wait(5)
    one.hear("ready", page="p1", language="en")
    one.sent.clear()
    one.hear("ready", page="p2", language="zh-CN")
    assert [len(message["turns"]) for message in one.of("chat")] == [2]
    (late,) = one.of("turn")
    assert late["id"] == running.id
    assert late["message"]["snapshot"]["parts"][0]["text"] == "Hel"
    one.sent.clear()
    one.hear("ready", page="p2", language="zh-CN")
    assert not one.sent
    one.stop()
    running.wait()


def test_the_state_is_that_of_running_and_ended_turns_and_the_queue() -> None:
    one, client = shown(ANSWER, [TextDelta("Hel"), None], language="zh")
    one.start("first").wait()
    one.start("second")
    assert client.hanging.wait(5)
    waiting = one.start("third")
    assert isinstance(waiting, Prompt)
    state = one.get_state("state")["state"]
    assert [turn["snapshot"]["status"] for turn in state["turns"]] == ["complete", "answering"]
    assert state["queue"] == [{"id": waiting.id, "text": "third"}]
    assert state["language"] == "zh"
    assert one.get_state("models")["models"][:1]
    one.clear()


def test_an_ended_turn_gives_its_snapshot_and_one_that_is_gone_nothing() -> None:
    one, _ = shown(ANSWER)
    turn = one.start("hi").wait()
    one.hear("turn", id=turn.id, message={"type": "snapshot_request"})
    assert one.of("turn")[-1]["message"]["snapshot"]["status"] == "complete"
    one.clear()
    until(lambda: one.of("chat")[-1]["turns"] == [])
    one.sent.clear()
    one.hear("turn", id=turn.id, message={"type": "snapshot_request"})
    one.hear("turn", id=turn.id, message="nonsense")
    assert not one.of("turn")


@pytest.mark.parametrize(
    "message",
    [{}, {"type": 1}, {"type": "send"}, {"type": "turn"}, {"type": "unqueue"}, {"type": "retry"}],
)
def test_what_makes_no_sense_changes_nothing(
    message: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    one, client = shown(ANSWER)
    one._handle_custom_msg(message, [])
    runner().submit(asyncio.sleep(0)).result(5)
    assert not client.requests
    assert not caplog.records
    assert one.start("hi").wait().text == "Hello"


def test_a_refusal_gives_the_text_back() -> None:
    one, _ = shown()
    one.hear("send", id="p1", text="  \n")
    until(lambda: one.of("refused"))
    (refused,) = one.of("refused")
    assert (refused["id"], refused["text"]) == ("p1", "  \n")
    assert (refused["message"], refused["remedy"]) == (
        "The prompt is empty.",
        "Write what you want to ask.",
    )
    with pytest.raises(ConfigError, match="prompt is empty"):
        one.start(" ")
    assert len(one.of("refused")) == 1  # who asks in Python is told there


def test_a_retry_that_is_refused_leaves_the_turn_and_gives_no_text_back() -> None:
    one, client = shown([RateLimitError("Too many.")])
    one.hear("send", id="p1", text="hi")
    until(lambda: one.last and one.last.done)

    def no_key() -> None:
        raise ConfigError("There is no API key.\n", "Set one.")

    client.require_key = no_key  # type: ignore[method-assign]
    one.hear("retry")
    until(lambda: one.of("refused"))
    assert one.of("refused") == [
        {
            "type": "refused",
            "id": "",
            "text": "",
            "message": "There is no API key.",
            "remedy": "Set one.",
        }
    ]
    assert prompts(one) == ["hi"]


def test_values_are_read_at_once_and_observed_on_the_main_thread() -> None:
    script: Script = [TextDelta("Hello"), FinishDelta("stop"), UsageDelta(Usage(3, 0, 5, None))]
    one, _ = shown(script, script)
    seen: list[tuple[str, str]] = []
    one.observe(
        lambda change: seen.append((change.name, threading.current_thread().name)),
        ["messages", "status", "usage"],
    )
    one.start("hi").wait()
    one.start("again").wait()
    until(lambda: one.status == "idle" and len(one.messages) == 4)
    main_work.serve()
    assert one.messages[:2] == [Message("user", "hi"), Message("assistant", "Hello")]
    assert one.usage == {
        "input_tokens": 6,
        "cached_tokens": 0,
        "output_tokens": 10,
        "thinking_tokens": None,
    }
    assert {name for name, _ in seen} == {"messages", "status", "usage"}
    assert {thread for _, thread in seen} == {threading.main_thread().name}
    with pytest.raises(Exception, match="read-only"):
        one.status = "running"


def test_a_conversation_is_gone_on_with_as_it_is_set() -> None:
    client = Scripted([TextDelta("Hel"), None])
    talk = Conversation(client, model="glm-4.7", system="Be brief.", thinking=False)
    turn = talk.start("hi")
    assert client.hanging.wait(5)
    one = Shown(talk, temperature=0.2)
    assert (one.model, one.system, one.thinking, one.temperature) == (
        "glm-4.7",
        "Be brief.",
        False,
        0.2,
    )
    assert (one.last, one.status) == (turn, "running")
    one.hear("stop")
    turn.wait()
    until(lambda: one.status == "idle")
    (ended,) = [one for one in one.of("turn") if one["message"]["type"] == "events"]
    assert ended["message"]["events"][-1]["status"] == "stopped"


def _ends_with(one: Shown, kind: str) -> bool:
    """Tell whether this was the last event of a turn that was sent, be it followed by a snapshot or not."""
    events = [event for told in one.of("turn") for event in told["message"].get("events", ())]
    return bool(events) and events[-1]["type"] == kind


def test_turns_of_others_are_shown_and_a_closed_chat_hears_no_more() -> None:
    one, _ = shown(ANSWER, ANSWER)
    turn = one.conversation.ask_sync("from a cell")
    until(lambda: one.status == "idle" and one.of("chat")[-1]["turns"] == [turn.id])
    until(lambda: _ends_with(one, "finished"))
    one.close()
    one.sent.clear()
    one.conversation.ask_sync("again")
    assert not one.sent


def test_the_transcript_has_each_prompt_and_its_settled_answer() -> None:
    script: Script = [TextDelta("I **am**.\n\n<script>"), FinishDelta("stop")]
    one, client = shown(script, [TextDelta("Half"), None])
    empty, _ = one._repr_mimebundle_()
    assert empty["text/markdown"] == "<p>A chat with glm-5</p>\n"
    one.start("Who?\n\n# <i>you</i>").wait()
    running = one.start("And?")
    assert client.hanging.wait(5)
    bundle, _ = one._repr_mimebundle_()
    markdown = bundle["text/markdown"]
    assert markdown.index("&lt;i&gt;you") < markdown.index("I **am**.") < markdown.index("And?")
    assert markdown.index("And?") < markdown.index("Half")
    assert "<script>" not in markdown
    assert "<i>" not in markdown
    assert "\n\n" not in markdown.partition("</blockquote>")[0]  # where an HTML block would end
    assert bundle["text/plain"].startswith("> Who?\n> \n> # <i>you</i>\n\nI **am**.")
    one.stop()
    running.wait()
