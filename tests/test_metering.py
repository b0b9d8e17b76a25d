from __future__ import annotations

import pytest

from glm_notebook import endpoints
from glm_notebook.conversation import Conversation
from glm_notebook.messages import Usage
from glm_notebook.metering import context_of, cost_of, window_of
from glm_notebook.protocol.deltas import Delta, FinishDelta, TextDelta, UsageDelta
from tests.test_conversation import Scripted
from tests.test_tree import again, go_on

MILLION = 1_000_000


def answer(usage: Usage, reason: str = "stop") -> list[Delta]:
    return [TextDelta("Hel"), FinishDelta(reason), UsageDelta(usage)]


def asked(*scripts: list[Delta], model: str = "glm-5") -> Conversation:
    client = Scripted(*scripts)
    client.endpoint = endpoints.resolve("modelstudio")
    return Conversation(client, model=model)


def test_a_turn_costs_what_the_list_says() -> None:
    talk = asked(answer(Usage(1000, 0, 2000, 500)))
    turn = talk.ask_sync("hi")
    cost = turn.cost
    assert cost is not None
    price = cost.price
    assert cost.amount == pytest.approx((1000 * price.input + 2000 * price.output) / MILLION)
    assert talk.spending.to_wire() == {"cost": pytest.approx(cost.amount), "currency": "CNY"}


@pytest.mark.parametrize(("model", "usage"), [("glm-99", Usage(1, 0, 1, 0)), ("glm-5", Usage())])
def test_what_is_unknown_costs_nothing_that_is_said(model: str, usage: Usage) -> None:
    talk = asked(answer(usage), model=model)
    assert cost_of(talk.ask_sync("hi")) is None
    assert talk.spending.to_wire() == {"cost": None, "currency": ""}


def test_what_was_deleted_or_asked_again_has_cost_its_tokens_all_the_same() -> None:
    talk = asked(*[answer(Usage(1000, 0, 1000, 0))] * 2)
    turn = talk.ask_sync("hi")
    again(talk)
    talk.delete(turn)
    assert turn.cost is not None
    assert talk.spending.amounts == {"CNY": pytest.approx(2 * turn.cost.amount)}


def test_an_answer_that_was_gone_on_with_is_paid_once() -> None:
    talk = asked(answer(Usage(1000, 0, 1000, 0), "length"), answer(Usage(1000, 0, 1000, 0), "stop"))
    first = talk.ask_sync("hi").cost
    whole = go_on(talk)[0].cost
    assert first is not None
    assert whole is not None
    assert whole.amount == pytest.approx(2 * first.amount)
    assert talk.spending.amounts == {"CNY": pytest.approx(whole.amount)}


def test_the_context_is_that_of_the_last_request_without_its_thinking() -> None:
    talk = asked(answer(Usage(1000, 0, 300, 200)))
    assert context_of(talk.head) is None
    assert context_of(talk.ask_sync("hi")) == 1100
    assert context_of(asked(answer(Usage(1000))).ask_sync("hi")) is None


def test_the_window_is_that_of_the_catalogue() -> None:
    assert window_of("glm-5") == 202_752
    assert window_of("glm-99") is None
