"""TOML, from the standard library or, before Python 3.11, from its backport; and dataclasses of what it holds."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from importlib import import_module
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
Path = tuple[str, ...]


def loads(text: str) -> dict[str, Any]:
    """Parse a document.

    Raises
    ------
    ValueError
        It is no TOML.
    """
    toml = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    parsed: dict[str, Any] = toml.loads(text)
    return parsed


def read(cls: type[T], data: Any, path: Path) -> T:
    """Make an instance of a dataclass.

    Parameters
    ----------
    cls : type
        A dataclass whose fields are text, numbers, booleans, `Any`, sequences and mappings of them,
        or dataclasses.
    data : Any
        As it was parsed.
    path : tuple of str
        Where in the file it stands, for errors.

    Raises
    ------
    ValueError
        If a key is unknown or missing, or a value is of the wrong kind.
    """
    hints = get_type_hints(cls)
    required = [f.name for f in fields(cls) if _is_required(f)]  # type: ignore[arg-type]
    for name in data:
        if name not in hints:
            raise _error(path, f"there is no key {name!r}, only {', '.join(hints)}")
    for name in required:
        if name not in data:
            raise _error(path, f"the key {name!r} is missing")
    values = {name: _value(hints[name], value, (*path, name)) for name, value in data.items()}
    try:
        return cls(**values)
    except ValueError as error:
        raise _error(path, str(error)) from None


def _is_required(field: Any) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _error(path: Path, what: str) -> ValueError:
    return ValueError(f"{', '.join(path)}: {what}")


def _value(hint: Any, value: Any, path: Path) -> Any:
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    for option in options:
        if _fits(option, value):
            return _converted(option, value, path)
    wanted = " or ".join(_name(option) for option in options if option is not NoneType)
    raise _error(path, f"{value!r} should be {wanted}")


def _fits(hint: Any, value: Any) -> bool:
    """Tell whether a value is of a kind, whatever is inside it."""
    if hint is Any:
        return True
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    kind = _kind(hint)
    if isinstance(value, bool) and kind is not bool:  # which Python takes for a number
        return False
    return isinstance(value, int | float if kind is float else kind)


def _kind(hint: Any) -> Any:
    if is_dataclass(hint):
        return dict
    return {Sequence: list, Mapping: dict}.get(get_origin(hint), hint)


def _converted(hint: Any, value: Any, path: Path) -> Any:
    if is_dataclass(hint):
        return read(hint, value, path)  # type: ignore[arg-type]
    if get_origin(hint) is Sequence:
        (inner,) = get_args(hint)
        *above, name = path
        return tuple(
            _value(inner, one, (*above, f"{name} #{n}")) for n, one in enumerate(value, start=1)
        )
    if get_origin(hint) is Mapping:
        _, inner = get_args(hint)
        return {key: _value(inner, one, (*path, key)) for key, one in value.items()}
    return value


def _name(hint: Any) -> str:
    """Return what a kind is called in an error."""
    if get_origin(hint) is Literal:
        return repr(get_args(hint)[0])
    names = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
    return names.get(hint) or {list: "a list", dict: "a table"}[_kind(hint)]
