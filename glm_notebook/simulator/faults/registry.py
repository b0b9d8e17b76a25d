"""What can go wrong on the way, by name.

A fault is written ``name`` or ``name:argument:argument``, in a rule of a scenario or in the request
header ``X-Sim-Fault``; several are separated by commas and applied in that order. Each changes one
stage of a reply: the reply itself, its pieces, the items on the wire, the wire, or all of it.

The stages come in the order of `Stage`. Faults are registered by the modules beside this one.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal, TypeVar

from glm_notebook.simulator.refusals import Refusal, documented_code
from glm_notebook.simulator.sse import Event

Stage = Literal[
    "answer",
    "dress",
    "request",
    "reply",
    "pieces",
    "payload",
    "events",
    "items",
    "bytes",
    "headers",
    "wire",
]
"""``answer`` comes instead of a reply, and ``dress`` is what a refusal wears. ``payload`` is the JSON of
a body or of an event, ``events`` are the items of a streamed reply, ``items`` those of any body, and
``bytes`` the same items when nothing else will be changed."""
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Context:
    """What a fault needs to know of the reply that it breaks."""

    error: Callable[[Refusal, int], Event]
    """Writes an error as an event of a stream, after so many events."""
    usage: Callable[[int], Event]
    """Writes an event that holds the usage only, after so many events."""
    renamed: Callable[[Mapping[str, Any], str], Mapping[str, Any]]
    """Returns the JSON of an event as if it belonged to the reply to another request."""
    new_id: Callable[[], str]
    """Makes an id for a request."""


@dataclass(frozen=True, slots=True)
class Page:
    """A response that comes instead of any reply."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Dress:
    """How a refusal is sent."""

    framed: bool
    """As an event of a stream."""
    id_key: str = "request_id"
    """What the id of the request is called in the body."""
    swapped: bool = False
    """In the shape of Model Studio's other protocol."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A fault that can be asked for."""

    name: str
    stage: Stage
    function: Callable[..., Any]
    parameters: Sequence[inspect.Parameter]
    wire: Mapping[str, Any]
    """What it sets of the wire, beside what its function does."""
    headers: Mapping[str, str]
    """Headers that it sets, likewise."""

    @property
    def usage(self) -> str:
        """How it is written, e.g. ``stall:k[:seconds]``."""
        parts = (f":{p.name}" if _is_required(p) else f"[:{p.name}]" for p in self.parameters)
        return self.name + "".join(parts)

    @property
    def summary(self) -> str:
        """What it does."""
        return inspect.cleandoc(self.function.__doc__ or "").partition("\n\n")[0]

    def parse(self, texts: Sequence[str]) -> Fault:
        """Read the arguments of this fault.

        Raises
        ------
        ValueError
            If there are too few or too many, or one is not what it should be.
        """
        required = sum(map(_is_required, self.parameters))
        if not required <= len(texts) <= len(self.parameters):
            raise ValueError(f"The fault is written {self.usage}.")
        pairs = zip(self.parameters, texts, strict=False)
        return Fault(self, tuple(self._convert(parameter, text) for parameter, text in pairs))

    def _convert(self, parameter: inspect.Parameter, text: str) -> Any:
        convert = _CONVERTERS[str(parameter.annotation).partition(" ")[0]]
        try:
            return convert(text)
        except ValueError as error:
            raise ValueError(f"The fault is written {self.usage}: {error}") from None


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault with its arguments."""

    kind: Kind
    arguments: Sequence[Any] = field(default=())

    def apply(self, *subject: Any) -> Any:
        """Apply the fault to what its stage works on."""
        return self.kind.function(*subject, *self.arguments)


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(f"{text!r} is not a whole number.")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not seconds >= 0:  # nor is NaN
        raise ValueError(f"{text!r} is not a number of seconds.")
    return seconds


_CONVERTERS: Mapping[str, Callable[[str], Any]] = {
    "int": _natural,
    "float": _seconds,
    "str": str,
    "Refusal": documented_code,
}
"""How an argument is read, by the annotation of its parameter."""
_KINDS: dict[str, Kind] = {}
_IN_CONTEXT = ("events", "items")
"""Stages whose functions take the context beside their subject."""


def _is_required(parameter: inspect.Parameter) -> bool:
    return parameter.default is parameter.empty


def fault(
    name: str, stage: Stage, *, headers: Mapping[str, str] | None = None, **wire: Any
) -> Callable[[Function], Function]:
    """Register a fault; what its function takes beyond the stage's subjects are its arguments."""

    def register(function: Function) -> Function:
        parameters = list(inspect.signature(function).parameters.values())
        own = parameters[2 if stage in _IN_CONTEXT else 1 :]
        _KINDS[name] = Kind(name, stage, function, own, wire, headers or {})
        return function

    return register


def known_faults() -> Sequence[Kind]:
    """Return every fault there is, by name."""
    return [_KINDS[name] for name in sorted(_KINDS)]


def parse_faults(text: str | Sequence[str]) -> Sequence[Fault]:
    """Read faults.

    Parameters
    ----------
    text : str or sequence of str
        Specifications, separated by commas within a string.

    Raises
    ------
    ValueError
        If a fault does not exist or has the wrong arguments.
    """
    texts = [text] if isinstance(text, str) else text
    specifications = [spec.strip() for part in texts for spec in part.split(",")]
    return [_parse(spec) for spec in specifications if spec]


def _parse(specification: str) -> Fault:
    name, *arguments = specification.split(":")
    if name not in _KINDS:
        near = get_close_matches(name, _KINDS, n=1)
        hint = f"did you mean {near[0]!r}? All of them" if near else "those that exist"
        raise ValueError(
            f"No fault is called {name!r}; {hint}: python -m glm_notebook.simulator --faults."
        )
    return _KINDS[name].parse(arguments)
