"""What runs when a callable is called, and what a model has to give for it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from glm_notebook.errors import ToolError

Function = Callable[..., Any]
EMPTY: Any = inspect.Parameter.empty
"""The default of a parameter that has none, and the hint of one that has none."""


class UnresolvedHint(ToolError):
    """A hint names what is not there (yet)."""


def called(function: Function) -> Function:
    """Return the function that a method, a partial or an object that can be called comes down to."""
    while isinstance(function, functools.partial):
        function = function.func
    inner: Any = function if inspect.isroutine(function) else type(function).__call__
    method: Function = getattr(inner, "__func__", inner)
    return method


def written(function: Function) -> Function:
    """Return the function that was written: as `called`, without decorators that keep its signature."""
    inner: Function = inspect.unwrap(called(function))
    return inner


def is_unbound(function: Function) -> bool:
    """Tell a method that was taken from its class, and lacks the object, from a function."""
    if not inspect.isfunction(function):
        return False
    owner = function.__qualname__.rpartition(".")[0]
    first = function.__code__.co_varnames[:1]
    return first == ("self",) and bool(owner) and not owner.endswith("<locals>")


def parameters(function: Function, name: str) -> list[inspect.Parameter]:
    """Return what a call may give by name, in order: without ``self``, and without what a partial has bound.

    ``**kwargs`` is left out: a schema cannot name what it takes, and the function works without.

    Parameters
    ----------
    function : callable
    name : str
        Of the tool, for the errors.

    Raises
    ------
    ToolError
        The function takes ``*args``, or does not tell its parameters.
    """
    if is_unbound(function):
        raise ToolError(
            f"The tool {name} is a method without its object.",
            f"Give the method of an object: its_object.{name}.",
        )
    bound = set(_bound(function))
    return [
        _checked(one, name)
        for one in _signature(function, name).parameters.values()
        if one.kind is not one.VAR_KEYWORD and one.name not in bound
    ]


def _signature(function: Function, name: str) -> inspect.Signature:
    try:
        return inspect.signature(function)
    except NameError as error:  # Python 3.14 evaluates hints here
        raise UnresolvedHint(
            f"A hint of the tool {name} cannot be read: {error}.",
            "Define or import it before the tool is registered.",
        ) from None
    except (ValueError, TypeError):
        raise ToolError(
            f"The tool {name} does not tell its parameters, as many functions written in C.",
            "Wrap it in a function of your own, with hints.",
        ) from None


def _checked(parameter: inspect.Parameter, name: str) -> inspect.Parameter:
    if parameter.kind is not parameter.VAR_POSITIONAL:
        return parameter
    raise ToolError(
        f"The tool {name} takes *{parameter.name}, which a model cannot give.",
        f"Take a list instead: def {name}({parameter.name}: list[str]).",
    )


def _bound(function: Function) -> Iterator[str]:
    while isinstance(function, functools.partial):
        yield from function.keywords
        function = function.func
