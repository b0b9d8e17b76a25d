"""What an object is, in a few words: ``DataFrame 120 × 4``, ``list of 12``, ``function``. Nothing is imported for it.

No code of the user runs: sizes are asked of Python's own containers and of libraries of arrays and tables alone.
"""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Mapping, Sequence
from types import (
    BuiltinFunctionType,
    FunctionType,
    MethodDescriptorType,
    MethodType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

FUNCTION, METHOD, PROPERTY = "function", "method", "property"

_SIZED: Mapping[type, str] = {
    str: "character",
    **dict.fromkeys((bytes, bytearray), "byte"),
    **dict.fromkeys((list, tuple, dict, set, frozenset, deque), ""),
}
"""Containers whose length is told, and what it counts where that is not plain."""
_NAMED: Mapping[type, str] = {
    ModuleType: "module",
    type: "class",
    **dict.fromkeys((FunctionType, BuiltinFunctionType), FUNCTION),
    **dict.fromkeys((MethodType, MethodDescriptorType, WrapperDescriptorType), METHOD),
    type(None): "None",
}
_LIBRARIES = {
    *("cupy", "dask", "geopandas", "jax", "jaxlib", "modin", "numpy", "pandas", "polars"),
    *("pyarrow", "scipy", "tensorflow", "torch", "xarray"),
}
_DTYPE_MAX = 30
"""Longest dtype that is told, in characters; one with fields can be as long as one likes."""
_NAME_MAX = 60


def kind_of(value: object) -> str:
    """Return what a value is: its class, and how large it is where that is known."""
    for cls, name in _NAMED.items():
        if issubclass(type(value), cls):  # isinstance would ask the object, which may be a proxy
            return name
    name = type(value).__name__[:_NAME_MAX]
    try:
        return _with_size(value, name)
    except Exception:  # of a library, whose object is half made or freed
        return name


def _with_size(value: Any, name: str) -> str:
    for cls, counted in _SIZED.items():
        if issubclass(type(value), cls):
            length = cls.__len__(value)  # type: ignore[attr-defined] # and not that of a subclass
            unit = f" {counted}{'s' * (length != 1)}" if counted else ""
            return f"{name} of {length:,}{unit}"
    if is_of_library(value):
        dtype = _dtype(value)
        return " ".join(filter(None, (name, _shape(value), dtype if dtype != name else "")))
    return name


def is_of_library(value: object) -> bool:
    """Return whether a value is an array or a table, or another object of the libraries of these."""
    modules = (str(base.__module__) for base in type(value).__mro__)
    return any(module.partition(".")[0] in _LIBRARIES for module in modules)


def _shape(value: Any) -> str:
    shape = value.shape if hasattr(type(value), "shape") else ()
    if not isinstance(shape, Sequence) or not all(isinstance(one, int) for one in shape):
        return ""
    return " × ".join(f"{one:,}" for one in shape)


def _dtype(value: Any) -> str:
    # Asked of the class first: a table gives a column of that name.
    dtype = str(value.dtype) if hasattr(type(value), "dtype") else ""
    return dtype.removeprefix("torch.") if len(dtype) <= _DTYPE_MAX else ""


def kind_of_member(value: object, name: str) -> str:
    """Return what an attribute is, without asking for it where that would run code; "" if there is no telling."""
    try:
        member = inspect.getattr_static(value, name)
    except AttributeError:  # one that the object makes when asked for it
        return ""
    if isinstance(member, staticmethod | classmethod):
        return METHOD
    kind = kind_of(member)
    is_of_module = issubclass(type(value), ModuleType)
    if kind in _NAMED.values():
        return METHOD if kind == FUNCTION and not is_of_module else kind
    if not hasattr(type(member), "__get__"):
        return kind
    if not callable(member):
        return PROPERTY
    return FUNCTION if is_of_module else METHOD
