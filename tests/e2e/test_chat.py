"""The chat widget as a person uses it: talking, while the kernel computes, and after a reload."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from glm_notebook.simulator import Simulator
from tests.e2e.conftest import Open
from tests.e2e.lab import Notebook

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

CHAT = "from glm_notebook import ChatWidget\nchat = ChatWidget()\nchat"
ANSWERING = re.compile("One line of an answer")


def opened(book: Notebook) -> tuple[Locator, Locator]:
    """Run the first cell, and return the chat and its text area."""
    book.start(0)
    view = book.output(0).locator(".glm-chat")
    area = view.get_by_role("textbox", name=re.compile("Prompt|Message|Ask"))
    expect(area).to_be_visible()
    return view, area


def test_a_prompt_is_answered_and_the_next_one_goes_on(notebook: Open) -> None:
    book = notebook(CHAT, "print(chat.last.status, len(chat.turns), chat.messages[0])")
    view, area = opened(book)
    book.shot("chat-empty-light")
    area.fill("Who are you?")
    area.press("Enter")
    expect(view).to_contain_text("Who are you?")
    expect(view.locator("strong", has_text="simulator")).to_be_visible()
    expect(area).to_have_value("")
    expect(area).to_be_focused()
    area.type("And then?")
    area.press("Enter")
    expect(view.locator(".glm-footer")).to_have_count(2)
    expect(view.locator(".glm-footer").last).to_contain_text("stop", timeout=30_000)
    book.shot("chat-light")
    text = book.run(1).inner_text()
    assert text.startswith("complete 2")


def test_enter_during_a_composition_never_sends(notebook: Open, simulator: Simulator) -> None:
    book = notebook(CHAT)
    view, area = opened(book)
    asked = len(simulator.requests)
    area.focus()
    session = book.page.context.new_cdp_session(book.page)
    session.send("Input.imeSetComposition", {"text": "ni", "selectionStart": 2, "selectionEnd": 2})
    book.page.keyboard.press("Enter")
    session.send("Input.insertText", {"text": "你好"})
    expect(area).to_have_value(re.compile("你好"))
    assert len(simulator.requests) == asked
    area.press("Shift+Enter")
    area.type("第二行", delay=60)  # an Enter right after a composition may still belong to it
    area.press("Enter")
    expect(view).to_contain_text("第二行")
    simulator.wait_until(lambda requests: len(requests) > asked, 10)


def test_prompts_wait_and_stop_ends_the_turn(notebook: Open) -> None:
    book = notebook(CHAT)
    view, area = opened(book)
    area.fill("go on for long")
    area.press("Enter")
    expect(view).to_contain_text(ANSWERING)
    area.fill("Who are you?")
    area.press("Enter")
    book.shot("chat-queued-light")
    area.press("Escape")
    expect(view).to_contain_text("Stopped")
    expect(view.locator("strong", has_text="simulator")).to_be_visible(timeout=30_000)


def test_the_chat_works_while_a_cell_computes(notebook: Open) -> None:
    book = notebook(CHAT, "import time\nwhile chat.status != 'x':\n    time.sleep(0.05)")
    view, area = opened(book)
    area.fill("Who are you?")
    area.press("Enter")
    expect(view.locator(".glm-footer").last).to_contain_text("stop", timeout=30_000)
    book.start(1)
    expect(book.prompt(1)).to_have_text("[*]:")
    area.fill("go on for long")
    area.press("Enter")
    expect(view).to_contain_text(ANSWERING)
    book.shot("chat-while-busy-light")
    area.press("Escape")
    expect(view).to_contain_text("Stopped")
    expect(book.prompt(1)).to_have_text("[*]:")
    book.command("notebook:interrupt-kernel")
    book.wait_for_end(1)


def test_after_a_reload_the_chat_is_as_it_was(notebook: Open) -> None:
    book = notebook(CHAT)
    view, area = opened(book)
    area.fill("Who are you?")
    area.press("Enter")
    expect(view.locator(".glm-footer").last).to_contain_text("stop", timeout=30_000)
    text = view.locator("strong", has_text="simulator").inner_text()
    book.save()
    book.open(reset=False)
    view = book.output(0).locator(".glm-chat")
    expect(view.locator("strong", has_text=text)).to_be_visible()
    expect(view).to_contain_text("Who are you?")
    area = view.get_by_role("textbox", name=re.compile("Prompt|Message|Ask"))
    area.fill("Hello again")
    area.press("Enter")
    expect(view.locator(".glm-footer").last).to_contain_text("stop", timeout=30_000)
    expect(view).to_contain_text("Hello again")
