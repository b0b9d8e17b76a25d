"""Faults of the order in which a stream brings what is said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from types import UnionType

from glm_notebook.simulator.faults.registry import fault
from glm_notebook.simulator.pieces import Answer, CallArguments, CallStart, Finish, Piece, Thinking

Pieces = Iterator[Piece]


@fault("no-finish", "pieces")
def _no_finish(pieces: Iterable[Piece]) -> Pieces:
    """Leave the finish reason out; the stream ends as usual."""
    return (piece for piece in pieces if not isinstance(piece, Finish))


@fault("late-thinking", "pieces")
def _late_thinking(pieces: Iterable[Piece]) -> Pieces:
    """Go on thinking after the answer has begun: half of the thinking, at the least a word."""
    every = list(pieces)
    thinking = [piece for piece in every if isinstance(piece, Thinking)]
    late = thinking[(len(thinking) + 1) // 2 :] or [Thinking("Hm.")]
    for piece in every:
        if piece not in late:
            yield piece
        if isinstance(piece, Answer):
            yield from late
            late = []


@fault("whitespace", "pieces")
def _whitespace(pieces: Iterable[Piece]) -> Pieces:
    """Send answer deltas of nothing but line breaks before the answer and around tool calls."""
    yield from _before(pieces, Answer | CallStart | Finish, [Answer("\n")])


@fault("split-surrogates", "pieces")
def _split_surrogates(pieces: Iterable[Piece]) -> Pieces:
    """Send an emoji before each text, in two deltas with half a surrogate pair each."""
    with_thinking = _before(pieces, Thinking, [Thinking("\ud83d"), Thinking("\ude00")], once=True)
    yield from _before(with_thinking, Answer, [Answer("\ud83d"), Answer("\ude00")], once=True)


@fault("lone-surrogate", "pieces")
def _lone_surrogate(pieces: Iterable[Piece]) -> Pieces:
    """Send half a surrogate pair before the answer, and never the other half."""
    yield from _before(pieces, Answer, [Answer("\ud83d")], once=True)


@fault("huge-delta", "pieces")
def _huge_delta(pieces: Iterable[Piece], n: int) -> Pieces:
    """Send an answer delta of n characters before the end."""
    yield from _before(pieces, Finish, [Answer("x" * n)])


@fault("late-text", "pieces")
def _late_text(pieces: Iterable[Piece]) -> Pieces:
    """Send an answer delta after the finish reason."""
    yield from pieces
    yield Answer(" Late.")


@fault("same-index", "pieces")
def _same_index(pieces: Iterable[Piece]) -> Pieces:
    """Give every tool call the index 0."""
    return (
        replace(piece, index=0) if isinstance(piece, CallStart | CallArguments) else piece
        for piece in pieces
    )


@fault("new-call-ids", "pieces")
def _new_call_ids(pieces: Iterable[Piece]) -> Pieces:
    """Repeat the name of a tool call, under another id, in each of its deltas."""
    name, numbers = "", count(1)
    for piece in pieces:
        match piece:
            case CallStart():
                name = piece.name
            case CallArguments(index, arguments, tokens):
                piece = CallStart(index, f"call_new_{next(numbers)}", name, arguments, tokens)
        yield piece


def _before(
    pieces: Iterable[Piece],
    kind: type[Piece] | UnionType,
    added: Sequence[Piece],
    *,
    once: bool = False,
) -> Pieces:
    """Yield pieces, and others before each run of one kind, or before the first only."""
    last: type | None = None
    is_done = False
    for piece in pieces:
        if isinstance(piece, kind) and type(piece) is not last and not is_done:
            yield from added
            is_done = once
        last = type(piece)
        yield piece
