"""Value types of a conversation: what is sent to a model and what it used.

No I/O, no wire names. A codec in `protocol/` turns these into a request body; nothing else does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

Role = Literal["system", "user", "assistant", "tool"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
"""How hard a model that has degrees of thinking thinks."""
EFFORTS: tuple[str, ...] = get_args(Effort)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model asked for."""

    id: str
    name: str
    arguments: str
    """JSON text as the model wrote it: not guaranteed to parse (protocol notes, 3.4)."""


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A function that the model may ask for."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """JSON schema of its arguments, an object; empty where it takes none."""


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of a conversation's history."""

    role: Role
    content: str
    thinking: str = ""
    """What the model thought before `content`; kept, and sent back only where a protocol wants it."""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    """Of a `tool` message: the call it answers."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request, as the server counted them. `None` is unknown, which is not zero."""

    input_tokens: int | None = None
    cached_tokens: int | None = None
    """The part of `input_tokens` that was served from the context cache."""
    output_tokens: int | None = None
    """Thinking included: it is billed as output."""
    thinking_tokens: int | None = None


def total(usages: Iterable[Usage | None]) -> Usage:
    """Return what several turns have used together, as far as it is known."""
    known = [one for one in usages if one is not None]
    counts = {one.name: [getattr(used, one.name) for used in known] for one in fields(Usage)}
    told = {name: [n for n in numbers if n is not None] for name, numbers in counts.items()}
    return Usage(**{name: sum(numbers) if numbers else None for name, numbers in told.items()})


def plus(before: Usage | None, now: Usage) -> Usage:
    """Add what the rounds of a turn have used. What one of them does not know, the sum does not."""
    if before is None:
        return now
    pairs = ((one.name, getattr(before, one.name), getattr(now, one.name)) for one in fields(Usage))
    return Usage(**{name: None if None in (a, b) else a + b for name, a, b in pairs})


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model that an endpoint says it serves."""

    id: str
    owner: str = ""
    """Who the endpoint says it belongs to; on a server of one's own, the server's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What can be set for an answer. `None` leaves the choice to the server."""

    stream: bool = True
    """Whether the answer comes as it is made. Without it a long answer is cut by the service's own clock."""
    strict: bool = True
    """Whether a request that the documents say cannot work is refused before it is sent."""
    thinking: bool | None = None
    thinking_budget: int | None = None
    """Most tokens that the model may think, or no limit but the model's own."""
    effort: Effort | None = None
    keep_thinking: bool | None = None
    """Whether the thinking of earlier turns is sent along, all of it and unchanged. Within one turn, between tool
    calls, it always is."""
    max_tokens: int | None = None
    """Of the answer, and on newer models of thinking and answer together (see the catalogue)."""
    max_completion_tokens: int | None = None
    """Of thinking and answer together."""
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    json_mode: bool = False
    """Whether the answer has to be a JSON object."""
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: str | None = None
    """``auto``, ``none``, ``required``, or the name of the tool that has to be called."""
    parallel_tool_calls: bool | None = None
    tool_stream: bool | None = None
    """Whether the arguments of a call come in pieces."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Fields that are sent as they are, for what this version has no name for."""


@dataclass(frozen=True, slots=True)
class Request(Parameters):
    """One request to a model, in no protocol's terms."""

    model: str
    messages: tuple[Message, ...]
