"""The chat where it is not JupyterLab that shows it: Notebook 7, and Voilà."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from glm_notebook.simulator import Simulator
from tests.e2e.lab import SHOTS, Server, serve_voila, write_notebook
from tests.e2e.test_chat import ANSWERING, CHAT

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

SIMULATED = re.compile("I am the simulator")


def talk(view: Locator) -> None:
    """Ask, wait for the answer, and stop the next one."""
    area = view.get_by_role("textbox", name="Prompt", exact=True)
    area.fill("Who are you?")
    area.press("Enter")
    expect(view).to_contain_text(SIMULATED, timeout=30_000)
    expect(view.locator(".glm-footer").last).to_contain_text("stop", timeout=30_000)
    area.fill("go on for long")
    area.press("Enter")
    expect(view).to_contain_text(ANSWERING)
    area.press("Escape")
    expect(view).to_contain_text("Stopped")


def shot(page: Page, name: str) -> None:
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")


def run_by_keyboard(page: Page, index: int) -> None:
    page.locator(".jp-Notebook-cell .cm-content").nth(index).click()
    page.keyboard.press("Shift+Enter")
    expect(page.locator(".jp-InputPrompt").nth(index)).not_to_have_text("[ ]:")


def test_in_notebook_7_it_talks_while_a_cell_computes_and_is_kept_in_the_file(
    page: Page, server: Server
) -> None:
    path = server.folder / "in_notebook_7.ipynb"
    write_notebook(path, CHAT, "import time\nwhile True:\n    time.sleep(0.05)")
    page.goto(f"{server.url}/notebooks/{path.name}")
    status = page.locator(".jp-NotebookKernelStatus-fade")  # it fades when the kernel is there
    expect(status).to_have_text("", timeout=60_000)
    run_by_keyboard(page, 0)
    view = page.locator(".glm-chat")
    expect(view).to_be_visible(timeout=60_000)
    run_by_keyboard(page, 1)
    expect(page.locator(".jp-InputPrompt").nth(1)).to_have_text("[*]:")
    talk(view)
    expect(page.locator(".jp-InputPrompt").nth(1)).to_have_text("[*]:")
    shot(page, "chat-notebook7-light")
    for _ in range(20):
        view.locator(".glm-area").press("Control+s")
        page.wait_for_timeout(1000)  # what the page keeps can only be seen by saving
        kept = nbformat.read(path, 4).cells[0].outputs
        if len(kept) == 2 and "Stopped" in kept[1].data["text/markdown"]:
            break
    assert "I am the **simulator**" in kept[1].data["text/markdown"]
    assert "Stopped" in kept[1].data["text/markdown"]


@pytest.fixture
def voila(simulator: Simulator, tmp_path: Path) -> Iterator[Server]:
    folder, home = tmp_path / "folder", tmp_path / "home"
    folder.mkdir()
    with serve_voila(folder, home, simulator.base_url) as running:
        yield running


def test_in_voila_it_talks(page: Page, voila: Server) -> None:
    write_notebook(voila.folder / "app.ipynb", CHAT)
    page.goto(f"{voila.url}/voila/render/app.ipynb")
    view = page.locator(".glm-chat")
    expect(view).to_be_visible(timeout=60_000)
    talk(view)
    shot(page, "chat-voila-light")
