"""Tools of the kernel that a model calls, in a real kernel, against the simulator over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from glm_notebook.record import TurnRecord
from tests.kernel.conftest import Kernel, Result

pytestmark = pytest.mark.kernel

DEFINE = """
import asyncio
from glm_notebook import tool

@tool
def noisy(word: str) -> str:
    '''Say a word.'''
    print("heard", word)
    display({"text/plain": "shown"}, raw=True)
    return word.upper()

@tool
async def quiet(number: int) -> dict:
    '''Double a number.'''
    await asyncio.sleep(0)
    print("number", number)
    return {"twice": 2 * number}
"""


@pytest.fixture(params=["openai", "dashscope"], autouse=True)
def _protocol(kernel: Kernel, request: pytest.FixtureRequest) -> Iterator[None]:
    kernel.run(f"%glm protocol {request.param}")
    kernel.run(DEFINE)
    yield
    kernel.run("%glm approve auto")
    kernel.run("%glm tools clear")
    kernel.run("%glm protocol openai")


def events(result: Result) -> list[dict[str, Any]]:
    return [event for batch in result.batches for event in batch]


def told(result: Result) -> list[str]:
    messages = TurnRecord.from_json(result.record).messages
    return [one.content for one in messages if one.role == "tool"]


@pytest.mark.parametrize("outer", ["", "%%time\n"])
def test_the_functions_of_the_kernel_are_called(kernel: Kernel, outer: str) -> None:
    kernel.run("%glm tools add noisy quiet")
    result = kernel.run(f"{outer}%%glm --new -t noisy -t quiet\ntwo calls")
    assert result.status == "ok", result.error
    assert told(result) == ["EINS", '{"twice":14}']
    markdown = result.settled["text/markdown"]
    assert "They gave:" in markdown
    assert "<code>noisy(word=&quot;eins&quot;)</code>" in markdown.replace('"', "&quot;")
    printed: dict[int, str] = {}
    for one in events(result):
        if one["type"] == "tool_output":
            printed[one["index"]] = printed.get(one["index"], "") + one["output"]["data"]
    assert sorted(printed.values()) == ["heard eins\nshown", "number 7\n"]
    assert "heard eins" not in result.text  # it is in the card, and nowhere else


def test_a_marked_function_is_offered_and_the_newest_one_runs(kernel: Kernel) -> None:
    assert "noisy(word)  Say a word." in kernel.run("%glm tools").text
    kernel.run("@tool\ndef noisy(word: str) -> str:\n    return word * 2")
    assert told(kernel.run("%%glm --new\ntwo calls"))[0] == "einseins"
    sent = [one.json for one in kernel.simulator.requests if one.method == "POST"][-2]
    tools = sent.get("tools") or sent["parameters"]["tools"]
    assert [one["function"]["name"] for one in tools] == ["noisy", "quiet"]
    kernel.run("%glm tools remove noisy quiet")
    assert "No tools." in kernel.run("%glm tools").text
    kernel.run("%%glm --new\ntwo calls")
    sent = [one.json for one in kernel.simulator.requests if one.method == "POST"][-1]
    assert "tools" not in sent
    assert "tools" not in sent.get("parameters", {})


def test_the_history_of_a_tool_turn_goes_on(kernel: Kernel) -> None:
    kernel.run("%glm tools add noisy quiet")
    kernel.run("%%glm --new\ntwo calls")
    result = kernel.run("%%glm\nWho are you?")
    assert result.status == "ok", result.error
    body = kernel.simulator.requests[-1].json
    messages = body.get("messages") or body["input"]["messages"]
    roles = [one["role"] for one in messages]
    assert roles == ["user", "assistant", "tool", "tool", "assistant", "user"]


@pytest.mark.parametrize(
    ("answer", "ran", "says"),
    [("yes", "True", "wrote x.csv"), ("no not that file", "False", "declined this call: not that")],
)
def test_without_a_page_approval_is_asked_at_the_prompt(
    kernel: Kernel, answer: str, ran: str, says: str
) -> None:
    kernel.run(
        "ran = False\n@tool(approve=True)\ndef guarded(path: str) -> str:\n"
        "    global ran\n    ran = True\n    return f'wrote {path}'"
    )
    result = kernel.run("%%glm --new --view text -t guarded\nguarded call", answer=answer)
    assert result.status == "ok", result.error
    assert kernel.run("print(ran)").text.strip() == ran
    assert says in told(result)[0]


def test_where_nobody_can_be_asked_the_call_is_declined(kernel: Kernel) -> None:
    kernel.run("@tool(approve=True)\ndef guarded(path: str) -> str:\n    return 'wrote'")
    result = kernel.run("%%glm --new -t guarded\nguarded call", as_page=False)
    assert result.status == "ok", result.error
    assert "nobody could be asked" in told(result)[0]


def test_a_plot_is_an_output_of_its_own(kernel: Kernel) -> None:
    kernel.run(
        "%matplotlib inline\nimport matplotlib.pyplot as plt\n@tool\ndef plot() -> str:\n"
        "    plt.plot([1, 2, 3])\n    return 'a line'"
    )
    result = kernel.run("%%glm --new -t plot\nplot it")
    assert result.status == "ok", result.error
    pictures = [one for one in result.bundles if "image/png" in one]
    assert len(pictures) == 1
    assert told(result) == ["a line"]
    kinds = [one["output"]["mime"] for one in events(result) if one["type"] == "tool_output"]
    assert kinds == ["image/png"]


@pytest.mark.parametrize("outer", ["", "%%time\n"])
def test_an_interrupt_ends_a_tool_that_computes(kernel: Kernel, outer: str) -> None:
    kernel.run(
        "import time\nentered = False\n@tool\ndef slow() -> str:\n"
        "    global entered\n    entered = True\n    print('in', flush=True)\n    time.sleep(30)"
    )

    def in_it() -> None:
        while True:
            message = kernel.client.get_iopub_msg(timeout=10)
            data = message["content"].get("data", {}) if message["msg_type"] == "comm_msg" else {}
            batch = data.get("content", {}).get("events", [])
            if any(one["type"] == "tool_output" for one in batch):
                return

    result = kernel.run(f"{outer}%%glm --new -t slow\nslow call", interrupt_when=in_it)
    assert "TurnInterrupted" in result.error
    assert result.seconds_since_interrupt is not None
    assert result.seconds_since_interrupt < 10
    record = TurnRecord.from_json(result.record)
    assert record.status == "interrupted"
    assert [one.content for one in record.messages if one.role == "tool"] == [
        "The user stopped this call."
    ]
    kernel.run("%glm tools clear")
    assert kernel.run("%%glm\nGo on").status == "ok"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("%glm tools add nothing", "There is no nothing here."),
        ("%glm tools drop x", "%glm tools add NAME"),
        ("%glm approve maybe", "'maybe' is not one of auto, ask, never."),
        ("%%glm -t nothing\nhi", "There is no nothing here."),
    ],
)
def test_a_wrong_line_is_told_in_two_lines_before_any_request(
    kernel: Kernel, line: str, message: str
) -> None:
    asked = len(kernel.simulator.requests)
    result = kernel.run(line)
    said = (result.error + result.text).strip()
    assert message in said
    assert len(said.splitlines()) <= 2
    assert len(kernel.simulator.requests) == asked


def test_a_call_waits_for_a_busy_kernel_and_runs_when_it_is_free(kernel: Kernel) -> None:
    """What a chat does: nobody waits for the turn, and a cell computes."""
    kernel.run(
        "import time\n"
        "from glm_notebook import Conversation\n"
        "ran = []\n"
        "def noisy(word: str) -> str:\n    ran.append(word)\n    return word\n"
        "@tool(thread=True)\n"
        "def quiet(number: int) -> int:\n    ran.append(number)\n    return number\n"
    )
    busy = kernel.run(
        "client = get_ipython().magics_manager.registry['GLMMagics'].client()\n"
        "turn = Conversation(client, tools=[noisy, quiet]).start('two calls')\n"
        "states = lambda: [p.get('state') for p in turn.snapshot()['parts'] if p['kind'] == 'tool_call']\n"
        "until = time.monotonic() + 10\n"
        "while states() != ['waiting', 'done'] and time.monotonic() < until:\n    time.sleep(0.01)\n"
        "print(states(), ran)"
    )
    assert busy.text.strip() == "['waiting', 'done'] [7]"
    free = kernel.run(
        "import asyncio\n"
        "while not turn.done:\n    await asyncio.sleep(0.01)\n"
        "print(states(), ran, turn.status)"
    )
    assert free.text.strip() == "['done', 'done'] [7, 'eins'] complete"
