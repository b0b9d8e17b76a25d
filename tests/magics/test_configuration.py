from __future__ import annotations

import sys
from types import ModuleType

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from glm_notebook import credentials
from glm_notebook.magics import load, unload
from glm_notebook.magics.magics import GLMMagics


def test_a_configuration_file_sets_the_defaults_of_the_magics() -> None:
    config = Config()
    config.GLMMagics.model = "glm-4.7"
    config.GLMMagics.thinking = False
    shell = InteractiveShell(config=config)
    load(shell)
    magics = shell.magics_manager.registry["GLMMagics"]
    assert isinstance(magics, GLMMagics)
    assert (magics.model, magics.thinking) == ("glm-4.7", False)
    assert magics.settings()["model"] == "glm-4.7"
    unload(shell)
    assert "GLMMagics" not in shell.magics_manager.registry
    assert not shell.input_transformers_post


def test_a_key_is_kept_in_the_keyring_only_if_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[tuple[str, str], str] = {}
    keyring, errors = ModuleType("keyring"), ModuleType("keyring.errors")
    errors.KeyringError = RuntimeError  # type: ignore[attr-defined]
    keyring.set_password = lambda s, h, k: kept.update({(s, h): k})  # type: ignore[attr-defined]
    keyring.get_password = lambda s, h: kept.get((s, h))  # type: ignore[attr-defined]
    keyring.delete_password = lambda s, h: kept.pop((s, h))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)

    credentials.login("glm.example", "sk-memory")
    assert not kept
    credentials.login("glm.example", "sk-kept", keep=True)
    assert list(kept.values()) == ["sk-kept"]
    credentials._logged_in.clear()  # as in a new kernel
    assert credentials.source("glm.example") == "system keyring"
    credentials.logout("glm.example")
    assert credentials.source("glm.example") == "none"
