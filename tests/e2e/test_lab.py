"""The main job, as a person sees it: a prompt cell, a live answer, a notebook that holds it."""

from __future__ import annotations

import re
from typing import Any

import nbformat
import pytest
from playwright.sync_api import expect

from glm_notebook.record import TURN_MIME, TurnRecord
from glm_notebook.simulator import Simulator
from tests.e2e.conftest import Open
from tests.e2e.lab import KEY, ROOT

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

LOAD = "%load_ext glm_notebook"
WIDGET = "application/vnd.jupyter.widget-view+json"
ANSWERING = re.compile("One line of an answer")


def outputs(document: Any, index: int) -> list[Any]:
    return list(document.cells[index].outputs)


@pytest.mark.usefixtures("unhurried")
def test_the_quickstart(notebook: Open, simulator: Simulator) -> None:
    book = notebook(source=ROOT / "notebooks" / "01_quickstart.ipynb")
    for index in (1, 3):
        book.run(index)

    book.start(4)
    view = book.view(4)
    thinking = view.locator("details")
    expect(thinking).to_have_attribute("open", "")
    expect(thinking.locator("summary")).to_contain_text("Thinking")
    expect(thinking).to_contain_text("The user asks who I am")
    expect(view.get_by_role("button", name="Stop")).to_be_visible()
    expect(view.locator(".glm-footer")).to_have_css("font-variant-numeric", "tabular-nums")
    book.shot("thinking-light")
    expect(thinking.locator("summary")).to_contain_text("Thought for")
    expect(thinking).not_to_have_attribute("open", "")
    expect(view.locator("strong", has_text="simulator")).to_be_visible()
    book.shot("answering-light")

    book.wait_for_end(4)
    settled = book.output(4)
    expect(view).to_have_count(0)
    expect(settled.locator("strong", has_text="simulator")).to_be_visible()
    expect(settled.locator("table")).to_be_visible()
    expect(settled.locator("details summary")).to_have_text(re.compile(r"Thought for [\d.]+ s"))
    expect(settled).to_contain_text(re.compile(r"glm-5 · first token [\d.]+ s · [\d.]+ s · in \d"))
    book.shot("settled-light")

    expect(book.run(6)).to_contain_text("Who are you?")  # it quotes the question before
    book.run(7)
    expect(book.run(9)).to_contain_text("Usage(input_tokens=")
    book.run(11)

    document = book.save()
    for index in (4, 6, 7):
        (output,) = outputs(document, index)
        assert set(output.data) == {"text/markdown", "text/plain", TURN_MIME}
        assert TurnRecord.from_json(output.data[TURN_MIME]).status == "complete"
    text = book.path.read_text("utf-8")
    assert WIDGET not in text
    assert "widget-state" not in text
    assert KEY not in text
    assert any(one.state == "answered" for one in simulator.requests)

    book.page.evaluate(
        "() => window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
    )
    expect(book.page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    expect(book.page.locator("#jupyterlab-splash")).to_have_count(0)
    book.shot("settled-dark")
    book.page.evaluate(
        "() => window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})"
    )
    expect(book.page.locator("body")).to_have_attribute("data-jp-theme-light", "true")


def test_stop_ends_the_turn_and_keeps_what_came(notebook: Open, simulator: Simulator) -> None:
    book = notebook(LOAD, "%%glm --new -o t\ngo on for long", "print(t.status, len(t.text) > 20)")
    book.run(0)
    book.start(1)
    expect(book.view(1)).to_contain_text(ANSWERING)
    book.view(1).get_by_role("button", name="Stop").click()
    book.wait_for_end(1)
    expect(book.output(1)).to_contain_text("Stopped")
    expect(book.output(1)).to_contain_text(ANSWERING)
    book.shot("stopped-light")
    expect(book.run(2)).to_contain_text("stopped True")
    simulator.wait_until(lambda requests: requests[-1].state == "left")
    record = outputs(book.save(), 1)[0].data[TURN_MIME]
    assert TurnRecord.from_json(record).status == "stopped"


def test_stop_is_heard_while_a_blocking_cell_runs(notebook: Open) -> None:
    book = notebook(LOAD, "%%time\n%%glm --new\ngo on for long")
    book.run(0)
    book.start(1)
    expect(book.view(1)).to_contain_text(ANSWERING)
    book.view(1).get_by_role("button", name="Stop").click()
    book.wait_for_end(1)
    expect(book.output(1)).to_contain_text("Stopped")


def test_a_kernel_interrupt_keeps_the_partial_turn(notebook: Open) -> None:
    book = notebook(LOAD, "%%glm --new\ngo on for long", "%%glm\nWho are you?")
    book.run(0)
    book.start(1)
    expect(book.view(1)).to_contain_text(ANSWERING)
    book.command("notebook:interrupt-kernel")
    book.wait_for_end(1)
    expect(book.output(1)).to_contain_text("Interrupted")
    expect(book.output(1)).to_contain_text(ANSWERING)
    expect(book.output(1)).to_contain_text("TurnInterrupted")
    book.shot("interrupted-light")
    expect(book.run(2)).to_contain_text("simulator")


def test_a_silent_server_shows_a_clock_and_can_be_stopped(notebook: Open) -> None:
    book = notebook(LOAD, "%%glm --new\nsay nothing")
    book.run(0)
    book.start(1)
    expect(book.view(1)).to_contain_text(re.compile(r"Waiting.*[1-9]\d* s"))
    book.shot("waiting-light")
    book.view(1).get_by_role("button", name="Stop").click()
    book.wait_for_end(1)
    expect(book.output(1)).to_contain_text("Stopped")


def test_after_a_reload_in_the_middle_the_view_comes_back_and_goes_on(notebook: Open) -> None:
    book = notebook(LOAD, "%%glm --new -o t\nhalf a minute", "print(t.status)", "%glm show")
    book.run(0)
    book.start(1)
    expect(book.view(1)).to_contain_text(ANSWERING)
    book.save()
    book.open(reset=False)
    expect(book.view(1)).to_contain_text(ANSWERING)
    before = len(book.view(1).inner_text())
    book.page.wait_for_function(
        "n => document.querySelector('.glm-turn').innerText.length > n", arg=before + 200
    )
    book.shot("reloaded-light")
    expect(book.view(1)).to_contain_text("stop", timeout=60_000)
    expect(book.run(2)).to_contain_text("complete", timeout=60_000)
    shown = book.run(3)
    expect(shown).to_contain_text(ANSWERING)
    assert shown.locator("p", has_text=ANSWERING).count() == 60
    assert book.view(1).locator(".glm-answer p", has_text=ANSWERING).count() == 60


def test_a_reload_without_a_save_loses_nothing_of_the_turn(notebook: Open) -> None:
    book = notebook(LOAD, "%%glm --new\nhalf a minute", "%glm show")
    book.run(0)
    book.save()
    book.start(1)
    expect(book.view(1)).to_contain_text(ANSWERING)
    book.page.once("dialog", lambda dialog: dialog.accept())
    book.open(reset=False)
    shown = book.run(2)  # the kernel is at the turn until it has ended
    assert shown.locator("p", has_text=ANSWERING).count() == 60


def test_a_refusal_says_what_happened_and_what_to_do(notebook: Open) -> None:
    book = notebook(LOAD, "%%glm --new -m glm-0\nhi", "print('not run')")
    book.run(0)
    output = book.run(1)
    expect(output).to_contain_text("does not serve the model 'glm-0' (404)")
    expect(output).to_contain_text("choose another with %glm model or -m")
    book.shot("error-light")
    assert [one.output_type for one in outputs(book.save(), 1)] == ["display_data", "error"]


def test_a_cut_stream_is_told_and_kept(notebook: Open) -> None:
    book = notebook(LOAD, "%%glm --new\nbreak off")
    book.run(0)
    output = book.run(1)
    expect(output).to_contain_text("The connection broke off")
    expect(output).to_contain_text(ANSWERING)


def test_without_a_key_two_lines_say_what_to_do(notebook: Open) -> None:
    book = notebook(
        "import os; del os.environ['DASHSCOPE_API_KEY']\n" + LOAD, "%%glm\nWho are you?"
    )
    book.run(0)
    output = book.run(1)
    expect(output).to_contain_text("There is no API key for 127.0.0.1")
    expect(output).to_contain_text("%glm endpoint simulator")
    book.shot("no-key-light")


def test_a_narrow_page_holds_the_view_in_chinese(notebook: Open) -> None:
    book = notebook(LOAD + "\n%glm language zh", "%%glm --new\n你是谁？")
    book.page.set_viewport_size({"width": 480, "height": 800})
    book.run(0)
    book.start(1)
    expect(book.view(1).get_by_role("button", name="停止")).to_be_visible()
    expect(book.view(1).locator("strong").first).to_be_visible()
    width = book.view(1).evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert width[0] <= width[1] + 1
    book.shot("narrow-chinese-light")
    book.wait_for_end(1)
    expect(book.output(1)).to_contain_text(re.compile(r"首字 [\d.]+ 秒"))
    expect(book.output(1)).to_contain_text(re.compile(r"已思考 [\d.]+ 秒"))


def test_two_views_of_one_turn_agree(notebook: Open) -> None:
    book = notebook(LOAD, "%%glm --new\nhalf a minute")
    book.run(0)
    book.start(1)
    expect(book.view(1)).to_contain_text(ANSWERING)
    book.page.evaluate(
        """() => { const app = window.jupyterapp;
            app.commands.execute('notebook:create-output-view'); }"""
    )
    views = book.page.locator(".glm-turn")
    expect(views).to_have_count(2)
    book.page.wait_for_function(
        """() => { const [a, b] = [...document.querySelectorAll('.glm-turn')];
            const text = e => e.querySelectorAll('.glm-answer p').length;
            return text(a) > 5 && text(a) === text(b); }"""
    )
    book.view(1).get_by_role("button", name="Stop").click()
    book.wait_for_end(1)


def test_the_committed_quickstart_has_no_output(notebook: Open) -> None:
    document = nbformat.read(ROOT / "notebooks" / "01_quickstart.ipynb", 4)
    assert not any(cell.get("outputs") for cell in document.cells)


def test_a_long_answer_full_of_formulas_is_typeset_whole_and_nothing_stays_hidden(
    notebook: Open,
) -> None:
    book = notebook(LOAD, "%%glm --new\nmany formulas", "%%glm --new\nmany formulas")
    book.run(0)
    for index in (1, 2):  # the second turn in a page settles otherwise: MathJax is there already
        output = book.run(index)
        expect(output.locator("mjx-container")).to_have_count(300, timeout=30_000)
        expect(output.locator("p.mathjax_ignore")).to_have_count(0)
        expect(output).not_to_contain_text("$")
    (saved, *more) = outputs(book.save(), 2)
    assert not more
    assert saved.data["text/markdown"].count("$x_") == 300
