"""Tools as a person sees them: cards that move, a question while the cell runs, a Stop that ends one call or all."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from glm_notebook.record import TURN_MIME, TurnRecord
from tests.e2e.conftest import Open
from tests.e2e.lab import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

LOAD = "%load_ext glm_notebook\nimport asyncio\nfrom glm_notebook import tool"
COUNT = """
@tool
async def count(to: int) -> str:
    '''Count.'''
    for number in range(to):
        print("counted", number)
        await asyncio.sleep(0.1)
    return f"{to} counted"

@tool
def describe(name: str) -> dict:
    '''Describe.'''
    return {"name": name, "rows": 3}
"""
GUARD = """
@tool(approve=True)
def drop(column: str) -> str:
    '''Drop a column.'''
    return f"dropped {column}"
"""


def told(book: object, index: int) -> list[str]:
    (output, *_) = book.save().cells[index].outputs  # type: ignore[attr-defined]
    messages = TurnRecord.from_json(output.data[TURN_MIME]).messages
    return [one.content for one in messages if one.role == "tool"]


@pytest.mark.parametrize("protocol", ["openai", "dashscope"])
def test_cards_move_at_once_and_settle(notebook: Open, protocol: str) -> None:
    book = notebook(f"{LOAD}\n%glm protocol {protocol}{COUNT}", "%%glm --new\ncount and describe")
    book.run(0)
    book.start(1)
    view = book.view(1)
    first, second = view.locator(".glm-call").nth(0), view.locator(".glm-call").nth(1)
    expect(first).to_contain_text("count(to=30)")
    expect(first).to_contain_text("running")
    expect(first).to_contain_text("counted 3")
    expect(second).to_contain_text("done")
    book.shot(f"tools-running-light-{protocol}")
    book.wait_for_end(1)
    output = book.output(1)
    expect(output.locator("summary", has_text="count(to=30)")).to_contain_text(
        re.compile(r"done · \d+\.\d s")
    )
    expect(output).to_contain_text("Both have answered")
    output.locator("summary", has_text="describe(").click()
    book.shot(f"tools-settled-light-{protocol}")
    assert told(book, 1) == ["30 counted", '{"name":"sales","rows":3}']


def test_one_call_is_stopped_and_the_turn_goes_on(notebook: Open) -> None:
    book = notebook(LOAD + COUNT, "%%glm --new\ncount and describe")
    book.run(0)
    book.start(1)
    card = book.view(1).locator(".glm-call").first
    expect(card).to_contain_text("counted 1")
    card.get_by_role("button", name=re.compile("Stop count")).click()
    expect(card).to_contain_text("stopped")
    book.wait_for_end(1)
    expect(book.output(1)).to_contain_text("Both have answered")
    assert told(book, 1)[0] == "The user stopped this call."


def test_stop_ends_the_turn_and_its_calls(notebook: Open) -> None:
    book = notebook(LOAD + COUNT, "%%glm --new\ncount and describe", "%%glm\nWho are you?")
    book.run(0)
    book.start(1)
    expect(book.view(1).locator(".glm-call").first).to_contain_text("counted 1")
    book.view(1).get_by_role("button", name="Stop", exact=True).click()
    book.wait_for_end(1)
    expect(book.output(1)).to_contain_text("Stopped")
    expect(book.output(1).locator("summary", has_text="count(")).to_contain_text("stopped")
    book.page.locator(".jp-Notebook-cell").nth(2).scroll_into_view_if_needed()
    book.run(2)


@pytest.mark.parametrize("outer", ["", "%%time\n"])
def test_a_call_is_approved_while_the_cell_runs(notebook: Open, outer: str) -> None:
    book = notebook(LOAD + GUARD, f"{outer}%%glm --new -t drop\ndrop a column")
    book.run(0)
    book.start(1)
    card = book.view(1).locator(".glm-call")
    approve = card.locator(".glm-approve:not(:disabled)")
    expect(approve).to_be_visible()
    expect(card).to_contain_text("price")
    book.shot(f"approval-light{'-blocking' if outer else ''}")
    approve.click()
    book.wait_for_end(1)
    expect(book.output(1)).to_contain_text("It was told: > dropped price")
    assert told(book, 1) == ["dropped price"]


def test_a_call_is_declined_by_keyboard_with_a_reason(notebook: Open) -> None:
    book = notebook(LOAD + GUARD, "%%glm --new -t drop\ndrop a column")
    book.run(0)
    book.start(1)
    card = book.view(1).locator(".glm-call")
    expect(card.locator(".glm-approve:not(:disabled)")).to_be_visible()
    card.get_by_role("button", name="Decline").focus()
    book.page.keyboard.press("Enter")
    book.page.keyboard.type("keep the prices")
    book.shot("approval-declining-light")
    book.page.keyboard.press("Enter")
    book.wait_for_end(1)
    expect(book.output(1).locator("summary", has_text="drop(")).to_contain_text("declined")
    assert told(book, 1) == ["The user declined this call: keep the prices"]


def test_an_unanswered_question_never_runs_the_tool(notebook: Open) -> None:
    book = notebook(LOAD + GUARD, "%%glm --new -t drop\ndrop a column")
    book.run(0)
    book.start(1)
    expect(book.view(1).locator(".glm-approve:not(:disabled)")).to_be_visible()
    book.command("notebook:interrupt-kernel")
    book.wait_for_end(1)
    expect(book.output(1)).to_contain_text("Interrupted")
    assert told(book, 1) == ["The user stopped this call."]


def test_the_cards_in_chinese_in_a_narrow_dark_page(notebook: Open) -> None:
    book = notebook(f"{LOAD}\n%glm language zh{GUARD}", "%%glm --new -t drop\ndrop a column")
    book.page.set_viewport_size({"width": 480, "height": 800})
    book.page.evaluate(
        "() => window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
    )
    book.run(0)
    book.start(1)
    expect(book.view(1).get_by_role("button", name="批准", exact=True)).to_be_visible()
    expect(book.page.locator("#jupyterlab-splash")).to_have_count(0)
    width = book.view(1).evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert width[0] <= width[1] + 1
    book.shot("approval-narrow-chinese-dark")
    book.view(1).locator(".glm-approve:not(:disabled)").click()
    book.wait_for_end(1)
    expect(book.output(1).locator("summary", has_text="drop(")).to_contain_text("完成")
    book.page.evaluate(
        "() => window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})"
    )
    expect(book.page.locator("body")).to_have_attribute("data-jp-theme-light", "true")


def test_the_tools_notebook(notebook: Open) -> None:
    book = notebook(source=ROOT / "notebooks" / "02_tools.ipynb")
    for index in (1, 3, 5, 6):
        book.run(index)
    book.start(8)
    view = book.view(8)
    expect(view.locator(".glm-call", has_text="growth(")).to_contain_text("done", timeout=30_000)
    expect(view.locator(".glm-call", has_text="plot(").locator("img")).to_be_visible(timeout=30_000)
    view.locator(".glm-call", has_text="plot(").locator("img").scroll_into_view_if_needed()
    book.shot("notebook-tools-live-light")
    book.wait_for_end(8)
    expect(book.output(8).locator("img")).to_have_count(1)
    expect(book.output(8).locator("summary", has_text="plot(")).to_contain_text("picture below")
    book.page.locator(".jp-Notebook-cell").nth(10).scroll_into_view_if_needed()
    book.shot("notebook-tools-settled-light")
    book.start(10)
    approve = book.view(10).locator(".glm-approve:not(:disabled)")
    expect(approve).to_be_visible(timeout=30_000)
    approve.click()
    book.wait_for_end(10)
    expect(book.output(10).locator("summary", has_text="drop_rows(")).to_contain_text("done")
    rows = book.run(11).inner_text()
    assert 0 < int(rows.split()[0]) < 524
