"""Every capture of both protocols gives its deltas, however the network cuts it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest

from glm_notebook.errors import ProtocolError
from glm_notebook.protocol.deltas import Delta, ErrorDelta, UsageDelta
from tests.protocol.captures import DECODERS, Capture, captures, joined

CAPTURES = [one for protocol in DECODERS for one in captures(protocol).values()]
ALL = pytest.mark.parametrize(
    "capture", CAPTURES, ids=[f"{one.protocol}-{one.name}" for one in CAPTURES]
)

EXHAUSTIVE_BYTES = 1_200
"""Longest body that is cut in two at every place; longer ones are cut at random."""
CUTS = 1_000
BIG_CUTS = 20
"""For a body that takes long to decode at all."""


@dataclass
class Outcome:
    deltas: list[Delta]
    finished: bool
    error: str | None


def decode(capture: Capture, pieces: Iterable[bytes]) -> Outcome:
    """Decode as a client does: until the decoder is done, and with its error after what came before it."""
    decoder = capture.decoder()
    deltas: list[Delta] = []
    error = None
    try:
        for piece in pieces:
            if not decoder.done:
                deltas += decoder.feed(piece)
        deltas += decoder.close()
        assert decoder.done
    except ProtocolError as raised:
        error = raised.message
    assert not any(isinstance(delta, ErrorDelta) for delta in deltas[:-1])
    return Outcome(joined(deltas), decoder.finished, error)


def expected(capture: Capture) -> Outcome:
    return Outcome(joined(capture.deltas), capture.finished, capture.error)


def two_way_cuts(body: bytes) -> Iterator[list[bytes]]:
    n = len(body)
    places: Iterable[int] = range(n + 1)
    if n > EXHAUSTIVE_BYTES:
        draw = random.Random(n)  # noqa: S311 - a seed makes a failure come again
        places = [draw.randrange(n) for _ in range(CUTS if n < 20_000 else BIG_CUTS)]
    return ([body[:at], body[at:]] for at in places)


def random_pieces(body: bytes, draw: random.Random) -> list[bytes]:
    places = sorted(draw.randrange(len(body) + 1) for _ in range(draw.randrange(1, 12)))
    return [body[a:b] for a, b in zip([0, *places], [*places, len(body)], strict=True)]


@ALL
def test_a_body_in_one_piece_gives_its_deltas(capture: Capture) -> None:
    assert decode(capture, [capture.body]) == expected(capture)


@ALL
def test_a_body_byte_by_byte_gives_the_same(capture: Capture) -> None:
    assert decode(capture, (bytes([byte]) for byte in capture.body)) == expected(capture)


@ALL
def test_a_body_cut_in_two_anywhere_gives_the_same(capture: Capture) -> None:
    for pieces in two_way_cuts(capture.body):
        assert decode(capture, pieces) == expected(capture), len(pieces[0])


@ALL
def test_a_body_in_any_pieces_gives_the_same(capture: Capture) -> None:
    draw = random.Random(capture.name)  # noqa: S311
    for _ in range(20):
        pieces = random_pieces(capture.body, draw)
        assert decode(capture, pieces) == expected(capture), pieces


@ALL
def test_a_capture_says_in_which_order_usage_and_errors_come(capture: Capture) -> None:
    """Of the usages of one piece the last is told, after what the piece held but before an error."""
    decoder = capture.decoder()
    try:
        deltas = decoder.feed(capture.body) + decoder.close()
    except ProtocolError:
        return
    usages = [at for at, delta in enumerate(deltas) if isinstance(delta, UsageDelta)]
    errors = [at for at, delta in enumerate(deltas) if isinstance(delta, ErrorDelta)]
    assert usages + errors == sorted(usages + errors)


ELSEWHERE = {
    11: "compression is httpx' business: the request asks for none (test_encoding.py)",
    25: "linear time: test_sse.py, test_linear.py",
}
"""Cases of section 8 of the protocol notes that are no captures, of either protocol."""


@pytest.mark.parametrize("protocol", DECODERS)
def test_every_case_of_the_protocol_notes_has_a_capture(protocol: str) -> None:
    numbered = {int(name[:2]) for name in captures(protocol) if name[:2].isdigit()}
    assert numbered | ELSEWHERE.keys() == set(range(1, 36))
    assert not numbered & ELSEWHERE.keys()
