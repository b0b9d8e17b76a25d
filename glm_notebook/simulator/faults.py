"""What can go wrong on the way, by name.

A fault is written ``name`` or ``name:argument:argument``, in a rule of a scenario or in the request
header ``X-Sim-Fault``; several are separated by commas and applied in that order. Each changes one
stage of a reply: the reply itself, its pieces, the items on the wire, the wire, or all of it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

from glm_notebook.simulator.pieces import Finish, Piece
from glm_notebook.simulator.refusals import Refusal, documented, documented_code
from glm_notebook.simulator.reply import Reply
from glm_notebook.simulator.sse import Cut, Event, Item, Raw, Stall, Wire

Stage = Literal["answer", "reply", "pieces", "events", "items", "wire"]
"""``events`` are the items of a streamed reply; a reply in one piece has a single item."""
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Context:
    """What a fault needs to know of the reply that it breaks."""

    error: Callable[[Refusal], Event]
    """Writes an error as an event of a stream that has begun."""
    new_id: Callable[[], str]
    """Makes an id for a reply that starts again."""


@dataclass(frozen=True, slots=True)
class Page:
    """A response that comes instead of any reply."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Kind:
    """A fault that can be asked for."""

    name: str
    stage: Stage
    function: Callable[..., Any]
    parameters: Sequence[inspect.Parameter]
    wire: Mapping[str, Any]
    """What it sets of the wire, beside what its function does."""

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
_SUBJECTS: Mapping[Stage, int] = {
    "answer": 0,
    "reply": 1,
    "pieces": 1,
    "events": 2,
    "items": 2,
    "wire": 1,
}
"""How many parameters of a fault's function are not its own arguments."""


def _is_required(parameter: inspect.Parameter) -> bool:
    return parameter.default is parameter.empty


def _fault(name: str, stage: Stage, **wire: Any) -> Callable[[Function], Function]:
    """Register a fault; what its function takes beyond the stage's subjects are its arguments."""

    def register(function: Function) -> Function:
        parameters = list(inspect.signature(function).parameters.values())
        _KINDS[name] = Kind(name, stage, function, parameters[_SUBJECTS[stage] :], wire)
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
        raise ValueError(f"No fault is called {name!r}; there are {', '.join(sorted(_KINDS))}.")
    return _KINDS[name].parse(arguments)


# Instead of a reply.


@_fault("status", "answer")
def _status(status: int, code: str = "") -> Refusal:
    """Refuse with this HTTP status, and the documented error of this code."""
    return documented(status, code)


@_fault("html-502", "answer")
def _html_502() -> Page:
    """Answer like a proxy: status 502 and a page of HTML."""
    body = b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    body += b"<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
    return Page(502, "text/html", body)


# The reply.


@_fault("thinking-only", "reply")
def _thinking_only(reply: Reply) -> Reply:
    """End after the thinking with finish reason stop, without an answer, and count no token."""
    thinking_tokens = None if reply.thinking is None else 0
    usage = replace(reply.usage, completion_tokens=0, thinking_tokens=thinking_tokens)
    return replace(reply, answer="", calls=(), finish_reason="stop", usage=usage)


@_fault("stray-think", "reply")
def _stray_think(reply: Reply) -> Reply:
    """Put thinking into the answer, with only its closing tag, and leave the thinking empty."""
    if reply.thinking is None:
        return reply
    return replace(reply, thinking="", answer=f"{reply.thinking}</think>\n\n{reply.answer}")


# The pieces.


@_fault("no-finish", "pieces")
def _no_finish(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Leave the finish reason out; the stream ends as usual."""
    return (piece for piece in pieces if not isinstance(piece, Finish))


# The items.


def _first(items: Iterator[Item], k: int) -> Iterator[Item]:
    """Yield the first `k` items and leave the others."""
    for _ in range(k):
        item = next(items, None)
        if item is None:
            return
        yield item


@_fault("cut", "items")
def _cut(items: Iterator[Item], context: Context, k: int) -> Iterator[Item]:
    """Break the connection after k events, in the middle of a chunked body."""
    yield from _first(items, k)
    yield Cut()


@_fault("cut-close", "items", close_delimited=True)
def _cut_close(items: Iterator[Item], context: Context, k: int) -> Iterator[Item]:
    """Break the connection after k events of a body that is delimited by its end only."""
    return _cut(items, context, k)


@_fault("stall", "items")
def _stall(
    items: Iterator[Item], context: Context, k: int, seconds: float | None = None
) -> Iterator[Item]:
    """Fall silent after k events, for some seconds or until the client goes."""
    yield from _first(items, k)
    yield Stall(seconds)
    yield from items


_INSPECTED = replace(
    documented_code("data_inspection_failed"),
    message="Output data may contain inappropriate content.",
)


@_fault("error-after", "events")
def _error_after(
    items: Iterator[Item], context: Context, k: int, code: Refusal = _INSPECTED
) -> Iterator[Item]:
    """Send an error inside the stream after k events, and end without [DONE]."""
    at_token = 0
    for item in _first(items, k):
        at_token = getattr(item, "at_token", at_token)
        yield item
    yield replace(context.error(code), at_token=at_token)


@_fault("restart", "events")
def _restart(items: Iterator[Item], context: Context, k: int) -> Iterator[Item]:
    """Break event k+1 off in the middle and begin again in the same line, with a new id."""
    every = list(items)
    yield from every[:k]
    broken = every[k] if k < len(every) else None
    if not isinstance(broken, Event):
        return
    data = broken.encode().rstrip(b"\n")
    first, *rest = _again(every, context.new_id(), broken.at_token)
    yield Raw(data[: len(data) // 2] + first.encode(), broken.at_token)
    yield from rest


def _again(items: Iterable[Item], id: str, at_token: int) -> Iterator[Event]:
    """Yield the events of a stream once more, under another id and later."""
    for item in items:
        if isinstance(item, Event):
            payload = item.payload if isinstance(item.payload, str) else {**item.payload, "id": id}
            yield Event(payload, item.at_token + at_token)


# The wire.


@_fault("one-byte", "wire")
def _one_byte(wire: Wire) -> Wire:
    """Write every byte by itself."""
    return replace(wire, one_byte=True)
