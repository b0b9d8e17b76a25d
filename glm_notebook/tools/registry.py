"""The tools of a conversation, by name. The newest definition of a function is the one that is described and called."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from glm_notebook.errors import ToolError
from glm_notebook.messages import ToolSpec
from glm_notebook.tools.tool import MARK, Tool
from glm_notebook.tools.words import cut

_MAX_LISTED = 20


class UnknownToolError(ToolError):
    """A model asked for a tool that there is not; the message is for the model."""

    @property
    def message_for_model(self) -> str:
        """What there is instead."""
        return self.message


class _Entry:
    """One tool, and the variable that its newest definition is taken from."""

    def __init__(self, source: object, variable: str, changes: Mapping[str, Any]) -> None:
        self.source = source
        self.variable = variable
        self.changes = changes
        self.tool = Tool.of(source, **changes)
        self.error: ToolError | None = None
        """Why the newest definition cannot be a tool."""

    def refresh(self, namespace: Mapping[str, Any]) -> None:
        """Look for a new definition. What is no callable is none: a name may be used for something else."""
        newest = _lookup(self.variable, namespace)
        if not callable(newest) and not isinstance(newest, Tool):
            return
        if _is_same(newest, self.source):
            return
        self.source, self.error = newest, None
        try:
            self.tool = Tool.of(newest, **self.changes)
        except ToolError as error:
            self.error = error


class Tools:
    """The tools of a conversation, in the order in which they were added.

    Parameters
    ----------
    tools : iterable of callable, Tool or str
        As for `add`.
    namespace : mapping of str to object, optional
        Where a function is defined again: a kernel's user namespace. It is read at every use, never written.
    """

    def __init__(
        self, tools: Iterable[Any] = (), namespace: Mapping[str, Any] | None = None
    ) -> None:
        self._namespace = {} if namespace is None else namespace
        self._entries: list[_Entry] = []
        for one in tools:
            self.add(one)

    def __repr__(self) -> str:
        return f"<Tools: {', '.join(self.names) or 'none'}>"

    def __len__(self) -> int:
        return len(self._current())

    def __iter__(self) -> Iterator[Tool]:
        return iter([entry.tool for entry in self._current().values()])

    def __contains__(self, name: object) -> bool:
        return name in self._current()

    @property
    def names(self) -> tuple[str, ...]:
        """The names that a model may call."""
        return tuple(self._current())

    def add(self, one: Any, **changes: Any) -> Tool:
        """Add a tool; one of the same name goes, and it takes that one's place.

        Parameters
        ----------
        one : callable, Tool or str
            A name is that of a variable, or of what it holds: ``"load"``, ``"table.describe"``.
        **changes
            Settings, as for `Tool.of`.

        Raises
        ------
        ToolError
            It is none, or a model could never call it. What was there before stays.
        """
        entry = self._entry(one, changes)
        _ = entry.tool.schema
        names = list(self._current())
        if entry.tool.name in names:
            self._entries[names.index(entry.tool.name)] = entry
        else:
            self._entries.append(entry)
        return entry.tool

    def remove(self, name: str) -> None:
        """Take a tool away.

        Raises
        ------
        UnknownToolError
            There is none of that name.
        """
        entry = self._current().get(name)
        if entry is None:
            raise _unknown(name, self.names)
        self._entries.remove(entry)

    def specs(self) -> tuple[ToolSpec, ...]:
        """Return what a model is told.

        Raises
        ------
        ToolError
            The newest definition of a function cannot be a tool.
        """
        entries = self._current().values()
        for entry in entries:
            if entry.error is not None:
                raise entry.error
        return tuple(entry.tool.spec() for entry in entries)

    def find(self, name: str) -> Tool:
        """Return the tool that a model asks for, as it is defined now.

        Raises
        ------
        UnknownToolError
            There is none; the message, which names those there are, is for the model.
        ToolError
            Its newest definition cannot be a tool.
        """
        current = self._current()
        entry = current.get(name)
        if entry is None:
            raise _unknown(name, tuple(current))
        if entry.error is not None:
            raise entry.error
        return entry.tool

    def _current(self) -> dict[str, _Entry]:
        """Return the tools as they are defined now; of several that have come to one name, the last."""
        by_name: dict[str, _Entry] = {}
        for entry in self._entries:
            entry.refresh(self._namespace)
            by_name[entry.tool.name] = entry
        self._entries = list(by_name.values())
        return by_name

    def _entry(self, one: Any, changes: Mapping[str, Any]) -> _Entry:
        if isinstance(one, str):
            source = _lookup(one, self._namespace)
            if source is None:
                near = _nearest(one, _callables(self._namespace))
                meant = f" Did you mean {near[0]}?" if near else ""
                raise ToolError(f"There is no {one} here.{meant}", "Define it in a cell first.")
            return _Entry(source, one, changes)
        variable = _variable_of(one, self._namespace)
        if not variable and isinstance(one, Tool):
            variable = _variable_of(one.function, self._namespace)
            if variable:
                return _Entry(one.function, variable, {**_own_settings(one), **changes})
        return _Entry(one, variable, changes)


def marked(namespace: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the variables that hold a function marked by `tool`."""
    return tuple(
        name
        for name, value in list(namespace.items())
        if not name.startswith("_") and isinstance(getattr(value, "__dict__", {}).get(MARK), dict)
    )


def _lookup(variable: str, namespace: Mapping[str, Any]) -> Any:
    """Return what a name, dots and all, stands for; None if for nothing."""
    first, *rest = variable.split(".")
    value = namespace.get(first)
    for name in rest:
        value = getattr(value, name, None)
    return value


def _variable_of(one: object, namespace: Mapping[str, Any]) -> str:
    """Return the variable that holds an object, its own name first; empty if none does."""
    own = str(getattr(one, "__name__", ""))
    if namespace.get(own) is one:
        return own
    held = (name for name, value in list(namespace.items()) if value is one)
    return next((name for name in held if not name.startswith("_")), "")  # _, _12: a kernel's own


def _is_same(new: object, old: object) -> bool:
    """Tell whether an object is one that is known. A method is made anew whenever it is taken from its object."""
    return new is old or (isinstance(new, types.MethodType) and new == old)


def _own_settings(tool: Tool) -> Mapping[str, Any]:
    """Return the settings of a tool that its function alone would not have."""
    bare = Tool.of(tool.function, name=tool.name)
    changed = {
        field.name: getattr(tool, field.name)
        for field in fields(Tool)
        if field.name != "function" and getattr(tool, field.name) != getattr(bare, field.name)
    }
    return {"name": tool.name, **changed}


def _callables(namespace: Mapping[str, Any]) -> list[str]:
    return [name for name, value in list(namespace.items()) if callable(value) and name[0] != "_"]


def _nearest(name: str, known: Sequence[str]) -> list[str]:
    return difflib.get_close_matches(name, known, _MAX_LISTED)


def _unknown(name: str, known: tuple[str, ...]) -> UnknownToolError:
    if not known:
        return UnknownToolError(
            f"There is no tool {cut(name, 80)}: there are none. Answer without."
        )
    near = _nearest(name, known)
    listed = [*near, *(one for one in known if one not in near)][:_MAX_LISTED]
    return UnknownToolError(f"There is no tool {cut(name, 80)}. There are: {', '.join(listed)}.")
