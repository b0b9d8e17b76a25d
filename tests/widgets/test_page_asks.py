from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from glm_notebook.errors import ConfigError
from glm_notebook.runner import runner
from glm_notebook.widgets import answers
from glm_notebook.widgets.page import PageWidget


class Page(PageWidget):
    """Keeps what it sends, and on which thread."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.threads: set[str] = set()
        self.received: list[Mapping[str, Any]] = []
        self._is_told = threading.Condition()
        super().__init__("cell", dict, self.received.append)

    def send(self, content: dict[str, Any], buffers: object = None) -> None:
        with self._is_told:
            self.sent.append(content)
            self.threads.add(threading.current_thread().name)
            self._is_told.notify_all()

    def hear(self, **message: Any) -> None:
        self._handle_custom_msg(message, [])

    def replies(self, number: int) -> list[dict[str, Any]]:
        with self._is_told:
            assert self._is_told.wait_for(lambda: len(self.sent) >= number, 10)
        return self.sent

    def ask(self, what: object, **fields: Any) -> dict[str, Any]:
        before = len(self.sent)
        self.hear(type="ask", id="a1", what=what, **fields)
        answer = self.replies(before + 1)[-1]
        assert (answer["type"], answer["id"]) == ("reply", "a1")
        return answer


@pytest.fixture
def page() -> Iterator[Page]:
    widget = Page()
    yield widget
    widget.close()


def test_a_question_is_answered_off_the_loop_and_the_reply_sent_from_it(page: Page) -> None:
    seen: list[str] = []

    def answer(question: Mapping[str, Any]) -> dict[str, Any]:
        seen.append(threading.current_thread().name)
        return {"twice": question["number"] * 2}

    page.answers["double"] = answer
    assert page.ask("double", number=21)["body"] == {"twice": 42}
    assert page.threads == {"glm-runner"}
    assert seen[0] != "glm-runner"
    assert not page.received


def test_a_slow_answer_holds_nothing_up(page: Page) -> None:
    let_go = threading.Event()
    page.answers["slow"] = lambda _: {"waited": let_go.wait(10)}
    page.answers["fast"] = lambda _: {}
    page.hear(type="ask", id="slow", what="slow")
    page.hear(type="ask", id="fast", what="fast")
    page.hear(type="stop")
    assert [one["id"] for one in page.replies(1)] == ["fast"]
    runner().call(let_go.set)
    assert page.replies(2)[-1] == {"type": "reply", "id": "slow", "body": {"waited": True}}
    assert page.received == [{"type": "stop"}]


def test_an_error_of_ours_is_said_with_its_remedy(
    page: Page, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: object) -> dict[str, Any]:
        raise ConfigError("There is no such format.\n", "Say md, json or ipynb.")

    page.answers["export"] = fail
    expected = {"message": "There is no such format.", "remedy": "Say md, json or ipynb."}
    assert page.ask("export")["error"] == expected
    assert not caplog.records


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("one\nand  two"), "ValueError: one and two"),
        (ValueError(), "ValueError"),
        (Unprintable(), "Unprintable"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (ValueError("x" * 10_000), f"ValueError: {'x' * 288}"),
    ],
)
def test_any_other_error_is_logged_and_said_in_one_line(
    page: Page, caplog: pytest.LogCaptureFixture, error: BaseException, said: str
) -> None:
    def fail(_: object) -> dict[str, Any]:
        raise error

    page.answers["objects"] = fail
    expected = {"message": f"The kernel could not answer: {said}", "remedy": ""}
    assert page.ask("objects")["error"] == expected
    assert [record.args for record in caplog.records] == [("objects",)]
    page.answers["objects"] = lambda _: {}
    assert page.ask("objects")["body"] == {}  # the loop lives on


@pytest.mark.parametrize("what", ["no-such-thing", "", None, 3, ["module"], {}])
def test_what_is_not_known_is_refused(page: Page, what: object) -> None:
    assert page.ask(what)["error"]["message"] == "The page asked what this kernel does not know."


def test_a_page_can_load_what_it_needs(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "asset", lambda name: f"the text of {name}")
    for name in ("math", "highlight"):
        expected = {"code": f"the text of {name}.js", "css": f"the text of {name}.css"}
        assert page.ask("module", name=name)["body"] == expected


@pytest.mark.parametrize("name", sorted(answers.MODULES))
def test_every_module_is_in_the_package(name: str) -> None:
    body = answers.module({"name": name})
    assert "export{" in body["code"]
    assert ".glm-" in body["css"]
    for text in body.values():
        assert "http:" not in text.replace("http://www.w3.org/", "")


@pytest.mark.parametrize("name", ["cell", "../static/math", "math.js", "", None, 1, ["math"]])
def test_no_other_file_is_given_out(page: Page, name: object) -> None:
    assert page.ask("module", name=name)["error"]["message"].startswith(
        "The page asked for a script"
    )
