"""Tab completion of ``%%glm`` and ``%glm``."""

from __future__ import annotations

from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any, cast

from glm_notebook import endpoints
from glm_notebook.calling import MODES
from glm_notebook.magics.commands import COMMANDS
from glm_notebook.magics.options import OPTIONS, VIEWS
from glm_notebook.messages import EFFORTS

if TYPE_CHECKING:
    from glm_notebook.magics.magics import GLMMagics


def complete(shell: Any, event: Any) -> list[str]:
    """Return what may stand at the cursor: IPython's hook for ``complete_command``."""
    magics = cast("GLMMagics", shell.magics_manager.registry["GLMMagics"])
    words = event.line.split()
    before = words[:-1] if event.symbol and words and words[-1] == event.symbol else words
    if event.line.lstrip().startswith("%%"):
        return _starting(event.symbol, _cell_words(magics, before))
    return _starting(event.symbol, _line_words(magics, before[1:]))


def _starting(start: str, candidates: list[str]) -> list[str]:
    return [one for one in candidates if one.startswith(start)]


def _cell_words(magics: GLMMagics, before: list[str]) -> list[str]:
    last = before[-1] if before else ""
    values: dict[str, list[str]] = {
        "-m": _models(),
        "--model": _models(),
        "--chat": sorted(magics.conversations),
        "--view": list(VIEWS),
        "--effort": list(EFFORTS),
        "--system": _texts(magics),
        "-t": _functions(magics),
        "--tool": _functions(magics),
    }
    return values.get(last, list(OPTIONS))


def _line_words(magics: GLMMagics, before: list[str]) -> list[str]:
    if not before:
        return sorted(COMMANDS)
    values: dict[str, list[str]] = {
        "model": _models(),
        "models": ["listed"],
        "think": ["on", "off", "auto"],
        "view": list(VIEWS),
        "effort": [*EFFORTS, "auto"],
        "chat": sorted(magics.conversations),
        "endpoint": [*endpoints.names(), "test"],
        "protocol": list(endpoints.PROTOCOLS),
        "strict": ["on", "off"],
        "tools": ["add", "remove", "clear"],
        "approve": list(MODES),
        "login": ["--keyring"],
        "system": _texts(magics),
    }
    if before[:2] == ["tools", "add"]:
        return _functions(magics)
    if before[:2] == ["tools", "remove"]:
        return magics.tools()
    return values.get(before[0], []) if len(before) == 1 else []


def _functions(magics: GLMMagics) -> list[str]:
    """Return the functions that the user has defined, and the bound methods."""
    items = magics.shell.user_ns.items()
    return sorted(
        name
        for name, value in items
        if name[:1] != "_" and isinstance(value, FunctionType | MethodType)
    )


def _models() -> list[str]:
    """Return the ids that the documents describe. Any other is taken as well."""
    from glm_notebook import catalogue

    return [one.id for one in catalogue.models()]


def _texts(magics: GLMMagics) -> list[str]:
    """Return the variables of the user that hold text."""
    names = magics.shell.user_ns.items()
    return sorted(name for name, value in names if isinstance(value, str) and name[:1] != "_")
