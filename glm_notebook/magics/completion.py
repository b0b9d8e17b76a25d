"""Tab completion of ``%%glm`` and ``%glm``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from glm_notebook import endpoints
from glm_notebook.magics.commands import COMMANDS
from glm_notebook.magics.options import OPTIONS, VIEWS

if TYPE_CHECKING:
    from glm_notebook.magics.magics import GLMMagics

MODELS = ("glm-5", "glm-4.7", "glm-4.6")
"""Ids that the service's page names (read 2026-03-15). Any other is taken as well."""


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
    values = {
        "-m": list(MODELS),
        "--model": list(MODELS),
        "--chat": sorted(magics.conversations),
        "--view": list(VIEWS),
        "--system": _texts(magics),
    }
    return values.get(last, list(OPTIONS))


def _line_words(magics: GLMMagics, before: list[str]) -> list[str]:
    if not before:
        return sorted(COMMANDS)
    values = {
        "model": list(MODELS),
        "think": ["on", "off", "auto"],
        "view": list(VIEWS),
        "chat": sorted(magics.conversations),
        "endpoint": list(endpoints.NAMES),
        "login": ["--keyring"],
        "system": _texts(magics),
    }
    return values.get(before[0], []) if len(before) == 1 else []


def _texts(magics: GLMMagics) -> list[str]:
    """Return the variables of the user that hold text."""
    names = magics.shell.user_ns.items()
    return sorted(name for name, value in names if isinstance(value, str) and name[:1] != "_")
