"""Values as JSON: which are an array, an object, a text or a word of it, looked at no further than one level.

Classes of libraries are known by their names, so that nothing is imported. What repr leaves out of a dataclass or a
pydantic model is left out here as well.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import (
    Callable,
    ItemsView,
    Iterable,
    KeysView,
    Mapping,
    Sequence,
    Set,
    ValuesView,
)
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from types import MappingProxyType, NoneType
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from glm_notebook.tools.results.registry import dotted_names
from glm_notebook.tools.results.reprs import describe_error, safe_repr

SORTED_MAX = 100_000
"""Items of a set that is sorted: to sort, all have to be looked at."""
_INT_BITS_MAX = 14_000
"""Python writes no integer above 4,300 digits unless it is told to (`sys.set_int_max_str_digits`)."""


@dataclass(frozen=True, slots=True)
class Word:
    """A number, ``true``, ``false`` or ``null``; or what no JSON says, such as that something could not be read."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A text, which JSON puts in quotes."""

    text: str


@dataclass(frozen=True, slots=True)
class Array:
    """Values in an order."""

    count: int
    items: Iterable[object]


@dataclass(frozen=True, slots=True)
class Object:
    """Values by names."""

    count: int
    items: Iterable[tuple[str, object]]


Shape = Word | Text | Array | Object
Reader = Callable[[Any], "Shape | None"]

_found: WeakKeyDictionary[type, Reader] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for the rest of a container that raised when it was read."""

    reason: str


def shape(value: object) -> Shape | None:
    """Return what a value is as JSON, or `None` where it is no data.

    NaN and the infinities are the texts ``NaN``, ``Infinity`` and ``-Infinity``, as in the JSON of protocol buffers:
    ``null`` would make a missing value of them, and bare they would be no JSON.
    """
    cls = type(value)
    reader = _found.get(cls)
    if reader is None:
        reader = _found[cls] = _reader(cls)
    try:
        return reader(value)
    except Exception:  # of a subclass that says nonsense of its length, or has no text
        return None


def _reader(cls: type) -> Reader:
    for base in cls.__mro__:
        keys: list[type | str] = [base, *dotted_names(base)]
        for key in keys:
            if key in _READERS:
                return _READERS[key]
    return _by_structure


def _by_structure(value: Any) -> Shape | None:
    cls = type(value)
    if hasattr(cls, "__dataclass_fields__"):
        return _attributes(value, [field.name for field in fields(value) if field.repr])
    if issubclass(cls, Mapping):
        return _object(value)
    if issubclass(cls, Set):
        return _set(value)
    if issubclass(cls, Sequence):
        return _array(value)
    return None


def _array(value: Sequence[object]) -> Array:
    return Array(len(value), _guarded(value))


def _tuple(value: Any) -> Shape:
    names = getattr(type(value), "_fields", None)  # of a named tuple
    if isinstance(names, tuple) and len(names) == len(value):
        return Object(len(names), zip(map(str, names), value, strict=True))
    return _array(value)


def _set(value: Set[Any]) -> Array:
    if len(value) > SORTED_MAX:
        return Array(len(value), _guarded(value))
    try:
        return Array(len(value), sorted(value))
    except Exception:
        return Array(
            len(value), sorted(value, key=lambda item: (type(item).__name__, safe_repr(item)))
        )


def _object(value: Mapping[object, object]) -> Object:
    return Object(len(value), _named_items(value))


def _named_items(value: Mapping[object, object]) -> Iterable[tuple[str, object]]:
    for item in _guarded(value.items()):
        if isinstance(item, Unreadable):
            yield ELSE, item
        else:
            key, content = item
            yield key_text(key), content


ELSE = "…"
"""The name under which stands what went wrong."""


def _guarded(values: Iterable[Any]) -> Iterable[Any]:
    """Yield values; where that raises, why there are no more of them."""
    try:
        yield from values
    except Exception as error:
        yield Unreadable(describe_error(error))


def key_text(key: object) -> str:
    """Return the name that a key becomes in JSON."""
    found = None if isinstance(key, Array | Object) else shape(key)
    return found.text if isinstance(found, Word | Text) else safe_repr(key)


def _attributes(value: object, names: list[str]) -> Object:
    return Object(len(names), ((name, _attribute(value, name)) for name in names))


def _attribute(value: object, name: str) -> object:
    try:
        return getattr(value, name)
    except Exception as error:  # a field that was never set, a property that raises
        return Unreadable(describe_error(error))


def _model(value: Any) -> Object:
    """Read a model of pydantic: its fields, and what it was given besides."""
    known = type(value).model_fields
    names = [name for name, field in known.items() if field.repr and not field.exclude]
    return _attributes(value, [*names, *(getattr(value, "__pydantic_extra__", None) or ())])


def _enum(value: Enum) -> Shape:
    return shape(value.value) or Text(value.name)


def _int(value: int) -> Word | Text:
    if value.bit_length() > _INT_BITS_MAX:
        return Text(f"an integer of about {int(value.bit_length() * math.log10(2)):,} digits")
    return Word(int.__repr__(value))


def _float(value: float) -> Word | Text:
    return Word(float.__repr__(value)) if math.isfinite(value) else _not_finite(value)


def _not_finite(value: float) -> Text:
    return Text("NaN" if value != value else "Infinity" if value > 0 else "-Infinity")


def _numpy_scalar(value: Any) -> Shape | None:
    kind = value.dtype.kind
    if (
        kind == "f"
    ):  # not by way of Python's float: numpy's single precision has fewer digits of its own
        return Word(str(value)) if math.isfinite(value) else _not_finite(value)
    if kind in "biu":
        return shape(value.item())
    return shape(value.item()) if kind == "V" else Text(str(value))


def _as_text(value: object) -> Text:
    return Text(str(value))


def _null(value: object) -> Word:
    return Word("null")


_READERS: Mapping[type | str, Reader] = {
    NoneType: _null,
    "pandas.NAType": _null,
    "pandas.NaTType": _null,
    bool: lambda value: Word("true" if value else "false"),
    int: _int,
    float: _float,
    str: lambda value: Text(str.__str__(value)),
    Enum: _enum,
    datetime: lambda value: Text(value.isoformat()),
    date: lambda value: Text(value.isoformat()),
    time: lambda value: Text(value.isoformat()),
    **dict.fromkeys((timedelta, Decimal, Fraction, complex, UUID, PurePath), _as_text),
    list: _array,
    deque: _array,
    range: _array,
    tuple: _tuple,
    **dict.fromkeys((set, frozenset), _set),
    **dict.fromkeys((dict, MappingProxyType), _object),
    **dict.fromkeys((type({}.keys()), type({}.values()), type({}.items())), _array),
    **dict.fromkeys((KeysView, ValuesView, ItemsView), _array),
    **dict.fromkeys(("pandas.Interval", "pandas.Period"), _as_text),
    Unreadable: lambda value: Word(f"… not readable: {value.reason}"),
    "numpy.generic": _numpy_scalar,
    "pyarrow.Scalar": lambda value: shape(value.as_py()),
    "pydantic.BaseModel": _model,
}
PLAIN: tuple[type, ...] = tuple(key for key in _READERS if isinstance(key, type))
"""The classes of Python that are data: what is registered for `object` does not stand for them."""
