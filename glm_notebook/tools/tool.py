"""A callable that a model may ask for, and the decorator that marks one."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar, overload

from glm_notebook.errors import ToolError
from glm_notebook.messages import ToolSpec
from glm_notebook.tools import arguments, callables, docstrings, names, schema
from glm_notebook.tools.callables import Function

F = TypeVar("F", bound=Function)

MARK = "__glm_tool__"
"""Attribute of a function that `tool` has marked: the settings that it was given."""


@dataclass(frozen=True)
class Tool:
    """A callable that a model may ask for.

    Parameters
    ----------
    function : callable
        A function, a method of an object, a partial, an object that can be called; async or not.
    name : str
        What the model calls it: ASCII letters, digits, ``_`` and ``-``, 64 at most. By default the function's own.
    description : str
        What the model knows of it. By default the first paragraph of the docstring.
    approve : bool
        Whether every call has to be approved before it runs.
    thread : bool
        Whether it runs on a thread of its own, not on the kernel's main thread.
    timeout_s : float or None
        How long a call may take, in seconds.

    Raises
    ------
    ToolError
        The service does not take the name, or there is none.
    """

    function: Function
    name: str = ""
    description: str = ""
    approve: bool = False
    thread: bool = False
    timeout_s: float | None = None

    def __post_init__(self) -> None:
        if not callable(self.function) or isinstance(self.function, type):
            raise _not_callable(self.function)
        if self.timeout_s is not None and not self.timeout_s > 0:
            raise ToolError(f"timeout_s is {self.timeout_s}.", "Give seconds above 0, or None.")
        self._default("name", self.name or names.of(self.function))
        self._default("description", self.description or self._docs.summary)
        names.check(self.name)

    def _default(self, field: str, value: str) -> None:
        object.__setattr__(self, field, value)  # frozen, but for what follows from the function

    @classmethod
    def of(cls, one: Any, **changes: Any) -> Tool:
        """Return a tool for anything that can be one.

        Parameters
        ----------
        one : callable or Tool
            With the settings of its own, if it is a tool already or was marked by `tool`.
        **changes
            Settings that go before those: the fields of `Tool`.

        Raises
        ------
        ToolError
            It cannot be called, or the service does not take its name.
        """
        if isinstance(one, Tool):
            return dataclasses.replace(one, **changes)
        if not callable(one):
            raise _not_callable(one)
        return cls(one, **{**settings_of(one), **changes})

    @cached_property
    def _docs(self) -> docstrings.Docs:
        return docstrings.read(callables.written(self.function).__doc__)

    @cached_property
    def schema(self) -> schema.Schema:
        """What the function takes.

        Raises
        ------
        ToolError
            A model could never call it; see `schema.schema_of`.
        """
        return schema.schema_of(self.function, self.name, self._docs.parameters)

    @property
    def is_async(self) -> bool:
        """Whether calling it gives a coroutine."""
        return inspect.iscoroutinefunction(callables.called(self.function))

    def spec(self) -> ToolSpec:
        """Return what the model is told.

        Raises
        ------
        ToolError
            As for `schema`.
        """
        return ToolSpec(self.name, self.description, self.schema.json)

    def bind(self, text: str) -> arguments.Call:
        """Read a model's arguments.

        Parameters
        ----------
        text : str
            JSON, as the model wrote it.

        Raises
        ------
        ArgumentError
            They do not fit; the message is for the model.
        """
        return arguments.bind(text, self.schema, self.name)


def _not_callable(one: object) -> ToolError:
    if isinstance(one, type):
        return ToolError(
            f"{one.__name__} is a class.",
            "Give a function that makes one, or a method of an object.",
        )
    return ToolError(f"A {type(one).__name__} cannot be called.", "Give a function.")


def settings_of(one: object) -> Mapping[str, Any]:
    """Return the settings that `tool` has marked a callable with; none if it has not."""
    mark = getattr(one, MARK, None)
    if mark is None and hasattr(one, "func"):
        return settings_of(one.func)
    return mark if isinstance(mark, dict) else {}


@overload
def tool(function: F, /) -> F: ...
@overload
def tool(
    function: F,
    /,
    *,
    name: str = ...,
    description: str = ...,
    approve: bool = ...,
    thread: bool = ...,
    timeout_s: float | None = ...,
) -> F: ...
@overload
def tool(
    *,
    name: str = ...,
    description: str = ...,
    approve: bool = ...,
    thread: bool = ...,
    timeout_s: float | None = ...,
) -> Callable[[F], F]: ...
def tool(function: Any = None, /, **settings: Any) -> Any:
    """Mark a function as a tool: ``@tool``, or ``@tool(name=…, approve=True, thread=True, timeout_s=30)``.

    The function itself is returned, and is called as before. One that a model could not call is refused here, in the
    cell that defines it.

    Parameters
    ----------
    function : callable
    **settings
        The fields of `Tool`.

    Raises
    ------
    ToolError
        As for `Tool` and its `schema`.
    """
    if function is None:
        return lambda function: tool(function, **settings)
    inner = function.__func__ if isinstance(function, staticmethod | classmethod) else function
    made = Tool(inner, **settings)
    if not callables.is_unbound(inner) and not isinstance(function, classmethod):
        with suppress(callables.UnresolvedHint):  # a class may be defined further down
            _ = made.schema
    try:
        setattr(inner, MARK, settings)
    except AttributeError:  # of a method, a builtin
        raise ToolError(
            f"A {type(inner).__name__} cannot be marked.", "Use Tool(…) in its place."
        ) from None
    return function
