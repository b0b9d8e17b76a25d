"""Bytes to events, against the least that any client must do with the same stream.

The floor splits the body at line ends and parses each event's JSON, and keeps nothing. Both read the same body, once
as one piece per event (a model that is slower than the network) and once in pieces of 16 KiB (one that is not).
With httpx the body comes through `httpx.MockTransport`; bare, the pieces are given directly.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TypeAlias

import httpx

from benchmarks.rounds import medians, ratio
from benchmarks.streams import STREAMS, Pieces, in_pieces
from glm_notebook.protocol.base import WireProtocol
from glm_notebook.protocol.dashscope import DashScope
from glm_notebook.protocol.openai_compat import OpenAICompatible
from glm_notebook.protocol.turn import TurnInfo, TurnState

EVENTS = 5_000
BODY_URL = "http://127.0.0.1/"
INFO = TurnInfo("t-1", "glm-5", "127.0.0.1", "default", False, "Why is the sky blue?")
PROTOCOLS: dict[str, type[WireProtocol]] = {"openai": OpenAICompatible, "dashscope": DashScope}
PREFIXES = {"openai": b"data: ", "dashscope": b"data:"}


class Floor:
    """Split, parse, forget."""

    def __init__(self, protocol: str) -> None:
        self.held = b""
        self.prefix = PREFIXES[protocol]
        self.length = len(self.prefix)

    def feed(self, piece: bytes) -> None:
        """Take a piece."""
        lines = (self.held + piece).split(b"\n")
        self.held = lines.pop()
        for line in lines:
            if line.startswith(self.prefix) and line != b"data: [DONE]":
                json.loads(line[self.length :])


class Ours:
    """All the way to the events that a view is sent."""

    def __init__(self, protocol: str) -> None:
        self.decoder = PROTOCOLS[protocol]().decoder()
        self.state = TurnState(INFO)

    def feed(self, piece: bytes) -> None:
        """Take a piece."""
        for delta in self.decoder.feed(piece):
            self.state.apply(delta, 1.0)


Reader: TypeAlias = Callable[[], Floor | Ours]


class Body(httpx.AsyncByteStream):
    """A body in pieces that are there."""

    def __init__(self, pieces: Pieces) -> None:
        self.pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece


async def bare_s(reader: Reader, pieces: Pieces) -> float:
    """Return the time that a reader needs for pieces that are there."""
    start = time.process_time()
    one = reader()
    for piece in pieces:
        one.feed(piece)
    return time.process_time() - start


async def httpx_s(reader: Reader, pieces: Pieces) -> float:
    """Return the time that a reader and httpx need."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Body(pieces)))
    async with httpx.AsyncClient(transport=transport) as client:
        start = time.process_time()
        async with client.stream("GET", BODY_URL) as response:
            one = reader()
            async for piece in response.aiter_raw():
                one.feed(piece)
        return time.process_time() - start


async def rows() -> list[str]:
    """Return how much more than the floor decoding costs, as rows of a table."""
    return [row for protocol in PROTOCOLS for row in await _rows(protocol)]


async def _rows(protocol: str) -> list[str]:
    events = STREAMS[protocol](EVENTS)
    lines = []
    for how, pieces in (
        ("an event at a time", events),
        ("16 KiB at a time", in_pieces(b"".join(events))),
    ):
        floor, ours, bare_floor, bare = await medians(
            [
                partial(measure, partial(reader, protocol), pieces)
                for measure in (httpx_s, bare_s)
                for reader in (Floor, Ours)
            ]
        )
        per_event = f"{bare / EVENTS * 1e6:.1f} µs an event"
        lines += [
            f"| {protocol}: bytes to events over httpx and `json.loads`, {how} | ≤ 1.6 × | {ratio(ours, floor)} |",
            f"| {protocol}: the same without httpx, {how} | | {ratio(bare, bare_floor)} ({per_event}) |",
        ]
    return lines
