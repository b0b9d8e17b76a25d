"""Many streams at once on one client, against one: processor time of a chunk, and whether every text arrives whole."""

from __future__ import annotations

import asyncio
import time
from functools import partial

from benchmarks.loopback import BASE_PATHS, serving
from benchmarks.rounds import medians, ratio
from benchmarks.sdk import KEY, REQUEST
from benchmarks.streams import said
from glm_notebook.client import AsyncClient
from glm_notebook.protocol.deltas import TextDelta, ThinkingDelta

STREAMS = 32
WORDS = 1_000
ROUNDS = 5


class Streams:
    """Reads the same stream several times at once.

    Parameters
    ----------
    client : AsyncClient
        The one for all of them.
    """

    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        self.read = 0
        self.whole = 0

    async def per_chunk_s(self, count: int) -> float:
        """Return the processor time of one chunk of ``count`` streams."""
        start = time.process_time()
        texts = await asyncio.gather(*(self._text() for _ in range(count)))
        took = time.process_time() - start
        self.read += count
        self.whole += texts.count(said(WORDS))
        return took / count / WORDS

    async def _text(self) -> tuple[str, str]:
        texts: dict[type, list[str]] = {ThinkingDelta: [], TextDelta: []}
        async for batch in self.client.deltas(REQUEST):
            for delta in batch:
                if isinstance(delta, ThinkingDelta | TextDelta):
                    texts[type(delta)].append(delta.text)
        return "".join(texts[ThinkingDelta]), "".join(texts[TextDelta])


async def rows() -> list[str]:
    """Return what many streams cost, as rows of a table."""
    with serving() as url:
        return [row for protocol in BASE_PATHS for row in await _rows(url, protocol)]


async def _rows(url: str, protocol: str) -> list[str]:
    base_url = f"{url}/{WORDS}/events/{BASE_PATHS[protocol]}"
    client = AsyncClient(KEY, base_url=base_url, protocol=protocol)
    streams = Streams(client)
    await streams.per_chunk_s(1)
    one, many = await medians(
        [partial(streams.per_chunk_s, count) for count in (1, STREAMS)], ROUNDS
    )
    await client.aclose()
    return [
        f"| {protocol}: a chunk of {STREAMS} streams on one client, to a chunk of one | ≤ 1.2 × | {ratio(many, one)} |",
        f"| {protocol}: streams that arrived whole | all | {streams.whole} of {streams.read} |",
    ]
