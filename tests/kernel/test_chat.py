"""The chat widget in a real kernel, spoken to over zmq as a page does."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from glm_notebook.transcript import KEPT_FOR, TO_KEEP, VIEW_OF
from tests.kernel.conftest import KEY, REPLY_S, Kernel, Result

pytestmark = pytest.mark.kernel

WIDGET = "application/vnd.jupyter.widget-view+json"
_number = itertools.count()


class Page:
    """One page that shows the chat."""

    def __init__(self, kernel: Kernel, opening: Result, subshell: str | None = None) -> None:
        opened = [one for one in opening.of("comm_open") if "use_tools" in one["data"]["state"]]
        (content,) = opened
        self.kernel = kernel
        self.comm_id: str = content["comm_id"]
        self.opening: dict[str, Any] = content["data"]["state"]
        self.subshell = subshell
        self.heard: list[dict[str, Any]] = []
        self.messages: list[dict[str, Any]] = []
        """All that the kernel has published since."""

    def say(self, type: str, **fields: Any) -> None:
        self._send({"method": "custom", "content": {"type": type, **fields}})

    def set(self, **traits: Any) -> None:
        self._send({"method": "update", "state": traits, "buffer_paths": []})

    def _send(self, data: dict[str, Any]) -> None:
        session = self.kernel.client.session
        message = session.msg("comm_msg", {"comm_id": self.comm_id, "data": data})
        if self.subshell is not None:
            message["header"]["subshell_id"] = self.subshell
        self.kernel.client.shell_channel.send(message)

    def state(self) -> dict[str, Any]:
        """Ask for the whole widget, as a page that is loaded anew does."""
        self._send({"method": "request_state"})
        update = self.until(lambda one: "_esm" in one.get("state", {}))
        state: dict[str, Any] = update["state"]
        return state

    def until(self, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Listen until something comes on the comm, and return it: a custom message, or an update."""
        deadline = time.monotonic() + REPLY_S
        while time.monotonic() < deadline:
            one = self.kernel.client.get_iopub_msg(timeout=REPLY_S)
            self.messages.append(one)
            content = one["content"]
            if one["msg_type"] != "comm_msg" or content["comm_id"] != self.comm_id:
                continue
            data: dict[str, Any] = content["data"]
            heard = data["content"] if data["method"] == "custom" else data
            self.heard.append(heard)
            if is_it(heard):
                return heard
        raise AssertionError(f"not heard, but: {self.heard[-3:]}")

    def until_end(self) -> str:
        """Listen until a turn has ended, and return its id."""
        ended = self.until(lambda one: any(e["type"] == "finished" for e in events([one])))
        id: str = ended["id"]
        return id

    def until_token(self) -> None:
        self.until(lambda one: any(e["type"] == "delta" for e in events([one])))

    def ready(self) -> None:
        """Say `ready` until it is `pinned`: the first one may have come by the main shell."""
        self.say("ready", page=f"p{next(_number)}", language="en")
        if self.subshell is not None:
            self.until(lambda one: one.get("type") == "pinned")


def events(heard: list[dict[str, Any]]) -> list[dict[str, Any]]:
    messages = [one["message"] for one in heard if one.get("type") == "turn"]
    return [event for one in messages if one["type"] == "events" for event in one["events"]]


def answer(heard: list[dict[str, Any]], id: str) -> str:
    """Return the text that a page has, from the deltas that it was sent."""
    own = events([one for one in heard if one.get("id") == id])
    kinds = [one["kind"] for one in own if one["type"] == "part_started"]
    deltas = [one for one in own if one["type"] == "delta"]
    return "".join(one["text"] for one in deltas if kinds[one["index"]] == "text")


@pytest.fixture
def page(kernel: Kernel) -> Iterator[Page]:
    """A page without a subshell: an older JupyterLab."""
    yield Page(kernel, _opened(kernel))
    kernel.run("chat.close()")


@pytest.fixture
def subshell(kernel: Kernel) -> Iterator[str]:
    client = kernel.client
    features = client.kernel_info(reply=True, timeout=REPLY_S)["content"]["supported_features"]
    if "kernel subshells" not in features:
        pytest.fail(f"this ipykernel has no subshells: {features}")
    id = _control(kernel, "create_subshell_request", {})["subshell_id"]
    yield id
    _control(kernel, "delete_subshell_request", {"subshell_id": id})


@pytest.fixture
def lab(kernel: Kernel, subshell: str) -> Iterator[Page]:
    """A page with a subshell of its own, pinned."""
    page = Page(kernel, _opened(kernel), subshell)
    page.ready()
    yield page
    kernel.run("chat.close()")


def _opened(kernel: Kernel, arguments: str = "") -> Result:
    result = kernel.run(
        f"from glm_notebook import ChatWidget\nchat = ChatWidget({arguments})\nchat"
    )
    assert result.status == "ok", result.error
    return result


def _control(kernel: Kernel, type: str, content: dict[str, Any]) -> dict[str, Any]:
    channel = kernel.client.control_channel
    message = kernel.client.session.msg(type, content)
    channel.send(message)
    while True:
        reply = channel.get_msg(timeout=REPLY_S)
        if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
            told: dict[str, Any] = reply["content"]
            return told


def _asked(kernel: Kernel) -> dict[str, Any]:
    body: dict[str, Any] = [one.json for one in kernel.simulator.requests if one.method == "POST"][
        -1
    ]
    return body


BUSY = """
import time
until = time.monotonic() + 15
while not ({condition}) and time.monotonic() < until:
    time.sleep(0.01)
print(bool({condition}))
"""


def _busy(page: Page, condition: str) -> Callable[[], str]:
    """Start a cell that blocks until something is so, and return what waits for its end."""
    id = page.kernel.client.execute(
        "print('blocked', flush=True)" + BUSY.format(condition=condition)
    )
    while True:
        one = page.kernel.client.get_iopub_msg(timeout=REPLY_S)
        if one["msg_type"] == "stream" and one["parent_header"].get("msg_id") == id:
            break

    def end() -> str:
        while True:
            one = page.kernel.client.get_iopub_msg(timeout=REPLY_S)
            if one["msg_type"] == "stream" and one["parent_header"].get("msg_id") == id:
                page.kernel.client.get_shell_msg(timeout=REPLY_S)
                return str(one["content"]["text"]).strip()

    return end


def test_a_prompt_of_the_page_becomes_a_turn(kernel: Kernel, page: Page) -> None:
    page.ready()
    page.say("send", id="s1", text="Who are you?")
    id = page.until_end()
    assert "simulator" in answer(page.heard, id)
    lists = [one for one in page.heard if one.get("type") == "chat"]
    assert lists[-1]["turns"] == [id]
    assert kernel.run("print(chat.last.text)").text.strip() == answer(page.heard, id).strip()
    assert _asked(kernel)["model"] == "glm-5"


def test_what_a_page_is_loaded_with_is_what_another_has_seen(kernel: Kernel, page: Page) -> None:
    page.say("send", id="s1", text="Who are you?")
    first = page.until_end()
    page.say("send", id="s2", text="And then?")
    second = page.until_end()
    state = page.state()["state"]
    assert [one["id"] for one in state["turns"]] == [first, second]
    assert [one["snapshot"]["turn"]["prompt"] for one in state["turns"]] == [
        "Who are you?",
        "And then?",
    ]
    texts = [
        "".join(part["text"] for part in one["snapshot"]["parts"] if part["kind"] == "text")
        for one in state["turns"]
    ]
    assert texts == [answer(page.heard, first), answer(page.heard, second)]


def test_the_page_is_given_a_place_for_the_transcript_and_what_to_keep_there(
    kernel: Kernel, page: Page
) -> None:
    page.say("send", id="s1", text="Who are you? <b>")
    ended = page.until_end()
    result = kernel.run("chat")
    view, place = result.bundles
    assert view[WIDGET]["model_id"] == page.comm_id
    assert place == TO_KEEP
    named = [one["metadata"] for one in result.of("display_data")]
    id = page.state()["state"]["id"]
    assert named == [{VIEW_OF: id}, {KEPT_FOR: id}]
    page.say("ask", id="a1", what="settled", ids=[ended, "t-nobody's"])
    kept = page.until(lambda one: one.get("id") == "a1")["body"]["turns"]
    assert list(kept) == [ended]
    assert kept[ended]["done"] is True
    assert "Who are you? &lt;b&gt;" in kept[ended]["markdown"]
    assert "I am the **simulator**" in kept[ended]["markdown"]
    settled, emptied = kernel.run("chat.settle()").bundles
    assert settled == {f"text/{kind}": kept[ended][kind] for kind in ("markdown", "plain")}
    assert emptied == TO_KEEP


def test_a_page_asks_what_a_prompt_names_and_for_the_chat_as_a_file(
    kernel: Kernel, page: Page
) -> None:
    kernel.run("rows = [1, 2, 3]")
    page.say("ask", id="a1", what="objects", expressions=["rows", "no_such_name"])
    seen = page.until(lambda one: one.get("id") == "a1")["body"]["objects"]
    assert [(name, one["kind"]) for name, one in seen.items()] == [("rows", "list of 3")]
    page.say("ask", id="a2", what="complete", text="ro")
    matches = page.until(lambda one: one.get("id") == "a2")["body"]["matches"]
    assert {"text": "rows", "kind": "list of 3"} in matches
    page.say("send", id="s1", text="Add up {{ rows }}.")
    page.until_end()
    sent = kernel.run("print(chat.messages[0].content)").text
    assert "Add up `rows`." in sent
    assert "[1,2,3]" in sent
    page.say("ask", id="a3", what="export", format="md")
    file = page.until(lambda one: one.get("id") == "a3")["body"]
    assert file["name"] == "chat.md"
    assert "Add up" in file["text"]
    page.say("ask", id="a4", what="export", format="exe")
    assert "error" in page.until(lambda one: one.get("id") == "a4")


def test_a_chat_is_written_to_a_file(kernel: Kernel, page: Page, tmp_path: Path) -> None:
    page.say("send", id="s1", text="Who are you?")
    page.until_end()
    for suffix in ("md", "json", "ipynb"):
        path = tmp_path / f"chat.{suffix}"
        result = kernel.run(f"print(chat.export({str(path)!r}))")
        assert result.text.strip() == str(path), result.error
        assert "Who are you?" in path.read_text(encoding="utf-8")
    refused = kernel.run(f"chat.export({str(tmp_path / 'chat.exe')!r})")
    assert "ConfigError" in refused.error


def test_sending_streaming_and_stop_while_a_cell_blocks(kernel: Kernel, lab: Page) -> None:
    end = _busy(lab, "chat.turns and chat.turns[-1].status == 'stopped'")
    lab.say("send", id="s1", text="hang after")
    lab.until_token()
    lab.set(model="glm-4.7")
    lab.say("stop")
    lab.until_end()
    assert events(lab.heard)[-1]["status"] == "stopped"
    assert end() == "True"
    assert kernel.run("print(chat.last.text, chat.model)").text.strip() == "The first words glm-4.7"


@pytest.mark.parametrize("way", ["the page's own choice", "the context of its message"])
@pytest.mark.parametrize(
    "disturbance", ["chat.temperature = 0.5", "chat.start('Who are you?').wait()"]
)
def test_what_a_cell_sends_does_not_turn_the_page_away(
    kernel: Kernel, subshell: str, disturbance: str, way: str
) -> None:
    lab = Page(kernel, _opened(kernel), subshell)
    if way == "the context of its message":
        kernel.run("del chat.comm._reply_subshell_for")
        lab.ready()
    kernel.run(disturbance)
    end = _busy(lab, "chat.turns and chat.last.status == 'stopped'")
    lab.say("send", id="s1", text="hang after")
    lab.until_token()
    lab.say("turn", id=lab.heard[-1]["id"], message={"type": "stop"})
    lab.until_end()
    assert events(lab.heard)[-1]["status"] == "stopped"
    assert end() == "True"


def test_a_turn_of_a_cell_is_stopped_by_the_page_while_the_cell_blocks(
    kernel: Kernel, subshell: str
) -> None:
    """What the kernel sends of it has its id, by which ipykernel would route the page's answer to the cell's shell."""
    lab = Page(kernel, _opened(kernel), subshell)
    end = _busy(
        lab, "(chat.turns or chat.start('hang after')) and chat.last.wait().status == 'stopped'"
    )
    lab.until_token()
    lab.say("turn", id=lab.heard[-1]["id"], message={"type": "stop"})
    lab.until_end()
    assert events(lab.heard)[-1]["status"] == "stopped"
    assert end() == "True"


def test_a_page_that_is_gone_with_its_subshell_takes_no_other_with_it(
    kernel: Kernel, lab: Page
) -> None:
    first, second = lab.subshell, _control(kernel, "create_subshell_request", {})["subshell_id"]
    lab.subshell = second
    lab.ready()
    _control(kernel, "delete_subshell_request", {"subshell_id": second})
    lab.subshell = first
    lab.say("send", id="s1", text="Who are you?")
    assert answer(lab.heard, lab.until_end())


def test_a_page_sees_what_python_asks(kernel: Kernel, page: Page) -> None:
    page.ready()
    id = kernel.client.execute("turn = chat.conversation.start('Who are you?').wait()")
    assert id
    turn = page.until_end()
    assert "simulator" in answer(page.heard, turn)
    kernel.client.get_shell_msg(timeout=REPLY_S)


def test_traits_go_both_ways_and_count_from_the_next_turn_on(kernel: Kernel, page: Page) -> None:
    page.set(model="glm-4.7", thinking=False, temperature=1, system="Be brief.")
    page.say("send", id="s1", text="Who are you?")
    page.until_end()
    body = _asked(kernel)
    assert (body["model"], body["enable_thinking"], body["temperature"]) == ("glm-4.7", False, 1.0)
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    kernel.client.execute("chat.model = 'glm-4.6'")
    assert page.until(lambda one: "model" in one.get("state", {}))["state"] == {"model": "glm-4.6"}
    kernel.client.get_shell_msg(timeout=REPLY_S)


def test_a_new_chat_asks_where_the_magics_do(kernel: Kernel, page: Page) -> None:
    kernel.run("%glm endpoint simulator")
    try:
        page.say("send", id="s1", text="Who are you?")
        page.until_end()
    finally:
        kernel.run("%config GLMMagics.endpoint = ''")
    (turn,) = page.state()["state"]["turns"]
    assert turn["snapshot"]["turn"]["simulated"] is True


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [("temperature", 3, None), ("model", " ", "glm-5"), ("thinking", "yes", None)],
)
def test_a_wrong_value_is_put_back_in_the_page(
    page: Page, name: str, wrong: object, right: object
) -> None:
    page.set(**{name: wrong, "use_tools": False})
    put_back = page.until(lambda one: one.get("method") == "update" and name in one["state"])
    assert put_back["state"] == {name: right}
    state = page.state()
    assert (state[name], state["use_tools"]) == (right, False)


@pytest.mark.parametrize("name", ["state", "models", "_esm", "messages", "status"])
def test_a_page_cannot_set_what_is_the_kernel_s(page: Page, name: str) -> None:
    before = page.opening.get(name)
    page.set(**{name: {} if name == "state" else ["x"]})
    after = page.state().get(name)
    assert before is None or name == "state" or after == before
    assert after != ["x"]


def test_tools_of_a_chat_run_in_the_kernel_with_their_output_in_the_card(kernel: Kernel) -> None:
    kernel.run(
        "def noisy(word: str) -> str:\n    '''Say.'''\n    print('heard', word)\n    return word.upper()\n"
        "async def quiet(number: int) -> int:\n    '''Double.'''\n    return 2 * number"
    )
    page = Page(kernel, _opened(kernel, "tools=[noisy, quiet]"))
    assert page.opening["state"]["tools"] == ["noisy", "quiet"]
    page.say("send", id="s1", text="two calls")
    page.until_end()
    results = [one["result"]["text"] for one in events(page.heard) if one["type"] == "tool_result"]
    assert sorted(results) == ["14", "EINS"]
    printed = [one["output"]["data"] for one in events(page.heard) if one["type"] == "tool_output"]
    assert "".join(printed) == "heard eins\n"
    assert not [one for one in page.messages if one["msg_type"] == "stream"]
    page.set(use_tools=False)
    page.say("send", id="s2", text="Who are you?")
    page.until_end()
    assert "tools" not in _asked(kernel)


def test_a_call_is_approved_in_the_page_while_the_kernel_is_free(kernel: Kernel) -> None:
    kernel.run(
        "from glm_notebook import tool\n@tool(approve=True)\n"
        "def guarded(path: str) -> str:\n    '''Write.'''\n    return f'wrote {path}'"
    )
    page = Page(kernel, _opened(kernel, "tools=[guarded]"))
    page.ready()
    page.say("send", id="s1", text="guarded call")
    asking = page.until(lambda one: any(e.get("state") == "asking" for e in events([one])))
    index = next(e["index"] for e in events([asking]) if e.get("state") == "asking")
    page.say("turn", id=asking["id"], message={"type": "approve", "index": index})
    assert "wrote x.csv" in answer(page.heard, page.until_end())


def test_a_refused_request_is_told_and_can_be_tried_again(kernel: Kernel, page: Page) -> None:
    page.set(model="glm-0")
    page.say("send", id="s1", text="Who are you?")
    failed = page.until_end()
    assert events(page.heard)[-1]["status"] == "failed"
    page.set(model="glm-5")
    page.say("retry")
    again = page.until_end()
    assert "simulator" in answer(page.heard, again)
    assert [one["turns"] for one in page.heard if one.get("type") == "chat"][-1] == [again]
    assert failed != again


def test_observers_are_called_on_the_main_thread_when_a_turn_has_ended(
    kernel: Kernel, page: Page
) -> None:
    kernel.run(
        "import threading\nseen = []\n"
        "chat.observe(lambda c: seen.append((len(c.new), threading.current_thread().name)), 'messages')"
    )
    page.say("send", id="s1", text="Who are you?")
    page.until_end()
    result = kernel.run(
        "import asyncio\nwhile not seen:\n    await asyncio.sleep(0.01)\n"
        "print(seen, chat.status, len(chat.messages), chat.usage['output_tokens'] > 0)"
    )
    assert result.text.strip() == "[(2, 'MainThread')] idle 2 True"


def test_messages_of_a_page_run_no_code_that_draws(kernel: Kernel, page: Page) -> None:
    kernel.run("drawn = []\nget_ipython().events.register('post_execute', lambda: drawn.append(1))")
    before = kernel.run("print(len(drawn))").text
    for _ in range(3):
        page.ready()
        page.state()
    assert int(kernel.run("print(len(drawn))").text) - int(before) == 1  # of the cell that counted


def test_the_key_is_in_nothing_that_a_chat_sends(kernel: Kernel, page: Page) -> None:
    page.ready()
    page.say("send", id="s1", text="Who are you?")
    page.until_end()
    page.set(model="glm-0")
    page.say("send", id="s2", text="Who are you?")
    page.until_end()
    shown = kernel.run("chat, chat.last, chat.queue")
    sent = [page.opening, page.state(), *page.messages, *shown.messages]
    assert KEY not in json.dumps(sent, default=str)
