"""What goes with a prompt, how the chat is set, and how it is taken out, in JupyterLab."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import expect

from glm_notebook.simulator import Simulator
from tests.e2e.conftest import Open
from tests.e2e.test_chat import CHAT, opened
from tests.e2e.test_chat_record import ask

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

DATA = (
    "import pandas as pd\nsales = pd.DataFrame({'region': ['north', 'south'], 'price': [4, 5]})\n"
)
DROP = """([text, name]) => { const data = new DataTransfer();
    data.items.add(new File([text], name, {type: 'text/plain'}));
    const target = document.querySelector('.glm-area');
    for (const type of ['dragenter', 'dragover', 'drop'])
        target.dispatchEvent(new DragEvent(type, {dataTransfer: data, bubbles: true, cancelable: true})); }"""


def last_body(simulator: Simulator) -> dict[str, Any]:
    """Return what the simulator was sent last."""
    body: dict[str, Any] = json.loads(simulator.requests[-1].body)
    return body


def last_sent(simulator: Simulator) -> str:
    content: str = last_body(simulator)["messages"][-1]["content"]
    return content


def test_an_object_is_completed_shown_and_sent(notebook: Open, simulator: Simulator) -> None:
    book = notebook(DATA + CHAT)
    view, area = opened(book)
    area.press_sequentially("Describe {{ sal", delay=30)
    option = view.get_by_role("option", name=re.compile("^sales"))
    expect(option).to_contain_text("DataFrame 2 × 2")
    book.shot("chat-completing-light")
    area.press("Enter")
    expect(area).to_have_value(re.compile(r"^Describe \\{\\{ sales \\}\\}".replace("\\\\", "\\")))
    expect(view.locator(".glm-objects")).to_contain_text("DataFrame 2 × 2")
    expect(view.locator(".glm-objects")).to_contain_text("tokens")
    area.press_sequentially(" and {{ nothing }}.")
    expect(view.locator(".glm-objects")).to_contain_text("not defined")
    book.shot("chat-objects-light")
    area.press("Enter")
    expect(view.locator(".glm-chip").first).to_have_text("sales")
    expect(view.locator(".glm-footer").last).to_contain_text("stop", timeout=30_000)
    sent = last_sent(simulator)
    assert sent.startswith("Describe `sales` and {{ nothing }}.")
    assert "north" in sent


def test_files_and_tables_are_attached(notebook: Open, simulator: Simulator) -> None:
    book = notebook(CHAT)
    view, area = opened(book)
    book.page.evaluate(DROP, ["region,price\nnorth,4\n" * 40, "sales.csv"])
    chips = view.get_by_role("list", name="Attachments")
    expect(chips).to_contain_text("sales.csv")
    expect(chips).to_contain_text("tokens")
    area.focus()
    session = book.page.context
    session.grant_permissions(["clipboard-read", "clipboard-write"])
    book.page.evaluate("() => navigator.clipboard.writeText('a\\tb\\n1\\t2\\n')")
    area.press("Control+v")
    expect(chips).to_contain_text("table.csv")
    area.fill("Add up.")
    book.shot("chat-attachments-light")
    area.press("Enter")
    expect(view.locator(".glm-attachment")).to_have_count(2)
    expect(view.locator(".glm-footer").last).to_contain_text("stop", timeout=30_000)
    sent = last_sent(simulator)
    assert "north,4" in sent
    assert "a,b" in sent
    view.locator(".glm-attachment summary").first.click()
    expect(view.locator(".glm-excerpt").first).to_contain_text("region,price")
    book.shot("chat-sent-along-light")


def test_settings_go_both_ways_and_the_meter_shows_what_is_used(
    notebook: Open, simulator: Simulator
) -> None:
    settings = "(chat.thinking_budget, chat.temperature, chat.system)"
    book = notebook(CHAT, f"print(*{settings})", "chat.temperature = 1.5")
    view, area = opened(book)
    view.get_by_role("button", name="Settings").click()
    view.get_by_label("Thinking budget, tokens").fill("2000")
    view.get_by_label("Temperature").fill("0.5")
    view.get_by_label("System prompt").fill("Be brief.")
    view.get_by_label("Temperature").press("Tab")
    book.shot("chat-settings-light")
    assert book.run(1).inner_text().strip() == "2000 0.5 Be brief."
    book.run(2)
    expect(view.get_by_label("Temperature")).to_have_value("1.5")
    ask(area, view, "Who are you?")
    body = last_body(simulator)
    assert (body["thinking_budget"], body["temperature"]) == (2000, 1.5)
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    expect(view.locator(".glm-meter")).to_contain_text(re.compile(r"\d+ / 203k"))


@pytest.mark.parametrize("name", ["Markdown", "JSON", "Notebook"])
def test_a_chat_is_exported(notebook: Open, tmp_path: Path, name: str) -> None:
    book = notebook(CHAT)
    view, area = opened(book)
    ask(area, view, "Who are you?")
    view.get_by_role("button", name="Export").click()
    book.shot("chat-export-light")
    with book.page.expect_download() as download:
        view.get_by_role("button", name=name, exact=True).click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    text = path.read_text(encoding="utf-8")
    assert "Who are you?" in text
    if name == "JSON":
        assert json.loads(text)["turns"][0]["status"] == "complete"
    if name == "Notebook":
        nbformat.validate(nbformat.reads(text, 4))


def test_prompts_answers_code_and_the_whole_can_be_copied(notebook: Open) -> None:
    book = notebook(CHAT)
    view, area = opened(book)
    book.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(area, view, "Who are you?")
    read = "() => navigator.clipboard.readText()"
    view.locator(".glm-exchange").hover()
    for button, said in (
        ("Copy prompt", "Who are you?"),
        ("Copy answer", "I am the **simulator**"),
        ("Copy", "python -m glm_notebook.simulator"),
    ):
        view.get_by_role("button", name=button, exact=True).first.click()
        book.page.wait_for_function(
            "async said => (await navigator.clipboard.readText()).includes(said)", arg=said
        )
    view.get_by_role("button", name="Export").click()
    view.get_by_role("button", name="Copy conversation").click()
    book.page.wait_for_function(
        "async () => (await navigator.clipboard.readText()).includes('Who are you?')"
    )
    assert "simulator" in book.page.evaluate(read)
