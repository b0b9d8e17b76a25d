"""``%%glm`` in IPython in a terminal: no kernel, no page."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from glm_notebook.simulator import Simulator
from tests.kernel.conftest import SCENARIO

pexpect = pytest.importorskip("pexpect", reason="pexpect needs a POSIX system")

pytestmark = [pytest.mark.kernel]

KEY = "sk-terminal-0123456789"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(SCENARIO, tokens_per_s=0, first_token_s=0) as running:
        yield running


@pytest.fixture
def terminal(simulator: Simulator, tmp_path: Path) -> Iterator[Any]:
    environment = {
        **os.environ,
        "DASHSCOPE_API_KEY": KEY,
        "DASHSCOPE_COMPATIBLE_BASE_URL": simulator.base_url,
        "IPYTHONDIR": str(tmp_path),
        "LANG": "en_US.UTF-8",
        "TERM": "xterm",
    }
    child = pexpect.spawn(
        sys.executable,
        ["-m", "IPython", "--simple-prompt", "--colors=nocolor", "--no-banner"],
        env=environment, encoding="utf-8", timeout=20, dimensions=(40, 200),
    )  # fmt: skip
    child.expect(r"In \[1\]: ")
    child.sendline("%load_ext glm_notebook")
    child.expect(r"In \[2\]: ")
    yield child
    child.close(force=True)


def _ask(terminal: Any, *lines: str) -> None:
    for line in (*lines, ""):
        terminal.sendline(line)
        terminal.expect(r"\.\.\.: ")
    terminal.sendline("")  # the second blank line ends the cell


def test_thinking_is_dimmed_and_the_answer_follows(terminal: Any) -> None:
    _ask(terminal, "%%glm", "Who are you?")
    terminal.expect("\x1b\\[2mThe user asks who I am")
    terminal.expect_exact("\x1b[0m")
    terminal.expect_exact("I am the **simulator**")
    terminal.expect(r"glm-5 · first token [\d.]+ s · .* · stop")
    terminal.expect(r"In \[3\]: ")


def test_ctrl_c_keeps_what_came_and_the_next_prompt_works(
    terminal: Any, simulator: Simulator
) -> None:
    _ask(terminal, "%%glm -o t", "hang after")
    terminal.expect("Let me see")
    terminal.sendintr()
    terminal.expect("Interrupted")
    terminal.expect(r"In \[3\]: ")
    terminal.sendline("t.status")
    terminal.expect("'interrupted'")
    _ask(terminal, "%%glm", "Who are you?")
    terminal.expect_exact("I am the **simulator**")


def test_an_error_is_a_line_or_two(terminal: Any) -> None:
    _ask(terminal, "%%glm -m glm-0", "hi")
    terminal.expect("does not serve the model 'glm-0'")
    terminal.expect(r"In \[3\]: ")
    assert "Traceback" not in terminal.before


@pytest.mark.parametrize(
    ("answer", "end", "told"),
    [("yes", "done", "wrote x.csv"), ("no keep it", "declined", "declined this call: keep it")],
)
def test_approval_is_asked_at_the_prompt(terminal: Any, answer: str, end: str, told: str) -> None:
    terminal.sendline("from glm_notebook import tool")
    terminal.expect(r"In \[3\]: ")
    for line in (
        "@tool(approve=True)",
        "def guarded(path: str) -> str:",
        "    return 'wrote ' + path",
    ):
        terminal.sendline(line)
        terminal.expect(r"\.\.\.: ")
    terminal.sendline("")
    terminal.expect(r"In \[4\]: ")
    _ask(terminal, "%%glm", "guarded call")
    terminal.expect_exact("Run guarded? yes, always, or no (a reason may follow): ")
    terminal.sendline(answer)
    terminal.expect_exact(f"[{end}]")
    terminal.expect_exact(told)
    terminal.expect(r"In \[5\]: ")
