"""Branches, deleting and going on, in JupyterLab, and what Python sees of them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Open
from tests.e2e.test_chat import ANSWERING, CHAT, opened
from tests.e2e.test_chat_record import ask

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

SEEN = (
    "print([turn.prompt for turn in chat.turns], [len(chat.branches(turn)) for turn in chat.turns])"
)


def exchange(view: Locator, number: int) -> Locator:
    return view.locator(".glm-exchange").nth(number)


def press(place: Locator, name: str) -> None:
    """Press a button that is seen when it is pointed at."""
    place.hover()
    place.get_by_role("button", name=name, exact=True).click()


def test_an_edited_prompt_is_a_branch_and_both_can_be_read(notebook: Open) -> None:
    book = notebook(CHAT, SEEN)
    view, area = opened(book)
    ask(area, view, "Who are you?")
    ask(area, view, "And then?")
    press(exchange(view, 0), "Edit prompt")
    editor = view.get_by_role("textbox", name="Edit prompt")
    expect(editor).to_have_value("Who are you?")
    expect(editor).to_be_focused()
    book.shot("chat-editing-light")
    editor.fill("Who else?")
    editor.press("Enter")
    expect(view.locator(".glm-exchange")).to_have_count(1)
    expect(view).to_contain_text("2/2")
    expect(view.locator(".glm-footer").last).to_contain_text("stop", timeout=30_000)
    assert book.run(1).inner_text().strip() == "['Who else?'] [2]"
    book.shot("chat-branches-light")
    earlier = view.get_by_role("button", name="Earlier version")
    earlier.click()
    expect(view.locator(".glm-exchange")).to_have_count(2)
    expect(view).to_contain_text("And then?")
    expect(earlier).to_be_focused()
    assert book.run(1).inner_text().strip() == "['Who are you?', 'And then?'] [2, 1]"


def test_an_answer_is_asked_for_again_and_a_turn_is_deleted(notebook: Open) -> None:
    book = notebook(CHAT, SEEN)
    view, area = opened(book)
    ask(area, view, "Who are you?")
    ask(area, view, "And then?")
    press(exchange(view, 1), "Regenerate")
    expect(view).to_contain_text("2/2", timeout=30_000)
    expect(view.locator(".glm-footer").last).to_contain_text("stop", timeout=30_000)
    place = exchange(view, 0)
    press(place, "Delete prompt and answer")
    book.shot("chat-deleting-light")
    place.get_by_role("button", name=re.compile("Press again")).click()
    expect(view.locator(".glm-exchange")).to_have_count(1)
    expect(area).to_be_focused()
    assert book.run(1).inner_text().strip() == "['And then?'] [2]"


def test_a_stopped_answer_is_gone_on_with(notebook: Open) -> None:
    book = notebook(CHAT, "print(chat.last.text[:12], len(chat.turns), chat.last.status)")
    view, area = opened(book)
    area.fill("go on for long")
    area.press("Enter")
    expect(view).to_contain_text(ANSWERING)
    area.press("Escape")
    expect(view).to_contain_text("Stopped")
    book.shot("chat-stopped-light")
    view.get_by_role("button", name="Continue").click()
    expect(view).to_contain_text("Go on exactly where it ends", timeout=30_000)
    expect(view.locator(".glm-footer").last).to_contain_text("stop", timeout=30_000)
    expect(view.locator(".glm-exchange")).to_have_count(1)
    assert book.run(1).inner_text().strip() == "One line of  1 complete"


def test_an_error_says_what_to_do_and_can_be_asked_again(notebook: Open) -> None:
    book = notebook(CHAT)
    view, area = opened(book)
    area.fill("refuse the key")
    area.press("Enter")
    expect(view.get_by_role("alert")).to_contain_text("401")
    book.shot("chat-error-light")
    view.get_by_role("button", name="Retry").click()
    expect(view.get_by_role("alert")).to_contain_text("401")
    expect(view.locator(".glm-exchange")).to_have_count(1)
    expect(view.locator(".glm-branches:visible")).to_have_count(0)
