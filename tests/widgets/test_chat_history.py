"""Branches, deleting and going on, as a page and as Python ask for it."""

from __future__ import annotations

from typing import Any

import pytest

from glm_notebook.errors import ConfigError, RateLimitError
from glm_notebook.messages import Usage
from glm_notebook.protocol.deltas import FinishDelta, TextDelta, UsageDelta
from glm_notebook.turn import Turn
from tests.test_conversation import ANSWER, Scripted
from tests.widgets.test_chat import Script, Shown, prompts, shown, until


def talked(count: int, *more: Script, **settings: Any) -> tuple[Shown, Scripted, list[Turn]]:
    one, client = shown(*[ANSWER] * count, *(more or [ANSWER] * 3), **settings)
    turns = [one.start(f"prompt {number}").wait() for number in range(count)]
    until(lambda: one.status == "idle")
    one.sent.clear()
    return one, client, turns


def rest(one: Shown) -> None:
    until(lambda: one.status == "idle" and one.last is not None and one.last.done)


def last_list(one: Shown) -> dict[str, Any]:
    return one.of("chat")[-1]


def test_an_edited_prompt_is_a_branch_that_page_and_python_see_alike() -> None:
    one, client, (first, second) = talked(2)
    one.hear("edit", id="p1", turn=first.id, text="another")
    until(lambda: prompts(one) == ["another"])
    rest(one)
    new = one.last
    assert new is not None
    until(lambda: last_list(one)["branches"])
    assert last_list(one)["branches"] == {new.id: [first.id, new.id]}
    assert one.branches(first) == (first, new)
    assert [said.content for said in client.requests[-1].messages] == ["another"]
    one.hear("select", turn=second.id)
    until(lambda: prompts(one) == ["prompt 0", "prompt 1"])
    until(lambda: last_list(one)["turns"] == [first.id, second.id])
    (told,) = one.of("turns")
    assert [turn["id"] for turn in told["turns"]] == [first.id, second.id]
    assert told["turns"][1]["snapshot"]["parts"]


def test_an_edit_that_is_repeated_is_one_and_one_that_is_refused_gives_its_text_back() -> None:
    one, client, (first,) = talked(1)
    one.hear("edit", id="p1", turn=first.id, text="  ")
    until(lambda: one.of("refused"))
    (refused,) = one.of("refused")
    assert (refused["id"], refused["text"]) == ("p1", "  ")
    one.hear("edit", id="p2", turn=first.id, text="another")
    one.hear("edit", id="p2", turn=first.id, text="another")
    until(lambda: prompts(one) == ["another"])
    rest(one)
    assert len(client.requests) == 2


def test_an_answer_is_asked_for_again_with_what_is_set_now() -> None:
    one, client, (first, second) = talked(2)
    one.model = "glm-4.6"
    one.hear("regenerate", turn=first.id)
    until(lambda: one.last not in (None, first, second))
    rest(one)
    assert prompts(one) == ["prompt 0"]
    assert client.requests[-1].model == "glm-4.6"
    assert one.regenerate(second) in one.branches(second)


def test_a_deleted_turn_is_gone_from_the_page_and_from_what_is_sent() -> None:
    one, client, (first, second, third) = talked(3)
    one.hear("delete", turn=second.id)
    until(lambda: one.of("chat") and last_list(one)["turns"] == [first.id, third.id])
    one.start("next").wait()
    sent = [said.content for said in client.requests[-1].messages]
    assert sent == ["prompt 0", "Hello", "prompt 2", "Hello", "next"]


def test_a_stopped_answer_is_gone_on_with() -> None:
    one, client = shown([TextDelta("Hel"), None], [TextDelta("lo"), FinishDelta("stop")])
    one.start("hi")
    assert client.hanging.wait(5)
    one.stop()
    rest(one)
    one.hear("continue")
    until(lambda: one.last is not None and one.last.text == "Hello")
    rest(one)
    assert len(one.turns) == 1
    with pytest.raises(ConfigError, match="was not cut off"):
        one.continue_answer()


@pytest.mark.parametrize(
    ("type", "fields"),
    [
        ("edit", {"id": "p1", "text": "x"}),
        ("regenerate", {}),
        ("continue", {}),
        ("select", {}),
        ("delete", {}),
    ],
)
@pytest.mark.parametrize("turn", ["t-nobody's", None, 3, ["t"]])
def test_what_comes_too_late_changes_nothing_and_the_page_learns_what_holds(
    type: str, fields: dict[str, Any], turn: object
) -> None:
    one, client, turns = talked(1)
    one.hear(type, turn=turn, **fields)
    until(lambda: one.of("chat") or one.of("refused"))
    rest(one)
    assert one.turns == turns
    assert len(client.requests) == 1


@pytest.mark.parametrize("type", ["edit", "regenerate", "continue", "select", "delete"])
def test_while_a_turn_runs_history_is_left_alone(type: str) -> None:
    one, client, (first,) = talked(1, [TextDelta("a"), None])
    running = one.start("go on")
    assert client.hanging.wait(5)
    before = len(one.of("chat"))
    one.hear(type, id="p1", turn=first.id, text="x")
    until(lambda: len(one.of("chat")) > before)
    assert one.turns == [first, running]
    for change in (one.select, one.delete, one.regenerate):
        with pytest.raises(ConfigError, match="no ended turn"):
            change(first)
    one.stop()
    rest(one)


def test_a_try_that_failed_with_nothing_is_replaced() -> None:
    one, _ = shown([RateLimitError("Too many.")], ANSWER)
    with pytest.raises(RateLimitError):
        one.start("hi").wait()
    one.hear("retry")
    until(lambda: one.last is not None and one.last.text == "Hello")
    assert one.branches(one.turns[0]) == (one.last,)


def test_the_meter_shows_the_context_the_window_of_the_model_and_the_cost() -> None:
    used: Script = [TextDelta("a"), FinishDelta("stop"), UsageDelta(Usage(100, 0, 20, 5))]
    one, _ = shown(used)
    one.start("hi").wait()
    rest(one)
    until(lambda: last_list(one)["meter"]["context"] == 115)
    assert last_list(one)["meter"]["window"] == 202_752
    one.model = "glm-99"
    until(lambda: last_list(one)["meter"]["window"] is None)
    assert last_list(one)["meter"]["cost"] is None


def test_files_go_with_a_prompt_wait_with_it_and_stay_with_it() -> None:
    one, client = shown([TextDelta("a"), None], ANSWER, ANSWER)
    one.start("first")
    assert client.hanging.wait(5)
    file = {"name": "a.csv", "text": "x,y"}
    one.hear("send", id="p1", text="Add up.", attachments=[file, "nonsense"])
    until(lambda: one.queue)
    assert one.get_state("state")["state"]["queue"] == [
        {"id": "p1", "text": "Add up.", "attachments": [file]}
    ]
    one.stop()
    until(lambda: prompts(one) == ["first", "Add up."])
    rest(one)
    assert "x,y" in client.requests[-1].messages[-1].content
    turn = one.last
    assert turn is not None
    assert [said.name for said in turn.attachments] == ["a.csv"]
    other = one.edit(turn, "Multiply.")
    other.wait()
    assert "x,y" in client.requests[-1].messages[-1].content
    assert "Multiply." in client.requests[-1].messages[-1].content


def test_the_models_of_the_endpoint_are_proposed_first() -> None:
    one, client = shown()

    async def models() -> tuple[Any, ...]:
        from glm_notebook.messages import ListedModel

        return (ListedModel("glm-6"), ListedModel("glm-5"))

    client.models = models  # type: ignore[method-assign]
    assert one.list_models() == ["glm-6", "glm-5"]
    assert one.models[:2] == ["glm-6", "glm-5"]
    assert len(one.models) == len(set(one.models))
    one.list_models()


def test_a_budget_of_thinking_is_sent_and_a_value_that_is_none_is_put_back() -> None:
    one, client = shown(ANSWER)
    one.set_state({"thinking_budget": 0})
    assert one.thinking_budget is None
    one.set_state({"thinking_budget": 1000, "thinking": True})
    one.start("hi").wait()
    assert client.requests[0].thinking_budget == 1000
