"""What of a chat is in the file, and what survives: a reload, a second tab, a kernel that is gone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Open
from tests.e2e.lab import Notebook
from tests.e2e.test_chat import CHAT, opened

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

SIMULATED = re.compile("I am the simulator")


def kept(book: Notebook) -> str:
    """Save, and return the transcript that the file holds."""
    view, place = book.save().cells[0].outputs
    assert "application/vnd.jupyter.widget-view+json" in view.data
    assert set(place.data) == {"text/markdown", "text/plain"}
    text: Any = place.data["text/markdown"]
    return "".join(text)


def until_kept(book: Notebook, *said: str) -> str:
    """Wait until the page has written something into its document, and return what the file holds then."""
    book.page.wait_for_function(
        """said => { const { cells } = window.jupyterapp.shell.currentWidget.model.sharedModel;
            const text = JSON.stringify(cells[0].getOutputs());
            return said.every(one => text.includes(one)); }""",
        arg=said,
    )
    return kept(book)


def ask(area: Locator, view: Locator, text: str) -> None:
    """Ask, and wait for the end of the answer."""
    ends = view.locator(".glm-footer", has_text="stop")
    before = ends.count()
    area.fill(text)
    area.press("Enter")
    expect(ends).to_have_count(before + 1, timeout=30_000)


def test_the_file_keeps_the_transcript_and_the_composer_its_text(notebook: Open) -> None:
    book = notebook(CHAT)
    view, area = opened(book)
    ask(area, view, "Who are you?")
    area.type("half a thought")
    text = until_kept(book, "I am the **simulator**")
    assert "Who are you?" in text
    expect(area).to_have_value("half a thought")
    expect(area).to_be_focused()
    hidden = book.output(0).locator(".jp-OutputArea-child").nth(1)
    expect(hidden).to_be_hidden()


def test_a_chat_goes_on_and_is_kept_after_a_reload(notebook: Open) -> None:
    book = notebook(CHAT)
    view, area = opened(book)
    ask(area, view, "Who are you?")
    until_kept(book, "I am the **simulator**")
    book.open(reset=False)
    expect(view).to_contain_text(SIMULATED)
    ask(area, view, "And a second time?")
    text = until_kept(book, "And a second time?", "turn 2")
    assert text.count("Who are you?") >= 1
    assert text.index("I am the **simulator**") < text.index("And a second time?")


def test_without_its_kernel_the_transcript_is_what_there_is_to_read(notebook: Open) -> None:
    book = notebook(CHAT)
    view, area = opened(book)
    ask(area, view, "Who are you?")
    until_kept(book, "I am the **simulator**")
    book.page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
    )
    expect(view.locator(".glm-notice")).to_contain_text("can no longer be reached")
    expect(view).to_contain_text(SIMULATED)
    book.shot("chat-gone-light")
    book.page.wait_for_function(
        """() => { const { cells } = window.jupyterapp.shell.currentWidget.model.sharedModel;
            return !JSON.stringify(cells[0].getOutputs()).includes("widget-view"); }"""
    )
    view_then, _ = book.save().cells[0].outputs
    assert set(view_then.data) == {"text/plain"}
    book.open()
    expect(book.output(0)).not_to_contain_text("widget")
    expect(book.output(0).locator(".jp-RenderedMarkdown")).to_contain_text(SIMULATED)
    book.shot("chat-reopened-light")


def test_a_second_tab_shows_the_same_and_both_can_ask(notebook: Open) -> None:
    book = notebook(CHAT)
    view, area = opened(book)
    ask(area, view, "Who are you?")
    until_kept(book, "I am the **simulator**")
    tab = book.page.context.new_page()
    other = Notebook(tab, book.server, book.path.name).open(reset=False)
    second = other.output(0).locator(".glm-chat")
    expect(second).to_contain_text(SIMULATED)
    ask(second.get_by_role("textbox", name="Prompt"), second, "From the other tab?")
    expect(view).to_contain_text("From the other tab?")
    expect(view.locator(".glm-footer", has_text="stop")).to_have_count(2)
    ask(area, view, "And from the first?")
    expect(second.locator(".glm-exchange")).to_have_count(3)
    texts = [one.locator(".glm-answer").all_inner_texts() for one in (view, second)]
    assert texts[0] == texts[1]
    tab.close()
