"""Lets the outermost cell await its turn, although IPython awaits no magic.

A ``%%glm`` cell reaches Python as ``get_ipython().run_cell_magic('glm', …)``, and ``%glm retry`` or ``continue`` as a
like call. Where that is the whole cell and no other cell runs, it is rewritten to await, so that the kernel hears Stop
while the model answers. Inside ``%%time``, ``%%capture`` or a call from code, ``await`` is not possible, and the magic
blocks instead.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_MAGICS = "await get_ipython().magics_manager.registry['GLMMagics']"
_AWAITED = (
    (re.compile(r"get_ipython\(\)\.run_cell_magic\('glm', "), f"{_MAGICS}.glm_async("),
    (
        re.compile(r"get_ipython\(\)\.run_line_magic\('glm', '(?P<command>retry|continue) *'\)"),
        f"{_MAGICS}.{{command}}_async()",
    ),
)
"""What IPython has made of a cell, and what it becomes."""


class Awaiting:
    """An input transformer, and the count of running cells that it depends on."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._running = 0
        shell.input_transformers_post.append(self.transform)
        shell.events.register("pre_execute", self._on_start)
        shell.events.register("post_execute", self._on_end)
        # The cell that loads the extension is running, and its start was not heard.
        self._running = 1

    def remove(self) -> None:
        """Take the transformer and the callbacks away."""
        self._shell.input_transformers_post.remove(self.transform)
        self._shell.events.unregister("pre_execute", self._on_start)
        self._shell.events.unregister("post_execute", self._on_end)

    def transform(self, lines: list[str]) -> list[str]:
        """Rewrite a cell that is one ``%%glm``, or one ``%glm retry`` or ``continue``, and nothing else."""
        if self._running or len(lines) != 1 or not self._can_await:
            return lines
        for call, awaited in _AWAITED:
            if found := call.match(lines[0]):
                return [awaited.format(**found.groupdict()) + lines[0][found.end() :]]
        return lines

    @property
    def _can_await(self) -> bool:
        """Whether cells run in a loop that is there already: in a kernel, unless ``%autoawait`` is off."""
        return bool(self._shell.autoawait) and hasattr(self._shell, "kernel")

    def _on_start(self) -> None:
        self._running += 1

    def _on_end(self) -> None:
        self._running = max(0, self._running - 1)
