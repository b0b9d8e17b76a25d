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

Stage = Literal["answer", "reply", "pieces", "items", "wire"]
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
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault with its arguments."""

    name: str
    stage: Stage
    arguments: Sequence[Any] = field(default=())

    @property
    def wire(self) -> Mapping[str, Any]:
        """What it sets of the wire."""
        return _KINDS[self.name].wire

    def apply(self, *subject: Any) -> Any:
        """Apply the fault to what its stage works on."""
        return _KINDS[self.name].function(*subject, *self.arguments)


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

    def parse(self, arguments: Sequence[str]) -> Fault:
        """Read the arguments of this fault.

        Raises
        ------
        ValueError
            If there are too few or too many, or one is not a number.
        """
        required = sum(map(_is_required, self.parameters))
        if not required <= len(arguments) <= len(self.parameters):
            raise ValueError(f"The fault is written {self.usage}.")
        pairs = zip(self.parameters, arguments, strict=False)
        return Fault(self.name, self.stage, tuple(_convert(p, text) for p, text in pairs))


_KINDS: dict[str, Kind] = {}
_SUBJECTS: Mapping[Stage, int] = {"answer": 0, "reply": 1, "pieces": 1, "items": 2, "wire": 1}


def _is_required(parameter: inspect.Parameter) -> bool:
    return parameter.default is parameter.empty


def _convert(parameter: inspect.Parameter, text: str) -> Any:
    kind = str(parameter.annotation).partition(" ")[0]
    return {"int": int, "float": float}.get(kind, str)(text)


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
    return Page(502, {"Content-Type": "text/html"}, body)


# The reply.


@_fault("thinking-only", "reply")
def _thinking_only(reply: Reply) -> Reply:
    """End after the thinking with finish reason stop, without an answer, and count no token."""
    usage = replace(reply.usage, completion_tokens=0, thinking_tokens=0)
    return replace(reply, answer="", calls=(), finish_reason="stop", usage=usage)


@_fault("stray-think", "reply")
def _stray_think(reply: Reply) -> Reply:
    """Put thinking into the answer, with only its closing tag, and leave the thinking empty."""
    return replace(reply, thinking="", answer=f"{reply.thinking or ''}</think>\n\n{reply.answer}")


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


@_fault("stall", "items")
def _stall(
    items: Iterator[Item], context: Context, k: int, seconds: float | None = None
) -> Iterator[Item]:
    """Fall silent after k events, for some seconds or until the client goes."""
    yield from _first(items, k)
    yield Stall(seconds)
    yield from items


@_fault("error-after", "items")
def _error_after(
    items: Iterator[Item], context: Context, k: int, code: str = "data_inspection_failed"
) -> Iterator[Item]:
    """Send an error inside the stream after k events, and end without [DONE]."""
    last = 0
    for item in _first(items, k):
        last = getattr(item, "at_token", last)
        yield item
    refusal = documented_code(code)
    if code == "data_inspection_failed":
        refusal = replace(refusal, message="Output data may contain inappropriate content.")
    yield replace(context.error(refusal), at_token=last)


@_fault("restart", "items")
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
            payload = item.payload if isinstance(item.payload, str) else _renamed(item.payload, id)
            yield replace(item, payload=payload, at_token=item.at_token + at_token)


def _renamed(payload: Mapping[str, Any], id: str) -> Mapping[str, Any]:
    key = "request_id" if "request_id" in payload else "id"
    return {**payload, key: id}


# The wire.


@_fault("cut-close", "items", close_delimited=True)
def _cut_close(items: Iterator[Item], context: Context, k: int) -> Iterator[Item]:
    """Break the connection after k events of a body that is delimited by its end only."""
    yield from _first(items, k)
    yield Cut()


@_fault("one-byte", "wire")
def _one_byte(wire: Wire) -> Wire:
    """Write every byte by itself."""
    return replace(wire, one_byte=True)
