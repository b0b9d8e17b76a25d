from __future__ import annotations

import pickle

import pytest

from glm_notebook import credentials
from glm_notebook.credentials import Secret
from glm_notebook.errors import ConfigError

HOST = "dashscope.aliyuncs.com"
KEY = "sk-0123456789abcdef"


def test_a_login_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-environment")
    assert credentials.find(HOST) == Secret("sk-environment")
    assert credentials.source(HOST) == "DASHSCOPE_API_KEY"
    credentials.login(HOST, f"  {KEY}\n")
    assert credentials.find(HOST) == Secret(KEY)
    assert credentials.source(HOST) == "%glm login"
    credentials.logout(HOST)
    assert credentials.find(HOST) == Secret("sk-environment")


def test_a_login_is_for_its_host_alone() -> None:
    credentials.login(HOST, KEY)
    assert credentials.find("other.example") is None


@pytest.mark.parametrize("show", [repr, str, "{}".format, "{!r:>30}".format])
def test_a_secret_does_not_show_itself(show: object) -> None:
    assert callable(show)
    assert KEY not in show(Secret(KEY))


def test_a_secret_cannot_be_pickled() -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(Secret(KEY))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "is empty"),
        ("  \n", "is empty"),
        ("sk-a b", "white space"),
        ("sk-a\nb", "white space"),
        ("“sk-a”", "characters that no key has"),
    ],
)
def test_what_cannot_be_a_key_is_refused_without_showing_it(value: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        credentials.login(HOST, value)
    assert not value.strip() or value.strip() not in str(raised.value)


def test_the_keyring_is_only_asked_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "keyring", None)
    assert credentials.find(HOST) is None
    with pytest.raises(ConfigError, match="pip install 'glm-notebook\\[keyring\\]'"):
        credentials.login(HOST, KEY, keep=True)
