"""The names that the service lets a tool have (protocol notes, 3.1)."""

from __future__ import annotations

import re
import unicodedata

from glm_notebook.errors import ToolError

MAX_LENGTH = 64
"""Characters."""
RESERVED = frozenset({"search"})
"""What the service answers with a 400, whatever the function does."""

_ALLOWED = re.compile(rf"[A-Za-z0-9_-]{{1,{MAX_LENGTH}}}")
_REFUSED = re.compile(r"[^A-Za-z0-9_-]+")


def check(name: str) -> None:
    """Raise a `ToolError` with a name that would do, unless the service takes this one."""
    if name in RESERVED:
        reason = "the service keeps it for itself"
    elif len(name) > MAX_LENGTH:
        reason = f"it has {len(name)} characters, and {MAX_LENGTH} is the most"
    elif not _ALLOWED.fullmatch(name):
        reason = "a name has ASCII letters, digits, _ and - only"
    else:
        return
    raise ToolError(
        f"A tool cannot be called {name!r}: {reason}.",
        f"Give it another name, such as @tool(name={suggestion(name)!r}).",
    )


def suggestion(name: str) -> str:
    """Return a name that the service takes, as close to the given one as there is."""
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    close = _REFUSED.sub("_", ascii_only).strip("_")[:MAX_LENGTH]
    if not close:
        return "my_tool"
    return f"{close}_notebook" if close in RESERVED else close


def of(function: object) -> str:
    """Return the name that a callable goes by: its own, or that of what a partial calls.

    Raises
    ------
    ToolError
        It has none: a lambda, or an object that can be called.
    """
    name = getattr(function, "__name__", None)
    if name is None and hasattr(function, "func"):
        return of(function.func)
    if not isinstance(name, str) or name == "<lambda>":
        kind = "A lambda" if name else f"An object of the class {type(function).__name__}"
        raise ToolError(
            f"{kind} has no name that a model could call it by.",
            "Give it one: Tool(…, name='what_it_does').",
        )
    return name
