"""What there is to show an answer in, told from the request that runs the cell."""

from __future__ import annotations

import locale
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def view_of(shell: InteractiveShell) -> str:
    """Choose a view: ``widget``, ``markdown`` or ``text``.

    A notebook page (JupyterLab, Notebook 7, VS Code) names the cell in its request. A console does not, but can be
    asked for input. What does neither runs a notebook unattended (nbclient, papermill, nbconvert, Voilà): there a
    widget would be saved, and show nothing later.
    """
    parent = _request(shell)
    if parent is None:
        return "text"
    metadata, content = parent.get("metadata") or {}, parent.get("content") or {}
    if "cellId" in metadata or "COLAB_RELEASE_TAG" in os.environ:
        return "widget"
    return "text" if content.get("allow_stdin") else "markdown"


def is_voila() -> bool:
    """Tell whether Voilà runs the notebook: unattended, and then for a page, which shows its widgets."""
    return any(name.startswith("VOILA_") for name in os.environ)


def _request(shell: InteractiveShell) -> Mapping[str, Any] | None:
    """Return the request that the kernel is at; None without a kernel."""
    kernel = getattr(shell, "kernel", None)
    parent = kernel.get_parent("shell") if kernel is not None else None
    return parent if isinstance(parent, Mapping) else ({} if kernel is not None else None)


def language_of() -> str:
    """Return the language of the kernel's locale, where no page has told its own."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return value.partition(".")[0].replace("_", "-")
    return (locale.getlocale()[0] or "en").replace("_", "-")
