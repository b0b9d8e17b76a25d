"""Where the code of a user runs.

With IPython that is one place for the whole process. In marimo each notebook has a thread, an event loop and globals
of its own, and a process that serves apps runs one notebook for each visitor, who must not see another's variables.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from glm_notebook.runner import namespace_of_the_user, running_loop, shell_of_the_user


class Home:
    """The place of the code that makes this object, as far as it is not the process' only one.

    Attributes
    ----------
    loop : AbstractEventLoop or None
        Calls functions on the thread of the user. None with IPython, whose own loop does.
    """

    def __init__(self) -> None:
        has_shell = shell_of_the_user() is not None
        self.loop = None if has_shell else running_loop()
        self._globals = None if has_shell else _globals_of_the_caller()

    @property
    def namespace(self) -> Mapping[str, Any]:
        """The variables of the user."""
        return namespace_of_the_user() if self._globals is None else self._globals


def _globals_of_the_caller() -> Mapping[str, Any] | None:
    """Return the globals of the nearest code of a notebook or a script. Of a module by that name, there may be many."""
    frame = sys._getframe()
    while frame is not None and frame.f_globals.get("__name__") != "__main__":
        frame = frame.f_back  # type: ignore[assignment]
    return None if frame is None else frame.f_globals
