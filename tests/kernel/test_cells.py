"""``%%glm`` in a real kernel, against the simulator over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest

from glm_notebook.record import TURN_MIME, TurnRecord
from tests.kernel.conftest import KEY, Kernel, Result

pytestmark = pytest.mark.kernel

WIDGET = "application/vnd.jupyter.widget-view+json"
WHO = "%%glm --new\nWho are you?"


def _asked(kernel: Kernel) -> list[dict[str, Any]]:
    return [one.json for one in kernel.simulator.requests if one.method == "POST"]


def test_a_cell_leaves_the_static_bundle_with_its_record(kernel: Kernel) -> None:
    result = kernel.run(WHO)
    assert result.status == "ok"
    assert WIDGET in result.bundles[0]
    assert set(result.settled) == {"text/markdown", "text/plain", TURN_MIME}
    assert "I am the **simulator**" in result.settled["text/markdown"]
    assert "Thought for" in result.settled["text/markdown"]
    record = TurnRecord.from_json(result.record)
    assert (record.status, record.finish_reason, record.model) == ("complete", "stop", "glm-5")
    assert [one.role for one in record.messages] == ["user", "assistant"]


def test_the_widget_is_gone_when_the_turn_has_ended(kernel: Kernel) -> None:
    result = kernel.run(WHO)
    opened = {one["comm_id"] for one in result.of("comm_open")}
    closed = {one["comm_id"] for one in result.of("comm_close")}
    assert opened
    assert closed == opened


def test_the_next_cell_goes_on_and_new_begins_again(kernel: Kernel) -> None:
    kernel.run(WHO)
    kernel.run("%%glm\nAnd then?")
    assert [one["role"] for one in _asked(kernel)[-1]["messages"]] == ["user", "assistant", "user"]
    kernel.run("%%glm --new\nHello?")
    assert [one["role"] for one in _asked(kernel)[-1]["messages"]] == ["user"]


def test_several_conversations_are_kept_by_name(kernel: Kernel) -> None:
    kernel.run("%%glm --new --chat a\nFirst of a")
    kernel.run("%%glm --new --chat b\nFirst of b")
    kernel.run("%%glm --chat a\nSecond of a")
    sent = [one["content"] for one in _asked(kernel)[-1]["messages"] if one["role"] == "user"]
    assert sent == ["First of a", "Second of a"]


def test_options_reach_the_request_and_only_this_one(kernel: Kernel) -> None:
    kernel.run("persona = 'Answer in one word.'")
    kernel.run(
        "%%glm --new -m glm-4.7 --think --budget 4k --max-tokens 100 --temperature 0.5 "
        "--system persona\nWho are you?"
    )
    body = _asked(kernel)[-1]
    assert body["model"] == "glm-4.7"
    assert (body["enable_thinking"], body["thinking_budget"]) == (True, 4000)
    assert (body["max_tokens"], body["temperature"]) == (100, 0.5)
    assert body["messages"][0] == {"role": "system", "content": "Answer in one word."}
    kernel.run(WHO)
    body = _asked(kernel)[-1]
    assert body["model"] == "glm-5"
    assert not body.keys() & {"enable_thinking", "thinking_budget", "max_tokens", "temperature"}


def test_the_turn_is_put_into_a_variable(kernel: Kernel) -> None:
    kernel.run("%%glm --new -o answer\nWho are you?")
    assert "simulator" in kernel.run("print(answer.text)").text
    assert "complete" in kernel.run("print(answer.status, answer.usage)").text


@pytest.mark.parametrize("outer", ["%%time", "%%capture out"])
def test_inside_another_cell_magic_it_blocks_and_works(kernel: Kernel, outer: str) -> None:
    result = kernel.run(f"{outer}\n%%glm --new -o nested\nWho are you?")
    assert result.status == "ok", result.error
    assert "simulator" in kernel.run("print(nested.text)").text
    if "capture" in outer:
        assert not result.bundles


def test_called_from_code_it_blocks_and_works(kernel: Kernel) -> None:
    result = kernel.run(
        "get_ipython().run_cell_magic('glm', '--new', 'Who are you?'); print('after')"
    )
    assert (result.status, result.text) == ("ok", "after\n")
    assert TURN_MIME in result.settled


def test_the_outermost_cell_awaits(kernel: Kernel) -> None:
    """What awaits lets the kernel's loop run: a task that was started before gets its turn."""
    kernel.run(
        "import asyncio\nran = []\nasync def note():\n    ran.append(1)\n"
        "async def later():\n    await asyncio.sleep(0)\n    await note()\n"
        "task = asyncio.ensure_future(later())"
    )
    kernel.run(WHO)
    assert kernel.run("print(ran)").text == "[1]\n"


@pytest.mark.parametrize("outer", ["", "%%time\n"])
@pytest.mark.parametrize("moment", ["hang before", "hang after"])
def test_an_interrupt_ends_a_silent_turn_at_once(kernel: Kernel, outer: str, moment: str) -> None:
    asked = len(kernel.simulator.requests)

    def hanging() -> None:
        kernel.simulator.wait_until(lambda requests: len(requests) > asked, 10)

    result = kernel.run(f"{outer}%%glm --new -o t\n{moment}", interrupt_when=hanging)
    assert result.status == "error"
    assert "TurnInterrupted" in result.error
    assert TurnRecord.from_json(result.record).status == "interrupted"
    assert "Interrupted" in result.settled["text/markdown"]
    assert result.seconds_since_interrupt is not None
    assert result.seconds_since_interrupt < 5  # how fast it is, benchmarks/interrupt.py measures
    kernel.simulator.wait_until(lambda requests: requests[asked].state == "left", 10)
    after = kernel.run("%%glm\nGo on")
    assert after.status == "ok"
    assert moment in [one["content"] for one in _asked(kernel)[-1]["messages"]]


def test_a_refused_request_is_told_in_the_output_and_fails_the_cell(kernel: Kernel) -> None:
    result = kernel.run("%%glm --new -m glm-0\nhi")
    assert result.status == "error"
    assert "does not serve the model 'glm-0'" in result.settled["text/markdown"]
    assert "ModelNotFoundError" in result.error
    assert "does not serve the model 'glm-0'" in result.evalue
    assert len(result.error.splitlines()) == 1
    assert TurnRecord.from_json(result.record).status == "failed"


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("%%glm --modle glm-5\nhi", "There is no option --modle. Did you mean --model?"),
        ("%%glm --budget many\nhi", "argument --budget: invalid tokens value: 'many'"),
        ("%%glm --view page\nhi", "argument --view: invalid choice: 'page'"),
        ("%%glm Who are you?\nhi", "'Who' is no option: the prompt goes on the lines below"),
        ("%%glm\n", "The prompt is empty: write it on the lines below %%glm."),
        ("%%glm --system nobody\nhi", "There is no variable 'nobody'"),
        ("%%glm -o a-b\nhi", "'a-b' is no name of a variable."),
        ("%%glm --chat 'a\nhi", "close the quote"),
        ("%glm modle", "There is no %glm modle. Did you mean model?"),
        ("%glm budget many", "'many' does not fit thinking_budget"),
        ("%glm think maybe", "'maybe' is not one of on, off, auto."),
        ("%glm temperature 3", "does not fit temperature"),
        ("%glm login sk-secret", "%glm login takes no key"),
        ("%glm show 99", "There is no turn 99"),
    ],
)
def test_a_wrong_line_is_told_in_one_line_before_any_request(
    kernel: Kernel, cell: str, message: str
) -> None:
    asked = len(kernel.simulator.requests)
    result = kernel.run(cell)
    told = result.error + result.text
    assert message in told
    assert len(told.strip().splitlines()) == 1
    assert len(kernel.simulator.requests) == asked


def test_defaults_are_the_same_wherever_they_are_set(kernel: Kernel) -> None:
    kernel.run("%glm model glm-4.6")
    assert "'glm-4.6'" in kernel.run("%config GLMMagics.model").text + str(
        kernel.run("%config GLMMagics.model").messages
    )
    kernel.run("%config GLMMagics.model = 'glm-4.7'")
    kernel.run(WHO)
    assert _asked(kernel)[-1]["model"] == "glm-4.7"
    assert "glm-4.7" in kernel.run("%glm").text
    kernel.run("%glm model glm-5")


def test_the_state_names_what_counts_and_no_key(kernel: Kernel) -> None:
    text = kernel.run("%glm").text
    assert "DASHSCOPE_API_KEY" in text
    assert "glm-5" in text
    assert KEY not in text


def test_history_show_and_reset(kernel: Kernel) -> None:
    kernel.run("%%glm --new\nFirst question")
    kernel.run("%%glm\nSecond question")
    history = kernel.run("%glm history").text
    assert "2 turns" in history
    assert "Second question" in history
    shown = kernel.run("%glm show 1")
    assert TurnRecord.from_json(shown.record).messages[0].content == "First question"
    assert "Second question" in kernel.run("%glm show").record["messages"][0]["content"]
    assert "2 turns forgotten" in kernel.run("%glm reset").text
    assert "no turns yet" in kernel.run("%glm history").text


def test_a_login_is_asked_for_and_shows_nowhere(kernel: Kernel) -> None:
    secret = "sk-typed-9876543210"
    result = kernel.run("%glm login", answer=secret)
    assert result.status == "ok", result.error
    assert "in this kernel's memory only" in result.text
    assert secret not in json.dumps(result.messages, default=str)
    assert "%glm login" in kernel.run("%glm").text
    kernel.run("%glm logout")


def test_the_simulator_says_so_in_every_answer(kernel: Kernel) -> None:
    kernel.run("%glm endpoint simulator")
    try:
        result = kernel.run(WHO)
        assert "Simulated answer, no model was asked" in result.settled["text/markdown"]
        assert result.record["simulated"] is True
    finally:
        kernel.run("%config GLMMagics.endpoint = ''")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("%%glm --mo", "--model"),
        ("%%glm --view ", "markdown"),
        ("%%glm -m ", "glm-4.7"),
        ("%glm hist", "history"),
        ("%glm model glm-", "glm-5"),
        ("%glm endpoint ", "simulator"),
    ],
)
def test_what_can_stand_there_is_completed(kernel: Kernel, code: str, expected: str) -> None:
    assert expected in kernel.complete(code)


def test_without_a_page_nothing_of_a_widget_is_sent(kernel: Kernel) -> None:
    result = kernel.run(WHO, as_page=False)
    assert not result.of("comm_open")
    assert set(result.settled) == {"text/markdown", "text/plain", TURN_MIME}


def test_a_console_gets_text_as_it_comes(kernel: Kernel) -> None:
    result = kernel.run("%%glm --new --view text\nWho are you?")
    assert "I am the **simulator**" in result.text
    assert (
        result.text.index("\x1b[2m") < result.text.index("\x1b[0m") < result.text.index("I am the")
    )
    assert TURN_MIME in result.settled


def test_the_key_is_in_nothing_that_the_kernel_sends(kernel: Kernel) -> None:
    results: list[Result] = [
        kernel.run(WHO),
        kernel.run("%glm"),
        kernel.run("%glm endpoint"),
        kernel.run("%%glm --new -m glm-0\nhi"),
        kernel.run("get_ipython().magics_manager.registry['GLMMagics'].client()"),
        kernel.run("import glm_notebook; vars(glm_notebook.AsyncClient('" + KEY + "'))"),
        kernel.run("%config GLMMagics"),
    ]
    sent = json.dumps([one.messages for one in results[:-2] + results[-1:]], default=str)
    assert KEY not in sent
    answers = [one for one in results[-2].messages if one["msg_type"] == "execute_result"]
    assert KEY not in json.dumps(answers, default=str)


def test_loading_twice_and_unloading_leave_one_or_nothing(kernel: Kernel) -> None:
    kernel.run("%reload_ext glm_notebook")
    kernel.run("from IPython import get_ipython as g\nn = len(g().input_transformers_post)")
    kernel.run("%reload_ext glm_notebook")
    assert kernel.run("print(len(g().input_transformers_post) - n)").text == "0\n"
    kernel.run("%unload_ext glm_notebook")
    assert "not found" in kernel.run(WHO).error + kernel.run(WHO).text
    kernel.run("%load_ext glm_notebook")
    assert kernel.run(WHO).status == "ok"
