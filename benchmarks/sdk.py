"""The same stream, read by our client, by openai-python and by the vendor's SDK, each over its own HTTP.

None of their HTTP libraries can be fed alike, so all of them ask one server (`benchmarks.loopback`) on a connection of
their own, and the processor time of this process is counted from the request to the end of the answer: HTTP is in
every figure, the server in none. Clients are made, and have answered once, before. Ours goes all the way to the events
of a view; of the others only the texts are kept, and every answer is compared with what was sent.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import dashscope
import openai
from dashscope.api_entities.aio_session import close_shared_aio_session

from benchmarks.decoding import INFO
from benchmarks.loopback import BASE_PATHS, FRAMINGS, serving
from benchmarks.rounds import medians, ratio
from benchmarks.streams import said
from glm_notebook.client import AsyncClient
from glm_notebook.messages import Message, Request
from glm_notebook.protocol.turn import TurnState

WORDS = 2_000
KEY = "none"
REQUEST = Request("glm-5", (Message("user", "Why is the sky blue?"),))
MESSAGES = [{"role": "user", "content": "Why is the sky blue?"}]

Said: TypeAlias = tuple[str, str]
Read: TypeAlias = Callable[[], Awaitable[Said]]
"""Asks once, and returns thinking and answer."""


@asynccontextmanager
async def ours(base_url: str, protocol: str) -> AsyncIterator[Read]:
    """Read with `AsyncClient` and `TurnState`."""
    client = AsyncClient(KEY, base_url=base_url, protocol=protocol)

    async def read() -> Said:
        turn = TurnState(INFO)
        async for batch in client.deltas(REQUEST):
            for delta in batch:
                turn.apply(delta, 1.0)
        return turn.thinking, turn.text

    yield read
    await client.aclose()


@asynccontextmanager
async def openai_python(base_url: str) -> AsyncIterator[Read]:
    """Read with openai-python's asynchronous client."""
    async with openai.AsyncOpenAI(api_key=KEY, base_url=base_url) as client:

        async def read() -> Said:
            chunks: Any = await client.chat.completions.create(  # type: ignore[call-overload]
                model="glm-5", messages=MESSAGES, stream=True
            )
            return _joined(
                [one.choices[0].delta.model_dump() async for one in chunks if one.choices]
            )

        yield read


def _parameters(base_url: str) -> dict[str, Any]:
    return {
        "model": "glm-5",
        "messages": MESSAGES,
        "api_key": KEY,
        "base_address": base_url,
        "stream": True,
        "result_format": "message",
        "incremental_output": True,
    }


@asynccontextmanager
async def vendor(base_url: str) -> AsyncIterator[Read]:
    """Read with the vendor's blocking call, over requests."""

    async def read() -> Said:
        frames: Any = dashscope.Generation.call(**_parameters(base_url))
        return _joined([one.output.choices[0].message for one in frames])

    yield read


@asynccontextmanager
async def vendor_async(base_url: str) -> AsyncIterator[Read]:
    """Read with the vendor's asynchronous call, over aiohttp."""

    async def read() -> Said:
        frames: Any = await dashscope.AioGeneration.call(**_parameters(base_url))
        return _joined([one.output.choices[0].message async for one in frames])

    yield read
    await close_shared_aio_session()


def _joined(messages: Sequence[Mapping[str, Any]]) -> Said:
    return (
        "".join(one.get("reasoning_content") or "" for one in messages),
        "".join(one.get("content") or "" for one in messages),
    )


@dataclass(frozen=True)
class Peer:
    """A client that others wrote."""

    name: str
    protocol: str
    make: Callable[[str], Any]


PEERS = (
    Peer("openai-python", "openai", openai_python),
    Peer("the vendor's SDK, blocking", "dashscope", vendor),
    Peer("the vendor's SDK, asynchronous", "dashscope", vendor_async),
)


async def _seconds(read: Read) -> float:
    start = time.process_time()
    came = await read()
    took = time.process_time() - start
    assert came == said(WORDS)
    return took


async def rows() -> list[str]:
    """Return how much more the others need than ours, as rows of a table."""
    os.environ.setdefault("NO_PROXY", "127.0.0.1")  # the others would ask a proxy even here
    with serving() as url:
        return [row for framing in FRAMINGS for row in await _rows(url, framing)]


async def _rows(url: str, framing: str) -> list[str]:
    def base_url(protocol: str) -> str:
        return f"{url}/{WORDS}/{framing}/{BASE_PATHS[protocol]}"

    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        reads = [await enter(ours(base_url(name), name)) for name in BASE_PATHS]
        reads += [await enter(peer.make(base_url(peer.protocol))) for peer in PEERS]
        for read in reads:
            await _seconds(read)
        times = await medians([partial(_seconds, read) for read in reads])
    of_ours = dict(zip(BASE_PATHS, times, strict=False))
    return [
        f"| {peer.name}, to ours on the same stream, {FRAMINGS[framing]} | ≥ 4 × | "
        f"{ratio(took, of_ours[peer.protocol])} ({_micro(took)} and {_micro(of_ours[peer.protocol])} a chunk) |"
        for peer, took in zip(PEERS, times[len(BASE_PATHS) :], strict=True)
    ]


def _micro(time_s: float) -> str:
    return f"{time_s / WORDS * 1e6:.0f} µs"
