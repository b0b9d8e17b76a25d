"""What the chat widget costs in a real JupyterLab in headless Chromium: long, many, large, stopped, deleted."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from benchmarks.lab import PAGE, PARAGRAPH
from glm_notebook.simulator import Rule, Scenario, Simulator, Text
from tests.e2e.lab import FLAGS, Notebook, serve, write_notebook

TURNS = 1000
LARGE_TURNS = 100
CHATS = 8
TOKENS, RATE = 2000, 200.0
LARGEST = (32_768, 16_384, 1000.0)
STOPS = 10
LIMIT_MS = 300_000

SCENARIO = Scenario(
    rules=(
        Rule("eight", answer=Text(PAGE, tokens=TOKENS), tokens_per_s=RATE, first_token_s=0),
        Rule(
            "largest",
            thinking=Text(PARAGRAPH, tokens=LARGEST[0]),
            answer=Text(PAGE, tokens=LARGEST[1]),
            tokens_per_s=LARGEST[2],
            first_token_s=0,
        ),
        Rule("stop me", answer=Text(PAGE, tokens=50_000), tokens_per_s=RATE, first_token_s=0),
    )
)
SETUP = f"""
from glm_notebook import AsyncClient, ChatWidget, Conversation
from glm_notebook.protocol.deltas import FinishDelta, TextDelta
class Canned(AsyncClient):
    "Answers at once: what is measured is the page."
    text = ""
    async def deltas(self, request):
        yield [TextDelta(self.text), FinishDelta("stop")]
canned = Canned("sk-bench", base_url="http://127.0.0.1:9/v1")
small, large = {PAGE!r}, {(PAGE * 60)!r}
"""
LONG = f"""
canned.text = small
talk = Conversation(canned)
for n in range({TURNS}):
    talk.ask_sync(f"question {{n}}")
"""
CHAT = "chat = ChatWidget()\nchat"
MANY = f"chats = [ChatWidget() for _ in range({CHATS})]\nfor one in chats:\n    display(one)"
TASKS = """() => { window.tasks = []; new PerformanceObserver(list => window.tasks.push(
    ...list.getEntries().map(e => e.duration))).observe({entryTypes: ['longtask']}); }"""
LONGEST = "() => Math.max(0, ...window.tasks)"
UNTIL = """([begin, script]) => new Promise(resolve => {
    const began = performance.now(), isSo = new Function('return ' + script);
    if (begin) new Function(begin)();
    const look = () => isSo() ? resolve(performance.now() - began) : requestAnimationFrame(look);
    requestAnimationFrame(look); })"""
"""Do something, and return after how many milliseconds a frame is drawn in which something is so."""
RUN = (
    "const app = window.jupyterapp; app.shell.currentWidget.content.activeCellIndex = {};"
    "app.commands.execute('notebook:run-cell');"
)
ENDED = (
    "document.querySelectorAll('.glm-chat').length === {0} && [...document.querySelectorAll('.glm-chat')].every("
    "one => {{ const all = one.querySelectorAll('.glm-footer'); return all.length > 0 && all[all.length - 1]"
    ".textContent.includes('stop') }})"
)


@contextmanager
def _opened(browser: Browser, simulator: Simulator, *cells: str) -> Iterator[Notebook]:
    """Open a notebook whose first cell has been run."""
    with tempfile.TemporaryDirectory() as work:
        folder, home = Path(work, "lab"), Path(work, "home")
        folder.mkdir()
        home.mkdir()
        write_notebook(folder / "bench.ipynb", SETUP, *cells)
        with serve(folder, home, simulator.base_url) as server:
            page = browser.new_page(viewport={"width": 1200, "height": 900})
            book = Notebook(page, server, "bench.ipynb").open()
            book.run(0)
            page.evaluate(TASKS)
            yield book
            page.close()


def _until(page: Page, script: str, begin: str = "") -> float:
    took: float = page.evaluate(UNTIL, [begin, script])
    return took


def _long(browser: Browser, simulator: Simulator) -> list[str]:
    """Open a chat of many turns, and type in it."""
    cells = (LONG, "ChatWidget(talk)")
    with _opened(browser, simulator, *cells) as book:
        book.run(1)
        took = _until(book.page, ENDED.format(1), RUN.format(2))
        longest = book.page.evaluate(LONGEST)
        book.page.wait_for_timeout(2000)
        book.page.evaluate("() => window.tasks.length = 0")
        book.page.locator(".glm-area").click()
        book.page.keyboard.type("Some words that are typed one after the other. " * 5, delay=20)
        typing = book.page.evaluate(LONGEST)
    return [
        f"| a chat of {TURNS:,} turns opens: cell run to the last answer drawn | ≤ 1.5 s "
        f"| {took / 1000:.2f} s (longest task {longest:.0f} ms) |",
        f"| typing in it, longest task | ≤ 50 ms | {typing:.0f} ms |",
    ]


def _many(browser: Browser, simulator: Simulator) -> list[str]:
    """Have several chats stream at once."""
    start = "for one in chats:\n    one.start('eight')"
    with _opened(browser, simulator, MANY, start) as book:
        book.run(1)
        expect(book.page.locator(".glm-area")).to_have_count(CHATS)
        took = _until(book.page, ENDED.format(CHATS), RUN.format(2))
        longest = book.page.evaluate(LONGEST)
    late = took / 1000 - TOKENS / RATE
    return [
        f"| {CHATS} chats at {RATE:.0f} tokens/s each: the last end after the ideal | ≤ 1 s "
        f"| {late:+.2f} s (longest task {longest:.0f} ms) |"
    ]


def _largest(browser: Browser, simulator: Simulator) -> list[str]:
    thinking, answer, rate = LARGEST
    with _opened(browser, simulator, CHAT, "chat.start('largest')") as book:
        book.run(1)
        expect(book.page.locator(".glm-area")).to_be_visible()
        took = _until(book.page, ENDED.format(1), RUN.format(2))
        book.page.wait_for_timeout(3000)
        longest = book.page.evaluate(LONGEST)
    late = took / 1000 - (thinking + answer) / rate
    return [
        f"| the largest turn at {rate:,.0f}/s in a chat: end after the ideal, longest task "
        f"| ≤ 1 s, ≤ 100 ms | {late:+.2f} s, {longest:.0f} ms |"
    ]


def _heap(page: Page) -> float:
    session = page.context.new_cdp_session(page)
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
        page.wait_for_timeout(300)
    used: Any = session.send("Runtime.getHeapUsage")["usedSize"]
    return float(used)


def _memory(browser: Browser, simulator: Simulator) -> list[str]:
    """Ask large turns, see them, and delete them again."""
    ask = f"canned.text = large\nfor _ in range({LARGE_TURNS}):\n    chat.start('go').wait()"
    delete = "for turn in list(chat.turns):\n    chat.delete(turn)"
    count = "document.querySelectorAll('.glm-exchange').length === {}"
    cells = (
        "chat = ChatWidget(Conversation(canned))\nchat",
        "canned.text = small\nchat.start('go').wait()\nchat.clear()",
    )
    with _opened(browser, simulator, *cells, ask, delete) as book:
        book.run(1)
        expect(book.page.locator(".glm-area")).to_be_visible()
        book.run(2)
        _until(book.page, count.format(0))
        before = _heap(book.page)
        book.start(3)
        book.page.set_default_timeout(LIMIT_MS)
        _until(book.page, count.format(LARGE_TURNS))
        expect(book.prompt(3)).to_have_text("[4]:", timeout=LIMIT_MS)
        full = _heap(book.page)
        book.run(4)
        _until(book.page, count.format(0))
        after = _heap(book.page)
    return [
        f"| heap of the page after {LARGE_TURNS} large turns were deleted, to before | ≤ 1.2 × "
        f"| {after / before:.2f} × ({before / 1e6:.0f}, {full / 1e6:.0f}, {after / 1e6:.0f} MB) |"
    ]


def _stops(browser: Browser, simulator: Simulator) -> list[str]:
    """Press Stop with the kernel free, and with a cell that blocks it."""
    busy = "import time\nwhile True:\n    time.sleep(0.05)"
    with _opened(browser, simulator, CHAT, busy) as book:
        book.run(1)
        expect(book.page.locator(".glm-area")).to_be_visible()
        book.page.wait_for_timeout(1000)
        rows = [_stop_row(book.page, "kernel free")]
        book.start(2)
        rows.append(_stop_row(book.page, "kernel busy"))
        book.command("notebook:interrupt-kernel")
    return rows


def _stop_row(page: Page, name: str) -> str:
    took = []
    for _ in range(STOPS):
        area = page.locator(".glm-area")
        area.fill("stop me")
        area.press("Enter")
        expect(page.locator(".glm-answer").last).to_contain_text("streams")
        page.wait_for_timeout(500)
        stopped = (
            "[...document.querySelectorAll('.glm-exchange')].at(-1).innerText.includes('Stopped')"
        )
        click = "document.querySelector('.glm-stop-chat').click();"
        took.append(_until(page, stopped, click))
    return (
        f"| Stop in a chat, click to the turn shown as stopped, {name} | ≤ 150 ms "
        f"| {statistics.median(took):.0f} ms, at most {max(took):.0f} ms |"
    )


def main() -> list[str]:
    """Measure, and return a Markdown table."""
    rows = ["| what | asked | measured |", "|---|---|---|"]
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with Simulator(SCENARIO) as simulator, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        for measure in (_long, _many, _largest, _memory, _stops):
            rows += measure(browser, simulator)
        browser.close()
    return rows


if __name__ == "__main__":
    print("\n".join(main()))
