"""The repr of any object, whatever it does: it may raise, and it may name addresses."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Iterator

_ADDRESS = re.compile(r"\s+at 0x[0-9A-Fa-f]+|\b0x[0-9A-Fa-f]{9,16}\b")
"""What `object.__repr__` writes, and other numbers as long as an address of a 64-bit machine: 0x1000000d0 at least."""


def class_name(value: object) -> str:
    """Return the name of an object's class, with its module where that says something."""
    cls = type(value)
    return (
        cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
    )


def describe_error(error: Exception) -> str:
    """Return an exception's class and message, in one line."""
    try:
        message = " ".join(str(error).split())
    except Exception:  # of a message that is made when it is asked for
        message = ""
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def safe_repr(value: object) -> str:
    """Return an object's repr without addresses, which differ in each run; if it fails, a text that says so."""
    try:
        return _ADDRESS.sub("", repr(value))
    except Exception as error:
        return f"<{class_name(value)}, whose repr failed: {describe_error(error)}>"


def describe(value: object) -> str:
    """Return what can be said of an object that is no data: its repr, unless that says nothing.

    An iterator is not consumed and a coroutine not awaited: somebody else may want what they give.
    """
    cls = type(value)
    if issubclass(cls, Awaitable):
        return f"<{_named(value)}, not awaited>"
    if issubclass(cls, Iterator | AsyncIterator):
        return f"<{_named(value)}, not consumed: nothing was read from it. A list of its items can be shown.>"
    return safe_repr(value)


def _named(value: object) -> str:
    """Return the class of a generator or coroutine with the name of its function."""
    name = getattr(value, "__qualname__", None)
    return f"{class_name(value)} {name}" if isinstance(name, str) else class_name(value)
