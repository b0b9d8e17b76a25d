"""What a streaming cell costs in a real JupyterLab in headless Chromium.

Each case is one cell that streams a paced answer from the simulator. Beside ours, the same answer is shown by the plain
way: the whole Markdown sent again at each token, by openai-python and `update_display`.
"""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, WebSocket, sync_playwright

from glm_notebook.simulator import Rule, Scenario, Simulator, Text
from tests.e2e.lab import FLAGS, KEY, Notebook, serve, write_notebook

SENTENCE = (
    "the model streams data into a cell with **bold** text and `code` and $x^2$ so that we see it. "
)
BLOCK = (
    "\n\n```python\nfor i in range(9):\n    print(i)\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
)
PARAGRAPH = SENTENCE * 3 + "\n\n"
PAGE = PARAGRAPH * 6 + BLOCK
OURS = ("%load_ext glm_notebook", "%%glm\n{prompt}")
PLAIN = (
    "from openai import AsyncOpenAI\nfrom IPython.display import display, Markdown\n"
    f"c = AsyncOpenAI(base_url='{{base_url}}', api_key='{KEY}')",
    "h = display(Markdown(''), display_id=True)\ns = ''\n"
    "async for chunk in await c.chat.completions.create(model='glm-5', stream=True,\n"
    "        messages=[{{'role': 'user', 'content': '{prompt}'}}]):\n"
    "    if chunk.choices:\n"
    "        delta = chunk.choices[0].delta\n"
    "        s += (getattr(delta, 'reasoning_content', None) or '') + (delta.content or '')\n"
    "        h.update(Markdown(s))",
)
WATCH = """() => { window.tasks = []; window.settledAt = Infinity; let shown = false;
    new PerformanceObserver(list => window.tasks.push(...list.getEntries()
        .map(e => [e.startTime + e.duration, e.duration]))).observe({entryTypes: ['longtask']});
    const look = now => { const live = document.querySelector('.glm-turn') !== null;
        if (shown && !live && window.settledAt === Infinity) window.settledAt = now;
        shown = shown || live; requestAnimationFrame(look); };
    requestAnimationFrame(look); }"""
LONGEST = """settling => Math.max(0, ...window.tasks
    .filter(([end]) => (end > window.settledAt - 100) === settling).map(([, took]) => took))"""
"""A task that ends within 100 ms before the frame that sees no live view has settled it."""


@dataclass(frozen=True)
class Case:
    """An answer of some length and pace, shown in some way."""

    name: str
    thinking: int
    answer: int
    rate: float
    cells: tuple[str, str] = OURS

    @property
    def prompt(self) -> str:
        return f"bench {self.thinking} {self.answer} {self.rate:g}"

    @property
    def ideal_s(self) -> float:
        return (self.thinking + self.answer) / self.rate

    @property
    def rule(self) -> Rule:
        thinking = Text(PARAGRAPH, tokens=self.thinking) if self.thinking else ""
        answer = Text(PAGE, tokens=self.answer)
        return Rule(
            self.prompt, thinking=thinking, answer=answer, tokens_per_s=self.rate, first_token_s=0
        )


CASES = (
    Case("ours, 2,000 tokens at 200/s", 0, 2000, 200),
    Case("plain, 2,000 tokens at 200/s", 0, 2000, 200, PLAIN),
    Case("ours, the largest turn at 1,000/s", 32_768, 16_384, 1000),
)
LIMIT_S = 180.0


@dataclass
class Received:
    """Bytes of the page's sockets."""

    count: int = 0
    sockets: list[WebSocket] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("websocket", lambda one: one.on("framereceived", self._add))

    def _add(self, frame: str | bytes) -> None:
        self.count += len(frame)


def _measure(browser: Browser, url_of: Simulator, case: Case) -> str:
    with tempfile.TemporaryDirectory() as work:
        folder, home = Path(work, "lab"), Path(work, "home")
        folder.mkdir()
        home.mkdir()
        names = {"prompt": case.prompt, "base_url": url_of.base_url}
        write_notebook(folder / "bench.ipynb", *(one.format(**names) for one in case.cells))
        with serve(folder, home, url_of.base_url) as server:
            page, received = browser.new_page(), Received()
            received.watch(page)
            book = Notebook(page, server, "bench.ipynb").open()
            book.run(0)
            page.wait_for_timeout(1000)
            page.evaluate(WATCH)
            row = _run(book, case, received)
            page.close()
    return row


def _run(book: Notebook, case: Case, received: Received) -> str:
    received.count = 0
    began = time.perf_counter()
    book.start(1)
    book.page.wait_for_function(
        """() => document.querySelectorAll('.jp-InputPrompt')[1].innerText.match(/\\d/)""",
        timeout=LIMIT_S * 1000,
    )
    late_s = time.perf_counter() - began - case.ideal_s
    sent = received.count
    book.page.wait_for_timeout(5000)
    streaming, settling = (book.page.evaluate(LONGEST, one) for one in (False, True))
    return (
        f"| {case.name} | {case.ideal_s:.1f} s | {late_s:+.2f} s | {streaming:.0f} ms "
        f"| {settling:.0f} ms | {sent / 1e6:.2f} MB |"
    )


def main() -> list[str]:
    """Measure, and return a Markdown table."""
    rows = [
        "| cell | ideal | cell's end after it | longest task while it streams | when it settles | to the page |",
        "|---|---|---|---|---|---|",
    ]
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with (
        Simulator(Scenario(rules=tuple(case.rule for case in CASES))) as simulator,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        rows += [_measure(browser, simulator, case) for case in CASES]
        browser.close()
    return rows


if __name__ == "__main__":
    print("\n".join(main()))
