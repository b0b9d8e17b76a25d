"""What a tool prints and displays, caught for its own card, on whichever thread or task it runs.

`sys.stdout`, `sys.stderr` and the shell's display are replaced while any tool runs; what is written outside of a tool
goes where it would have gone.
"""

from __future__ import annotations

import base64
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, TypeAlias

from IPython.core.getipython import get_ipython

from glm_notebook.snapshot import Output

Emit: TypeAlias = Callable[[Output], None]

SHOWN = ("image/png", "image/jpeg", "image/svg+xml", "text/markdown", "text/plain")
"""What of a display is kept, the first that there is. HTML is none of it: a card shows no markup but its own."""

_emit: ContextVar[Emit | None] = ContextVar("glm_emit", default=None)
_lock = threading.Lock()
_running = 0
_restore: list[Callable[[], None]] = []


@contextmanager
def captured(emit: Emit) -> Iterator[None]:
    """Have what is printed and displayed emitted, by this context and what it starts."""
    _install()
    token = _emit.set(emit)
    try:
        yield
        _flush_figures()
    finally:
        _emit.reset(token)
        _uninstall()


def _install() -> None:
    global _running
    with _lock:
        _running += 1
        if _running == 1:
            _replace_streams()
            _replace_display()


def _uninstall() -> None:
    global _running
    with _lock:
        _running -= 1
        while not _running and _restore:
            _restore.pop()()


def _replace_streams() -> None:
    for name in ("stdout", "stderr"):
        original = getattr(sys, name)
        setattr(sys, name, _Stream(original))
        _restore.append(lambda name=name, original=original: setattr(sys, name, original))  # type: ignore[misc]


class _Stream:
    """A stream that knows whose text it is given."""

    def __init__(self, original: Any) -> None:
        self._original = original

    def write(self, text: str) -> int:
        emit = _emit.get()
        if emit is None:
            written: int = self._original.write(text)
            return written
        if text:
            emit({"mime": "text/plain", "data": text})
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


def _replace_display() -> None:
    publisher = getattr(get_ipython(), "display_pub", None)
    if publisher is None:
        return
    original = publisher.publish

    def publish(data: Mapping[str, Any], *args: Any, **kwargs: Any) -> None:
        emit = _emit.get()
        if emit is None:
            original(data, *args, **kwargs)
        elif (output := _output(data)) is not None:
            emit(output)

    publisher.publish = publish
    _restore.append(lambda: publisher.__dict__.pop("publish", None))


def _output(data: Mapping[str, Any]) -> Output | None:
    for mime in SHOWN:
        if mime in data:
            return {"mime": mime, "data": _text(data[mime])}
    return None


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return (
        value
        if isinstance(value, str)
        else "".join(map(str, value))
        if isinstance(value, list)
        else str(value)
    )


def _flush_figures() -> None:
    """Display what a tool has plotted: the inline backend would do so at the end of the cell, and not in the card."""
    if (
        "matplotlib.pyplot" not in sys.modules
        or threading.current_thread() is not threading.main_thread()
    ):
        return
    with suppress(Exception):  # a figure that cannot be drawn must not cost the tool's result
        from matplotlib_inline.backend_inline import flush_figures

        if "inline" in sys.modules["matplotlib"].get_backend().lower():
            flush_figures()  # type: ignore[no-untyped-call]
