"""A reply cut into the fragments in which a model produces it, before any protocol."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from glm_notebook.simulator.reply import Call, Reply
from glm_notebook.simulator.tokens import count_tokens, split_text

_ARGUMENTS_LONGEST = 8
"""Characters of a fragment of arguments: few, so that even short ones come in several."""


@dataclass(frozen=True, slots=True)
class Opening:
    """The role, and nothing else."""

    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Thinking:
    """A fragment of thinking."""

    text: str
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A fragment of the answer."""

    text: str
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class CallStart:
    """The beginning of a tool call: id, name, and the arguments or the first of them."""

    index: int
    id: str
    name: str
    arguments: str = ""
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class CallArguments:
    """More of a tool call's arguments."""

    index: int
    arguments: str
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class CallsEnd:
    """The empty fragment that follows streamed arguments."""

    index: int
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Finish:
    """The end, with its reason."""

    reason: str
    tokens: int = 0


Piece = Opening | Thinking | Answer | CallStart | CallArguments | CallsEnd | Finish


def seeded(*parts: object) -> Random:
    """Return random numbers that are the same for the same parts: no secret hangs on them."""
    text = " ".join(map(str, parts))
    return Random(text.encode("utf-8", "surrogatepass"))  # noqa: S311


def cut_reply(reply: Reply, random: Random, *, tool_stream: bool) -> Iterator[Piece]:
    """Cut a reply into pieces.

    Parameters
    ----------
    reply : Reply
        What is said.
    random : Random
        Decides where texts are cut.
    tool_stream : bool
        Whether arguments are cut too; otherwise each call is one piece.

    Yields
    ------
    Piece
        With the tokens that each of them stands for; they add up to the reply's.
    """
    yield Opening()
    for text, tokens in split_text(reply.thinking or "", random):
        yield Thinking(text, tokens)
    for text, tokens in split_text(reply.answer, random):
        yield Answer(text, tokens)
    for index, call in enumerate(reply.calls):
        yield from _cut_call(index, call, random, tool_stream)
    if reply.calls and tool_stream:
        yield CallsEnd(len(reply.calls) - 1)
    yield Finish(reply.finish_reason)


def _cut_call(index: int, call: Call, random: Random, tool_stream: bool) -> Iterator[Piece]:
    name_tokens = count_tokens(call.name)
    if not tool_stream:
        tokens = name_tokens + count_tokens(call.arguments)
        yield CallStart(index, call.id, call.name, call.arguments, tokens)
        return
    yield CallStart(index, call.id, call.name, tokens=name_tokens)
    for text, tokens in split_text(call.arguments, random, _ARGUMENTS_LONGEST):
        yield CallArguments(index, text, tokens)
