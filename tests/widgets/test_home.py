"""Where a chat finds the variables of its user when there is no IPython."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from glm_notebook.home import Home


def made_by(module: str) -> Home:
    """Make a home in the code of a module by some name."""
    names = {"__name__": module, "Home": Home, "rows": [1, 2, 3]}
    exec("home = Home()", names)  # noqa: S102 - the code is the test's
    home = names["home"]
    assert isinstance(home, Home)
    return home


def test_without_ipython_it_is_the_code_that_made_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython", ModuleWithoutShell("IPython"))
    assert made_by("__main__").namespace["rows"] == [1, 2, 3]
    assert made_by("__main__").namespace is not made_by("__main__").namespace


class ModuleWithoutShell(ModuleType):
    def get_ipython(self) -> None:
        return None


def test_without_a_loop_nothing_is_called_on_one() -> None:
    assert made_by("__main__").loop is None
