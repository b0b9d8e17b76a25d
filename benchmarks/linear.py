"""Time that grows with the body and no faster: one event of many bytes, and many events byte by byte."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from benchmarks.decoding import EVENTS, PROTOCOLS, Ours, bare_s
from benchmarks.rounds import medians, ratio
from benchmarks.streams import STREAMS, Pieces, in_pieces, large_event
from glm_notebook.protocol.sse import MAX_EVENT_BYTES

ROUNDS = 5
READ_BYTES = 64 * 1024
"""What httpx reads from a connection at once."""
EVENTS_IN_BYTES = 200


async def rows() -> list[str]:
    """Return what twice and four times as much costs, as rows of a table."""
    return [row for protocol in PROTOCOLS for row in await _rows(protocol)]


async def _rows(protocol: str) -> list[str]:
    stream = STREAMS[protocol]
    events = [stream(EVENTS * times) for times in (1, 2, 4)]
    large = [
        in_pieces(large_event(protocol, MAX_EVENT_BYTES // parts), READ_BYTES)
        for parts in (4, 2, 1)
    ]
    bytewise = [in_pieces(b"".join(stream(EVENTS_IN_BYTES * times)), 1) for times in (1, 2, 4)]
    return [
        await _row(protocol, "2 and 4 times the events", events),
        await _row(protocol, "one event of 16 and 32 MiB, to one of 8 MiB", large),
        await _row(protocol, "2 and 4 times the events, in writes of one byte", bytewise),
    ]


async def _row(protocol: str, what: str, bodies: Sequence[Pieces]) -> str:
    reader = partial(Ours, protocol)
    once, twice, four = await medians([partial(bare_s, reader, one) for one in bodies], ROUNDS)
    return f"| {protocol}: {what} | 2 ×, 4 × | {ratio(twice, once)}, {ratio(four, once)} |"
