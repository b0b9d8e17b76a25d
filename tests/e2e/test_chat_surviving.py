"""A chat in two views, scrolled away and back, closed and opened, and with all that works while a cell computes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Open
from tests.e2e.test_chat import CHAT, opened
from tests.e2e.test_chat_record import SIMULATED, ask, until_kept

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

ASYNC_TOOL = (
    "import asyncio, glm_notebook\nfrom glm_notebook import ChatWidget\n"
    "@glm_notebook.tool(approve=True)\nasync def drop(column: str) -> str:\n"
    "    '''Drop a column.'''\n    return f'{column} is gone'\n"
    "chat = ChatWidget(tools=[drop])\nchat"
)
BUSY = "import time\nwhile True:\n    time.sleep(0.05)"


def texts(view: Locator) -> list[str]:
    """Return all that was said, also what is far away and not laid out."""
    return view.locator(".glm-prompt, .glm-answer").all_text_contents()


def test_two_views_of_one_chat_show_the_same(notebook: Open) -> None:
    book = notebook(CHAT, "chat", "print(len(chat.turns))")
    view, area = opened(book)
    ask(area, view, "Who are you?")
    book.start(1)
    second = book.output(1).locator(".glm-chat")
    expect(second).to_contain_text(SIMULATED)
    ask(second.locator(".glm-area"), second, "And from the other view?")
    expect(view.locator(".glm-exchange")).to_have_count(2)
    assert texts(view) == texts(second)
    assert book.run(2).inner_text().strip() == "2"


def test_scrolled_away_and_back_nothing_is_lost(notebook: Open) -> None:
    book = notebook(CHAT, *[f"{n}" for n in range(60)])
    view, area = opened(book)
    ask(area, view, "Who are you?")
    before = texts(view)
    area.fill("half a thought")
    scroll = "index => window.jupyterapp.shell.currentWidget.content.scrollToItem(index)"
    book.page.evaluate(scroll, 60)
    expect(book.page.locator(".jp-Notebook-cell").last).to_be_in_viewport()
    expect(view).not_to_be_in_viewport()
    book.page.evaluate(scroll, 0)
    expect(view).to_be_in_viewport()
    assert texts(view) == before
    expect(area).to_have_value("half a thought")


def test_closed_and_opened_while_the_kernel_lives(notebook: Open) -> None:
    book = notebook(CHAT)
    view, area = opened(book)
    ask(area, view, "Who are you?")
    before = texts(view)
    until_kept(book, "I am the **simulator**")
    book.page.goto(f"{book.server.url}/lab")
    expect(book.page.locator("#jp-top-panel")).to_be_visible()
    book.open(reset=False)
    expect(view).to_contain_text(SIMULATED)
    assert texts(view) == before
    ask(area, view, "And now?")
    expect(view.locator(".glm-exchange")).to_have_count(2)


def test_approval_and_settings_while_a_cell_computes(notebook: Open) -> None:
    book = notebook(ASYNC_TOOL, BUSY, "print(chat.model, chat.last.settings.model)")
    view, area = opened(book)
    ask(area, view, "Who are you?")
    book.start(1)
    expect(book.prompt(1)).to_have_text("[*]:")
    view.get_by_label("Model").fill("glm-4.7")
    view.get_by_label("Model").press("Tab")
    area.fill("drop a column")
    area.press("Enter")
    view.get_by_role("button", name="Approve", exact=True).click()
    expect(view).to_contain_text("It was told: price is gone", timeout=30_000)
    expect(view.locator(".glm-footer").last).to_contain_text("glm-4.7")
    expect(book.prompt(1)).to_have_text("[*]:")
    book.shot("chat-approved-while-busy-light")
    book.command("notebook:interrupt-kernel")
    book.wait_for_end(1)
    assert book.run(2).inner_text().strip() == "glm-4.7 glm-4.7"
