"""Serve a GGUF file on this machine, as llama.cpp's own server does.

Sources: ggml-org/llama.cpp, tools/server/README.md, and xorbitsai/xllamacpp, src/xllamacpp/server.cpp, read 2026-11;
what they leave open was measured with xllamacpp 2026.10.11549. `Server` returns once the model is loaded and
requests are answered, holds Python's global lock until then, sets no signal handler, and writes its log to
standard error.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import stat
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from glm_notebook._version import __version__
from glm_notebook.errors import ConfigError
from glm_notebook.local import gguf
from glm_notebook.local.server import API_PATH, DEFAULT_CONTEXT

_LOOPBACK = "127.0.0.1"
_WAKE_S = 0.5
_WARNINGS = 2
"""llama.cpp's own number for a log of warnings and errors."""
_PROMPT_CACHE_MIB = 1024
"""llama.cpp would fill 8 GiB with prompts of earlier turns, beside a notebook that needs memory too."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM, the base URL on the first line of standard output.

    Where standard input is a pipe, also only until it is closed or the parent ends: nobody else could stop a
    server whose notebook was killed.
    """
    options = parser().parse_args(arguments)
    parent = os.getppid() if _is_pipe(0) else None
    if parent is not None:
        # Jupyter interrupts the kernel's whole process group; that is meant for a cell, not for its model.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    output = _take_output()
    try:
        server = _serve(options)
    except (ConfigError, OSError) as error:
        sys.exit(str(error))
    except RuntimeError:
        sys.exit(1)  # llama.cpp's log has said why
    print(server.listening_address + API_PATH, file=output, flush=True)
    with suppress(KeyboardInterrupt):
        _wait(parent)
    os._exit(0)  # no answer that still runs is waited for, and there is nothing to save


def parser() -> argparse.ArgumentParser:
    """Return the options of the command."""
    command = argparse.ArgumentParser("python -m glm_notebook.local", description=__doc__)
    command.add_argument("--version", action="version", version=__version__)
    command.add_argument("path", type=Path, nargs="?", metavar="FILE.gguf")
    command.add_argument("--port", type=int, default=0, help="0 takes a free port (default)")
    command.add_argument(
        "--context",
        type=int,
        default=DEFAULT_CONTEXT,
        metavar="TOKENS",
        help=f"0 is all that the model was trained with (default: {DEFAULT_CONTEXT})",
    )
    command.add_argument(
        "--chat-template", type=Path, metavar="FILE", help="a Jinja template instead of the model's"
    )
    return command


def _is_pipe(descriptor: int) -> bool:
    try:
        return stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    except OSError:  # closed
        return False


def _take_output() -> TextIO:
    """Return standard output, and leave native code that writes to it the log instead."""
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return output


def _serve(options: argparse.Namespace) -> Any:
    path = gguf.choose(options.path)
    _require_free(options.port)
    import xllamacpp

    settings = xllamacpp.CommonParams()
    settings.model.path = str(path)
    settings.model_alias = {gguf.model_name(path)}
    settings.port = options.port
    settings.n_ctx = options.context
    settings.n_parallel = -1  # several turns at once, which share one context
    settings.cache_ram_mib = _PROMPT_CACHE_MIB
    # Without it, neither tools nor thinking are told apart from the answer.
    settings.use_jinja = True
    settings.cpuparams.n_threads = max(1, _cores() // 2)
    settings.verbosity = _WARNINGS
    settings.offline = True
    settings.ui = False
    settings.endpoint_slots = False  # it shows the prompts of others
    settings.cors_origins = "localhost"  # or any page that the browser has open could ask
    if options.chat_template is not None:
        settings.chat_template = options.chat_template.read_text(encoding="utf-8")
    return xllamacpp.Server(settings)


def _cores() -> int:
    """Return how many logical cores this process may use.

    Half of them are left to the kernel, which computes while a model answers: llama.cpp's threads wait for each other
    in a busy loop, so one that has to share its core stops all. Of two cores, with others at work, both gave a token
    in 0.5 s, and one in 0.05 s.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _require_free(port: int) -> None:
    try:
        socket.create_server((_LOOPBACK, port)).close()
    except (OSError, OverflowError):
        raise ConfigError(
            f"Port {port} cannot be had.", "Choose another with --port, or leave it out."
        ) from None


def _wait(parent: int | None) -> None:
    ended = threading.Event()
    if parent is not None:
        threading.Thread(target=_read_to_end, args=(ended,), daemon=True).start()
    # A process that the parent has forked keeps its end of the pipe open, so the parent is looked at too.
    while not ended.wait(_WAKE_S):
        if parent is not None and os.getppid() != parent:
            break


def _read_to_end(ended: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    ended.set()


if __name__ == "__main__":
    main()
