"""How the places that serve GLM differ over the OpenAI-compatible protocol: data, read from ``dialects.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

from glm_notebook.errors import ConfigError
from glm_notebook.toml import loads

Json: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Switch:
    """What is merged into a request's body to turn something on or off; empty where that cannot be asked for."""

    on: Json = field(default_factory=dict)
    off: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one kind of server takes and gives."""

    name: str
    title: str
    source: str
    """Where this comes from, with its date."""
    stream_options: bool
    """Whether usage has to be asked for with ``stream_options``."""
    history: str
    """What thinking is called in the messages that are sent; empty where it is not taken."""
    key: bool
    """Whether it wants a key."""
    think: Switch
    keep: Switch
    """Of the thinking of earlier turns."""
    fields: Mapping[str, str]
    """Names of `glm_notebook.messages.Request` to dotted paths in the body. What is not named is not sent."""
    endings: Mapping[str, str]
    """Finish reasons that are failures, with the code of the error that they stand for."""

    def takes(self, name: str) -> bool:
        """Tell whether a field of a `Request` can be sent."""
        return bool(self.fields.get(name))


def dialect(name: str) -> Dialect:
    """Return a dialect by its name.

    Raises
    ------
    ConfigError
        There is none of that name.
    """
    table = _table()
    if name not in table:
        raise ConfigError(f"There is no dialect {name!r}.", f"Use one of {', '.join(table)}.")
    return table[name]


def names() -> tuple[str, ...]:
    """Return the names of all dialects."""
    return tuple(_table())


@cache
def _table() -> Mapping[str, Dialect]:
    data = loads(files("glm_notebook").joinpath("dialects.toml").read_text(encoding="utf-8"))
    return {name: _dialect(name, data["common"], own) for name, own in data["dialects"].items()}


def _dialect(name: str, common: Json, own: Json) -> Dialect:
    values = {**common, **own}
    for which in ("fields", "endings"):
        values[which] = {**common[which], **own.get(which, {})}
    think, keep = (Switch(**values.pop(which)) for which in ("think", "keep"))
    return Dialect(name=name, think=think, keep=keep, **values)
