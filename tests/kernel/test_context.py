"""Objects of the kernel in the prompt of a cell, and answers that are gone on with, in a real kernel over HTTP."""

from __future__ import annotations

import pytest

from glm_notebook.record import TurnRecord
from tests.kernel.conftest import Kernel

pytestmark = pytest.mark.kernel


def test_an_object_that_a_prompt_names_is_sent_along(kernel: Kernel) -> None:
    kernel.run("import pandas\nsales = pandas.DataFrame({'region': ['north'], 'price': [4.2]})")
    result = kernel.run("%%glm --new\nDescribe {{ sales }} and \\frac{{a}}{{b}}, please.")
    assert result.status == "ok", result.error
    sent = TurnRecord.from_json(result.record).messages[0].content
    assert sent.startswith("Describe `sales` and \\frac{{a}}{{b}}, please.")
    assert "north" in sent
    assert "4.2" in sent
    assert "DataFrame 1 × 2" in sent


def test_a_prompt_that_names_nothing_is_sent_as_it_is(kernel: Kernel) -> None:
    result = kernel.run("%%glm --new\nWhat does {{ no_such_name }} do in Jinja?")
    (prompt, *_) = TurnRecord.from_json(result.record).messages
    assert prompt.content == "What does {{ no_such_name }} do in Jinja?"


@pytest.mark.parametrize("outer", ["", "%time "])
def test_an_answer_that_broke_off_is_gone_on_with(kernel: Kernel, outer: str) -> None:
    cut = kernel.run("%%glm --new\nbroken off")
    assert "StreamCutError" in cut.error
    before = TurnRecord.from_json(cut.record).messages[-1].content
    result = kernel.run(f"{outer}%glm continue")
    assert result.status == "ok", result.error
    record = TurnRecord.from_json(result.record)
    assert record.messages[-1].content.startswith(before)
    assert (
        "Go on exactly where it ends" in record.messages[-1].content
    )  # the demo says what it is asked
    assert "1 turns" in kernel.run("%glm history").text
    assert "was not cut off" in kernel.run("%glm continue").error


def test_costs_are_told_where_they_are_known(kernel: Kernel) -> None:
    kernel.run("%%glm --new\nWho are you?")
    assert "unknown" in kernel.run("%glm cost").text
