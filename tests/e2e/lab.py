"""JupyterLab as a person has it, for the browser tests and the benchmarks: a server, and a notebook in a page."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Locator, Page, expect

KEY = "sk-e2e-0123456789abcdef"
ROOT = Path(__file__).parents[2]
SHOTS = ROOT / "test-artifacts"
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip
_START_S = 60.0
_NUMBERED = re.compile(r"\[\d+\]")


@dataclass
class Server:
    """JupyterLab, and the folder it serves."""

    url: str
    folder: Path


@contextmanager
def serve(folder: Path, home: Path, base_url: str) -> Iterator[Server]:
    """Run JupyterLab, which serves Notebook 7 too, with settings of its own, its kernels pointed at a base URL."""
    port = _free_port()
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
        "--expose-app-in-browser", "--IdentityProvider.token=", "--ServerApp.password=",
        "--ServerApp.disable_check_xsrf=True", f"--ServerApp.root_dir={folder}",
    ]  # fmt: skip
    with _running(command, f"http://127.0.0.1:{port}", "/api/status", home, base_url) as url:
        yield Server(url, folder)


@contextmanager
def serve_voila(folder: Path, home: Path, base_url: str) -> Iterator[Server]:
    """Run Voilà, as `serve` runs JupyterLab."""
    port = _free_port()
    command = [
        sys.executable, "-m", "voila", str(folder), "--no-browser", f"--port={port}",
        "--Voila.ip=127.0.0.1", "--show_tracebacks=True",
    ]  # fmt: skip
    with _running(command, f"http://127.0.0.1:{port}", "/voila/tree", home, base_url) as url:
        yield Server(url, folder)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def _running(command: list[str], url: str, ready: str, home: Path, base_url: str) -> Iterator[str]:
    """Run a server in a home of its own until it answers, and then until it is no longer wanted."""
    quiet = home / "settings" / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True)
    (quiet / "notification.jupyterlab-settings").write_text(
        '{"fetchNews": "false", "checkForUpdates": false}'
    )
    env = {
        **os.environ,
        "DASHSCOPE_API_KEY": KEY,
        "DASHSCOPE_COMPATIBLE_BASE_URL": base_url,
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    with (home / "server.log").open("w") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
        try:
            _wait_for(f"{url}{ready}", process, home / "server.log")
            yield url
        finally:
            process.terminate()
            process.wait(20)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - loopback
                return
        except OSError:
            time.sleep(0.1)  # a poll of another process, which has no other way to tell
    raise AssertionError(f"The server did not start:\n{log.read_text()[-3000:]}")


def write_notebook(path: Path, *cells: str) -> None:
    """Write a notebook of code cells."""
    document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
    document.metadata.kernelspec = {
        "name": "python3", "display_name": "Python 3", "language": "python",
    }  # fmt: skip
    nbformat.write(document, path)


class Notebook:
    """A notebook that is open in a page."""

    def __init__(self, page: Page, server: Server, name: str) -> None:
        self.page = page
        self.server = server
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
