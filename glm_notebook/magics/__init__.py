"""``%%glm`` and ``%glm``: what they parse, set and start. The only place that registers anything with IPython."""

from __future__ import annotations

from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any

from glm_notebook.magics.awaiting import Awaiting
from glm_notebook.magics.completion import complete
from glm_notebook.magics.magics import GLMMagics

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_NAME = "GLMMagics"


def load(shell: InteractiveShell) -> None:
    """Register the magics, their completion, and the transformer that lets a cell await its turn."""
    if _NAME in shell.magics_manager.registry:  # %reload_ext, or twice %load_ext
        unload(shell)
    magics = GLMMagics(shell)
    shell.register_magics(magics)
    magics.awaiting = Awaiting(shell)
    for name in ("%glm", "%%glm"):
        shell.set_hook("complete_command", complete, str_key=name)
    if hasattr(shell, "kernel"):
        Thread(target=_warm_up, daemon=True).start()


def _warm_up() -> None:
    """Import what the first cell needs and need not wait for: it takes 200 ms."""
    for name in ("sinks.live", "preflight", "tools.results"):
        import_module(f"glm_notebook.{name}")


def unload(shell: InteractiveShell) -> None:
    """Take away what `load` registered. Turns that run go on, and end by themselves."""
    manager = shell.magics_manager
    magics = manager.registry.pop(_NAME, None)
    if isinstance(magics, GLMMagics) and magics.awaiting is not None:
        magics.awaiting.remove()
    for kind in ("line", "cell"):
        manager.magics[kind].pop("glm", None)
    configurables: list[Any] = shell.configurables
    configurables[:] = [one for one in configurables if one is not magics]
    completers = shell.strdispatchers.get("complete_command")
    for name in ("%glm", "%%glm"):
        if completers is not None:
            completers.strs.pop(name, None)
