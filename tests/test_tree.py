"""Branches of a conversation: asked again, asked otherwise, deleted, gone on with."""

from __future__ import annotations

import gc
import weakref

import pytest

from glm_notebook.attachment import Attachment
from glm_notebook.conversation import Conversation
from glm_notebook.errors import ConfigError, RateLimitError, StreamCutError
from glm_notebook.events import Event, fold
from glm_notebook.messages import Usage
from glm_notebook.protocol.deltas import (
    Delta,
    FinishDelta,
    RestartDelta,
    TextDelta,
    ThinkingDelta,
    UsageDelta,
)
from glm_notebook.turn import GO_ON, Turn
from tests.test_conversation import ANSWER, Scripted, conversation


def said(number: int) -> list[Delta]:
    return [TextDelta(f"answer {number}"), FinishDelta("stop")]


def grown(count: int, more: int = 4) -> tuple[Conversation, Scripted, list[Turn]]:
    """Return a conversation of some turns, with scripts for some more."""
    talk, client = conversation(*[said(number) for number in range(count + more)])
    return talk, client, [talk.ask_sync(f"prompt {number}") for number in range(count)]


def again(talk: Conversation, turn: Turn | None = None, **changes: object) -> Turn:
    new = talk.prepare_again(turn, **changes)  # type: ignore[arg-type]
    talk.begin(new)
    return new.wait()


def prompts(talk: Conversation) -> list[str]:
    return [turn.prompt for turn in talk.turns]


def test_a_turn_that_is_asked_again_gets_a_branch_and_the_old_one_stays() -> None:
    talk, client, (first, second) = grown(2)
    third = again(talk, second)
    assert talk.turns == [first, third]
    assert talk.tree.beside(third) == (second, third)
    assert [said.content for said in client.requests[-1].messages] == [
        "prompt 0",
        "answer 0",
        "prompt 1",
    ]


def test_another_prompt_in_the_middle_begins_a_branch_there() -> None:
    talk, client, (first, second, third) = grown(3)
    other = again(talk, second, prompt="another")
    assert prompts(talk) == ["prompt 0", "another"]
    assert talk.tree.beside(other) == (second, other)
    talk.ask_sync("and on")
    assert [one.content for one in client.requests[-1].messages][-3:] == [
        "another",
        "answer 3",
        "and on",
    ]
    talk.select(second)
    assert talk.turns == [first, second, third]


def test_the_first_prompt_can_be_another_one() -> None:
    talk, _, (first, second) = grown(2)
    other = again(talk, first, prompt="another")
    assert talk.turns == [other]
    talk.select(first)
    assert talk.turns == [first, second]
    assert [*talk.tree] == [first, second, other]
    assert len(talk.tree) == 3


def test_a_branch_is_shown_as_far_as_it_was_shown_last() -> None:
    talk, _, (first, second) = grown(2)
    third = again(talk, second)
    again(talk, first, prompt="another")
    talk.select(first)
    assert talk.turns == [first, third]
    talk.select(second)
    assert talk.turns == [first, second]
    again(talk, first)
    talk.select(first)
    assert talk.turns == [first, second]


def test_a_turn_that_failed_with_nothing_gives_its_place_to_the_next_try() -> None:
    talk, _ = conversation([RateLimitError("Too many.")], said(1))
    with pytest.raises(RateLimitError):
        talk.ask_sync("hi")
    new = again(talk)
    assert talk.tree.beside(new) == (new,)


def test_a_turn_that_broke_off_stays_beside_the_next_try() -> None:
    talk, _ = conversation([TextDelta("Hel"), StreamCutError("Cut.")], said(1))
    with pytest.raises(StreamCutError):
        talk.ask_sync("hi")
    old = talk.head
    new = again(talk)
    assert talk.tree.beside(new) == (old, new)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_deleted_turn_is_not_sent_and_those_after_it_stay(index: int) -> None:
    talk, client, turns = grown(3)
    talk.delete(turns[index])
    kept = [number for number in range(3) if number != index]
    assert prompts(talk) == [f"prompt {number}" for number in kept]
    talk.ask_sync("next")
    sent = [one.content for one in client.requests[-1].messages]
    assert sent == [f"{what} {n}" for n in kept for what in ("prompt", "answer")] + ["next"]
    assert talk.turns[1].record().parent_id == talk.turns[0].id


def test_a_deleted_branch_leaves_the_one_beside_it() -> None:
    talk, _, (first, second) = grown(2)
    third = again(talk, second)
    fourth = again(talk, second)
    talk.select(third)
    talk.delete(third)
    assert talk.turns == [first, fourth]
    talk.delete(fourth)
    assert talk.turns == [first, second]
    talk.delete(second)
    talk.delete(first)
    assert talk.turns == []
    assert len(talk.tree) == 0


def test_branches_below_a_deleted_turn_move_up_in_its_place() -> None:
    talk, _, (first, second) = grown(2)
    third = again(talk, second)
    beside_first = again(talk, first, prompt="another")
    talk.delete(first)
    assert talk.turns == [beside_first]
    assert talk.tree.beside(beside_first) == (second, third, beside_first)
    assert talk.messages[0].content == "another"


def test_a_turn_elsewhere_can_be_deleted_while_another_branch_is_shown() -> None:
    talk, _, (first, second) = grown(2)
    other = again(talk, first)
    talk.delete(second)
    assert talk.turns == [other]
    talk.select(first)
    assert talk.turns == [first]


def test_a_deleted_turn_is_not_kept_in_memory() -> None:
    talk, _, turns = grown(2)
    again(talk, turns[1])
    gone = weakref.ref(turns[1])
    talk.delete(turns.pop())
    gc.collect()
    assert gone() is None


def test_nothing_is_changed_while_a_turn_runs_nor_with_turns_of_others() -> None:
    talk, client = conversation(said(0), [None])
    first = talk.ask_sync("hi")
    running = talk.start("go on")
    assert client.hanging.wait(5)
    for change in (talk.select, talk.delete, talk.prepare_again):
        with pytest.raises(ConfigError, match="still runs"):
            change(first)
    running.stop()
    running.wait()
    stranger = conversation(said(0))[0].ask_sync("hi")
    for change in (talk.select, talk.delete, talk.prepare_again):
        with pytest.raises(ConfigError, match="no turn of the conversation"):
            change(stranger)
    assert len(talk.turns) == 2


def test_a_reset_forgets_all_branches() -> None:
    talk, _, turns = grown(2)
    again(talk, turns[0])
    talk.reset()
    assert (talk.turns, len(talk.tree)) == ([], 0)


def stopped(*script: Delta, then: list[Delta]) -> tuple[Conversation, Scripted, Turn]:
    """Return a conversation whose turn was stopped after a script, and that can be gone on with by another."""
    talk, client = conversation([*script, None], then)
    turn = talk.start("hi")
    assert client.hanging.wait(5)
    turn.stop()
    return talk, client, turn.wait()


def go_on(talk: Conversation) -> tuple[Turn, list[Event]]:
    turn = talk.prepare_rest()
    begun, heard = turn.snapshot(), list[Event]()
    turn.listen(heard.extend)
    talk.begin(turn)
    turn.wait()
    assert fold(begun, heard) == turn.snapshot()
    return turn, heard


def test_an_answer_that_was_stopped_is_gone_on_with_in_its_place() -> None:
    talk, client, old = stopped(
        ThinkingDelta("hm"),
        TextDelta("Hel"),
        then=[TextDelta("lo"), FinishDelta("stop"), UsageDelta(Usage(9, 0, 1, 0))],
    )
    new, _ = go_on(talk)
    assert (new.text, new.thinking, new.status) == ("Hello", "hm", "complete")
    assert talk.turns == [new]
    assert [*talk.tree] == [new]
    assert [(one.role, one.content) for one in client.requests[-1].messages] == [
        ("user", "hi"),
        ("assistant", "Hel"),
        ("user", GO_ON),
    ]
    assert [(one.role, one.content) for one in new.messages] == [
        ("user", "hi"),
        ("assistant", "Hello"),
    ]
    assert (new.started_at, old.text) == (old.started_at, "Hel")
    assert new.snapshot()["elapsed_s"] >= old.snapshot()["elapsed_s"]  # type: ignore[operator]
    parts = new.snapshot()["parts"]
    assert [(one["kind"], one["text"]) for one in parts] == [("thinking", "hm"), ("text", "Hello")]


def test_what_a_going_on_brings_to_begin_with_may_be_thought() -> None:
    talk, _, _ = stopped(
        TextDelta("Hel"), then=[ThinkingDelta("hm"), TextDelta("lo"), FinishDelta("stop")]
    )
    new, _ = go_on(talk)
    assert [(one["kind"], one["text"]) for one in new.snapshot()["parts"]] == [
        ("thinking", "hm"),
        ("text", "Hello"),
    ]
    assert new.messages[-1].content == "Hello"


def test_a_server_that_begins_the_rest_anew_takes_nothing_of_the_beginning_away() -> None:
    talk, _, _ = stopped(
        ThinkingDelta("hm"),
        TextDelta("Hel"),
        then=[TextDelta("p!"), RestartDelta(), TextDelta("lo"), FinishDelta("stop")],
    )
    new, _ = go_on(talk)
    assert (new.text, new.thinking) == ("Hello", "hm")


def test_a_rest_that_fails_keeps_the_beginning_and_can_be_gone_on_with() -> None:
    talk, client, _ = stopped(TextDelta("Hel"), then=[])
    client.scripts[:] = [[StreamCutError("Cut.")], [TextDelta("lo"), FinishDelta("stop")]]
    with pytest.raises(StreamCutError):
        go_on(talk)
    assert talk.turns[-1].text == "Hel"
    assert talk.turns[-1].status == "cut_off"
    assert go_on(talk)[0].text == "Hello"


def test_an_answer_that_reached_its_limit_can_be_gone_on_with() -> None:
    talk, _ = conversation([TextDelta("Hel"), FinishDelta("length")], [TextDelta("lo")])
    assert talk.ask_sync("hi").is_unfinished
    assert go_on(talk)[0].text == "Hello"


@pytest.mark.parametrize(
    "script", [ANSWER, [ThinkingDelta("hm"), FinishDelta("length")], [FinishDelta("stop")]]
)
def test_what_is_whole_or_has_not_begun_cannot_be_gone_on_with(script: list[Delta]) -> None:
    talk, _ = conversation(script)
    talk.ask_sync("hi")
    with pytest.raises(ConfigError, match="was not cut off"):
        talk.prepare_rest()


def test_the_tokens_of_beginning_and_rest_are_added_and_paid_once() -> None:
    talk, _ = conversation(
        [TextDelta("Hel"), FinishDelta("length"), UsageDelta(Usage(1_000_000, 0, 500_000, 0))],
        [TextDelta("lo"), FinishDelta("stop"), UsageDelta(Usage(1000, 0, 1000, 0))],
    )
    first = talk.ask_sync("hi")
    before = dict(talk.spending.amounts)
    new, _ = go_on(talk)
    assert new.usage == Usage(1_001_000, 0, 501_000, 0)
    if first.cost is None:  # this endpoint has no prices
        assert not talk.spending.amounts
    else:
        assert new.cost is not None
        assert before == {first.cost.currency: pytest.approx(first.cost.amount)}
        assert talk.spending.amounts == {new.cost.currency: pytest.approx(new.cost.amount)}


def test_what_a_prompt_takes_along_is_sent_and_asked_again_with_it() -> None:
    talk, client = conversation(said(0), said(1), said(2))
    file = Attachment("a.csv", "x,y\n1,2")
    turn = talk.prepare("Add up.", attachments=[file])
    talk.begin(turn)
    turn.wait()
    assert "x,y\n1,2" in client.requests[0].messages[0].content
    assert turn.prompt == "Add up."
    assert turn.snapshot()["turn"]["attachments"][0]["name"] == "a.csv"
    assert again(talk).attachments == (file,)
    talk.ask_sync("And now?")
    assert client.requests[-1].messages[0].content == client.requests[0].messages[0].content
    assert "attachments" not in talk.turns[-1].snapshot()["turn"]
