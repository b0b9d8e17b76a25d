"""Time that grows with the body and no faster, in both protocols.

A body that took its square would not be through within pytest's timeout.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from glm_notebook.protocol.deltas import Delta, FinishDelta, TextDelta
from glm_notebook.protocol.sse import MAX_EVENT_BYTES
from tests.protocol.captures import DECODERS, joined

EVENTS = {
    "openai": ('data: {"choices":[{"delta":{"content":"', '"},"finish_reason":"stop"}]}\n\n'),
    "dashscope": (
        'id:1\nevent:result\n:HTTP_STATUS/200\ndata:{"output":{"choices":[{"message":{"content":"',
        '"},"finish_reason":"stop"}]}}\n\n',
    ),
}
PLAIN = {
    "openai": ('{"choices":[{"message":{"content":"', '"},"finish_reason":"stop"}]}'),
    "dashscope": ('{"output":{"choices":[{"message":{"content":"', '"},"finish_reason":"stop"}]}}'),
}
BODIES = pytest.mark.parametrize("around", [EVENTS, PLAIN], ids=["event", "plain body"])
BOTH = pytest.mark.parametrize("protocol", DECODERS)
KIB = 1024


def body(around: tuple[str, str], size: int) -> tuple[bytes, list[Delta]]:
    """Return a body of a size in bytes, and the deltas that it has to give."""
    before, after = around
    text = "散" * ((size - len(before) - len(after)) // 3)
    return (before + text + after).encode(), [TextDelta(text), FinishDelta("stop")]


def decode(protocol: str, pieces: Iterable[bytes]) -> list[Delta]:
    decoder = DECODERS[protocol](MAX_EVENT_BYTES)
    deltas = [delta for piece in pieces for delta in decoder.feed(piece)]
    return joined(deltas + decoder.close())


@BOTH
@BODIES
def test_the_largest_event_there_may_be(protocol: str, around: dict[str, tuple[str, str]]) -> None:
    whole, deltas = body(around[protocol], MAX_EVENT_BYTES)
    step = 16 * KIB
    pieces = (whole[at : at + step] for at in range(0, len(whole), step))
    assert decode(protocol, pieces) == deltas


@BOTH
@BODIES
def test_a_large_event_in_single_bytes(protocol: str, around: dict[str, tuple[str, str]]) -> None:
    whole, deltas = body(around[protocol], 2 * KIB * KIB)
    assert decode(protocol, (whole[at : at + 1] for at in range(len(whole)))) == deltas


@BOTH
def test_many_events_in_single_bytes(protocol: str) -> None:
    event, (text, _) = body(EVENTS[protocol], KIB)
    piece = event.replace(b'"stop"', b"null")
    came = decode(protocol, (bytes([byte]) for byte in piece * 256))
    assert isinstance(text, TextDelta)
    assert came == [TextDelta(text.text * 256)]
