"""What a person sees when the service is busy or refuses: the wait for another request, and the end that says why."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from glm_notebook.record import TURN_MIME, TurnRecord
from glm_notebook.simulator import Simulator
from tests.e2e.conftest import Open

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

LOAD = "%load_ext glm_notebook"
COUNTDOWN = re.compile(r"Retry in \d+ s")


@pytest.mark.parametrize("protocol", ["openai", "dashscope"])
def test_a_busy_service_is_asked_again_after_a_countdown(
    notebook: Open, simulator: Simulator, protocol: str
) -> None:
    book = notebook(f"{LOAD}\n%glm protocol {protocol}", f"%%glm --new\nbusy once, {protocol}")
    book.run(0)
    book.start(1)
    view = book.view(1)
    expect(view).to_contain_text("Too many requests or tokens for now (429).")
    expect(view).to_contain_text(re.compile(r"Retry in [34] s · request 2 of 3"))
    book.shot(f"retrying-light-{protocol}")
    expect(view).to_contain_text(re.compile(r"Retry in [12] s"))
    expect(view).not_to_contain_text("Retry in")
    expect(view).to_contain_text("It was worth the wait")
    book.wait_for_end(1)
    expect(book.output(1)).to_contain_text("It was worth the wait")
    expect(book.output(1)).to_contain_text("asked again after a wait")
    (asked, again) = [
        one for one in simulator.requests if f"busy once, {protocol}" in one.body.decode()
    ]
    assert asked.json == again.json


@pytest.mark.parametrize("outer", ["", "%%time\n"])
def test_stop_ends_the_countdown(notebook: Open, simulator: Simulator, outer: str) -> None:
    book = notebook(LOAD, f"{outer}%%glm --new\nbusy for long")
    book.run(0)
    asked = len(simulator.requests)
    book.start(1)
    expect(book.view(1)).to_contain_text(COUNTDOWN)
    book.view(1).get_by_role("button", name="Stop").click()
    book.wait_for_end(1)
    expect(book.output(1)).to_contain_text("Stopped")
    assert len(simulator.requests) == asked + 1
    record = book.save().cells[1].outputs[0].data[TURN_MIME]
    assert TurnRecord.from_json(record).status == "stopped"


def test_a_kernel_interrupt_ends_the_countdown(notebook: Open) -> None:
    book = notebook(LOAD, "%%glm --new\nbusy for long", "%%glm\nWho are you?")
    book.run(0)
    book.start(1)
    expect(book.view(1)).to_contain_text(COUNTDOWN)
    book.command("notebook:interrupt-kernel")
    book.wait_for_end(1)
    expect(book.output(1)).to_contain_text("Interrupted")
    expect(book.run(2)).to_contain_text("simulator")


def test_the_countdown_in_chinese_in_a_narrow_page(notebook: Open) -> None:
    book = notebook(f"{LOAD}\n%glm language zh", "%%glm --new\nbusy for long")
    book.page.set_viewport_size({"width": 480, "height": 800})
    book.run(0)
    book.start(1)
    view = book.view(1)
    expect(view).to_contain_text(re.compile(r"\d+ 秒后重试"))
    expect(view).to_contain_text("第 2 次，共 3 次")
    width = view.evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert width[0] <= width[1] + 1
    book.shot("retrying-narrow-chinese-light")
    view.get_by_role("button", name="停止").click()
    book.wait_for_end(1)


@pytest.mark.parametrize(
    ("prompt", "cause", "remedy"),
    [
        ("refuse the key", "The key was refused (401).", "%glm login with another key"),
        ("owe money", "The account cannot pay for this request (400).", "Check the balance"),
        ("be forbidden", "The service's moderation stopped this (400).", "Put it in other words"),
        ("stay down", "failed or is out of capacity (503)", "Run the cell again in a moment"),
    ],
)
@pytest.mark.parametrize("protocol", ["openai", "dashscope"])
def test_a_failure_says_in_two_sentences_what_happened_and_what_to_do(
    notebook: Open, protocol: str, prompt: str, cause: str, remedy: str
) -> None:
    book = notebook(f"{LOAD}\n%glm protocol {protocol}", f"%%glm --new\n{prompt}")
    book.run(0)
    output = book.run(1)
    expect(output).to_contain_text(cause)
    expect(output).to_contain_text(remedy)
    expect(output).to_contain_text(re.compile(r"request [0-9a-f]{8}-"))
    book.shot(f"failed-{prompt.replace(' ', '-')}-light-{protocol}")


def test_a_cut_turn_is_asked_again_in_its_place(notebook: Open, simulator: Simulator) -> None:
    book = notebook(LOAD, "%%glm --new\nbreak off", "%glm retry", "%glm history")
    book.run(0)
    book.run(1)
    book.start(2)
    expect(book.view(2).get_by_role("button", name="Stop")).to_be_visible()
    book.wait_for_end(2)
    expect(book.output(2)).to_contain_text("The connection broke off · %glm retry asks again.")
    expect(book.run(3)).to_contain_text("1 turns")
