"""API keys: where they come from, and how they stay out of everything that is shown or saved.

A key is looked for in this order: the constructor, `%glm login` (this process' memory), the environment,
the system keyring (only where `keyring` is installed and a key was put there by `%glm login --keyring`).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NoReturn

from glm_notebook.errors import ConfigError

KEY_VARIABLE = "DASHSCOPE_API_KEY"
KEYRING_SERVICE = "glm_notebook"

_logged_in: dict[str, Secret] = {}


class Secret:
    """A string that does not show itself: not in a repr, a traceback, a pickle or a trait.

    Parameters
    ----------
    value : str
        The key. White space around it, which a paste often brings, is dropped.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value.strip()

    def reveal(self) -> str:
        """Return the key, for the one place that puts it into a request header."""
        return self.__value

    def __repr__(self) -> str:
        return "Secret('••••')"

    def __str__(self) -> str:
        return "••••"

    def __format__(self, spec: str) -> str:
        return "••••"

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.__value == self.__value

    def __hash__(self) -> int:
        return hash(self.__value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key cannot be pickled or copied to disk")


def login(host: str, key: str, *, keep: bool = False) -> None:
    """Remember a key for a host in this process, and in the system keyring if asked.

    Parameters
    ----------
    host : str
        The endpoint's host, e.g. ``dashscope.aliyuncs.com``.
    key : str
        The key itself.
    keep : bool
        Also store it in the system keyring.

    Raises
    ------
    ConfigError
        The key is empty or cannot be a header's value, or there is no usable keyring.
    """
    secret = checked(key)
    _logged_in[host] = secret
    if keep:
        _keyring_call("set_password", host, secret.reveal())


def logout(host: str) -> None:
    """Forget what `login` remembered for a host, in memory and in the keyring."""
    _logged_in.pop(host, None)
    try:
        _keyring_call("delete_password", host)
    except ConfigError:
        return


def find(host: str, variables: Sequence[str] = (KEY_VARIABLE,)) -> Secret | None:
    """Look a key up for a host; None if there is none.

    Parameters
    ----------
    host : str
        The endpoint's host.
    variables : sequence of str
        Environment variables that may hold a key for it: a key is sent to no host but its own.
    """
    if host in _logged_in:
        return _logged_in[host]
    if name := _set_variable(variables):
        return checked(os.environ[name], source=f"{name} in the environment")
    return _from_keyring(host)


def source(host: str, variables: Sequence[str] = (KEY_VARIABLE,)) -> str:
    """Say where `find` gets the key from, for a status line: never the key."""
    if host in _logged_in:
        return "%glm login"
    return _set_variable(variables) or ("system keyring" if _from_keyring(host) else "none")


def _set_variable(variables: Sequence[str]) -> str:
    return next((name for name in variables if os.environ.get(name, "").strip()), "")


def checked(value: str, source: str = "the key") -> Secret:
    """Make a `Secret` of a string that can be sent as a header's value."""
    secret = Secret(value)
    text = secret.reveal()
    if not text:
        raise ConfigError(f"{source} is empty.", "Give one line of letters and digits.")
    if not text.isascii() or any(c.isspace() or not c.isprintable() for c in text):
        raise ConfigError(
            f"{source} holds white space or characters that no key has.",
            "Copy it again from the console, without quotes or line breaks.",
        )
    return secret


def _from_keyring(host: str) -> Secret | None:
    try:
        value = _keyring_call("get_password", host)
    except ConfigError:
        return None
    return Secret(value) if value else None


def _keyring_call(name: str, *arguments: str) -> Any:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise ConfigError(
            "The system keyring needs the package keyring, which is not installed.",
            "pip install 'glm-notebook[keyring]', or leave --keyring out.",
        ) from None
    try:
        return getattr(keyring, name)(KEYRING_SERVICE, *arguments)
    except KeyringError as error:
        raise ConfigError(
            f"The system keyring did not answer ({type(error).__name__}).",
            "Leave --keyring out to keep the key in this kernel's memory only.",
        ) from None
