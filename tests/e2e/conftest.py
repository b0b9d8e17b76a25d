"""A real JupyterLab in headless Chromium, with the simulator on the other side of the kernel."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from glm_notebook.simulator import Rule, Scenario, Simulator

KEY = "sk-e2e-0123456789abcdef"
ROOT = Path(__file__).parents[2]
SHOTS = ROOT / "test-artifacts"
START_S = 60.0
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip
LONG = "One line of an answer that goes on, with **bold** words and `code`.\n\n"

expect.set_options(timeout=20_000)

SCENARIO = Scenario(
    rules=(
        Rule(
            "go on for long",
            thinking="First I think about it for a while. " * 4,
            answer=LONG * 200,
            tokens_per_s=200,
            first_token_s=0.2,
        ),
        Rule(
            "half a minute",
            thinking="A short thought. ",
            answer=LONG * 60,
            tokens_per_s=100,
            first_token_s=0.2,
        ),
        Rule("say nothing", fault="stall:0"),
        Rule("break off", answer=LONG * 30, fault="cut:20"),
    ),
    tokens_per_s=50,
    first_token_s=0.3,
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        pytest.fail("Set CHROMIUM to the path of a Chromium or Chrome, or run: make browser-test")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    with Simulator(SCENARIO) as running:
        yield running


@dataclass
class Server:
    """JupyterLab, and the folder it serves."""

    url: str
    folder: Path


@pytest.fixture(scope="session")
def server(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("lab")
    home = tmp_path_factory.mktemp("home")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    quiet = home / "settings" / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True)
    (quiet / "notification.jupyterlab-settings").write_text(
        '{"fetchNews": "false", "checkForUpdates": false}'
    )
    env = {
        **os.environ,
        "DASHSCOPE_API_KEY": KEY,
        "DASHSCOPE_COMPATIBLE_BASE_URL": simulator.base_url,
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
        "--expose-app-in-browser", "--IdentityProvider.token=", "--ServerApp.password=",
        "--ServerApp.disable_check_xsrf=True",
        f"--ServerApp.root_dir={folder}",
    ]  # fmt: skip
    with (home / "lab.log").open("w") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(url, process, home / "lab.log")
            yield Server(url, folder)
        finally:
            process.terminate()
            process.wait(20)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/api/status", timeout=1):  # noqa: S310
                return
        except OSError:
            time.sleep(0.1)  # a poll of another process, which has no other way to tell
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


class Notebook:
    """A notebook that is open in a page."""

    def __init__(self, page: Page, server: Server, name: str) -> None:
        self.page = page
        self.path = server.folder / name
        self._url = f"{server.url}/doc/tree/{name}"

    def open(self, *, reset: bool = True) -> Notebook:
        """Go to the notebook, or load its page again."""
        self.page.goto(self._url + ("?reset" if reset else ""))
        self.page.wait_for_selector(".jp-Notebook-cell")
        self.page.wait_for_function(
            """() => { const panel = window.jupyterapp && window.jupyterapp.shell.currentWidget;
                const session = panel && panel.sessionContext && panel.sessionContext.session;
                return session && session.kernel && session.kernel.status === 'idle'
                    || session && session.kernel && session.kernel.status === 'busy'; }"""
        )
        return self

    def start(self, index: int) -> None:
        """Run a cell, without waiting for it."""
        self.page.evaluate(
            """i => { const app = window.jupyterapp;
                app.shell.currentWidget.content.activeCellIndex = i;
                app.commands.execute('notebook:run-cell'); }""",
            index,
        )

    def run(self, index: int) -> Locator:
        """Run a cell and wait for its end; return its output."""
        self.start(index)
        self.wait_for_end(index)
        return self.output(index)

    def wait_for_end(self, index: int) -> None:
        expect(self.prompt(index)).to_have_text(_NUMBERED, timeout=60_000)

    def prompt(self, index: int) -> Locator:
        return self.page.locator(".jp-Notebook-cell").nth(index).locator(".jp-InputPrompt")

    def output(self, index: int) -> Locator:
        return self.page.locator(".jp-Notebook-cell").nth(index).locator(".jp-OutputArea").first

    def view(self, index: int) -> Locator:
        """Return the live view in a cell's output."""
        return self.output(index).locator(".glm-turn")

    def command(self, name: str) -> None:
        self.page.evaluate("name => window.jupyterapp.commands.execute(name)", name)

    def save(self) -> Any:
        """Save, and return what the file holds then."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        return nbformat.read(self.path, 4)

    def shot(self, name: str) -> None:
        """Keep a picture of the page."""
        SHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png")


_NUMBERED = re.compile(r"\[\d+\]")

Open = Callable[..., Notebook]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    yield page
    context.close()


@pytest.fixture
def notebook(page: Page, server: Server, request: pytest.FixtureRequest) -> Open:
    """Make a notebook of some cells, or copy one of ours, and open it."""
    stem = "".join(c if c.isalnum() else "_" for c in request.node.name)

    def make(*cells: str, source: Path | None = None) -> Notebook:
        name = f"{stem}.ipynb"
        if source is not None:
            shutil.copy(source, server.folder / name)
        else:
            document = nbformat.v4.new_notebook(
                cells=[nbformat.v4.new_code_cell(one) for one in cells]
            )
            document.metadata.kernelspec = {
                "name": "python3", "display_name": "Python 3", "language": "python",
            }  # fmt: skip
            nbformat.write(document, server.folder / name)
        return Notebook(page, server, name).open()

    return make


def saved_text(path: Path) -> str:
    return json.dumps(json.loads(path.read_text("utf-8")), ensure_ascii=False)
