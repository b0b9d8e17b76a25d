"""What decoding costs: bytes to events, against the least that any client must do with the same stream.

The floor splits the body at line ends and parses each event's JSON, and keeps nothing. Both read the same body, once
as one piece per event (a model that is slower than the network) and once in pieces of 16 KiB (one that is not).
With httpx the body comes through `httpx.MockTransport`; bare, the pieces are given directly. Rounds alternate, and
the medians of processor time are compared. Where openai-python is installed, it reads the same stream.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import statistics
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeAlias

import httpx

from glm_notebook.protocol.openai_compat import OpenAICompatible
from glm_notebook.protocol.turn import TurnInfo, TurnState

EVENTS = 5_000
ROUNDS = 9
PIECE_BYTES = 16 * 1024
BODY_URL = "http://127.0.0.1/v1/"
INFO = TurnInfo("t-1", "glm-5", "127.0.0.1", "default", False, "Why is the sky blue?")
WORDS = (
    "The user",
    " asks",
    " about",
    " light",
    "，散射",
    "与波长的",
    "四次方成反比",
    ".\n\n",
    "`x`",
    " so",
)

Pieces: TypeAlias = Sequence[bytes]


def stream(n: int) -> list[bytes]:
    """Return a stream of n events in the service's own dress, two thirds of them thinking."""
    events = []
    for i in range(n):
        word = WORDS[i % len(WORDS)]
        thinking = i < 2 * n // 3
        delta = {
            "content": None if thinking else word,
            "reasoning_content": word if thinking else None,
        }
        events.append(
            _event([{"finish_reason": None, "logprobs": None, "delta": delta, "index": 0}])
        )
    delta = {"content": "", "reasoning_content": None}
    events.append(_event([{"finish_reason": "stop", "delta": delta, "index": 0, "logprobs": None}]))
    events.append(_event([], {"prompt_tokens": 9, "completion_tokens": n, "total_tokens": n + 9}))
    return [*events, b"data: [DONE]\n\n"]


def _event(choices: list[dict[str, Any]], usage: dict[str, int] | None = None) -> bytes:
    chunk = {
        "choices": choices,
        "object": "chat.completion.chunk",
        "usage": usage,
        "created": 1770000000,
        "system_fingerprint": None,
        "model": "glm-5",
        "id": "chatcmpl-0c1d3f5a-7b9c-4d2e-8f60-a1b2c3d4e5f6",
    }
    return f"data: {json.dumps(chunk, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()


def in_pieces(events: Pieces) -> list[bytes]:
    """Return the same stream in pieces that know nothing of events."""
    body = b"".join(events)
    return [body[at : at + PIECE_BYTES] for at in range(0, len(body), PIECE_BYTES)]


class Floor:
    """Split, parse, forget."""

    def __init__(self) -> None:
        self.held = b""

    def feed(self, piece: bytes) -> None:
        """Take a piece."""
        lines = (self.held + piece).split(b"\n")
        self.held = lines.pop()
        for line in lines:
            if line.startswith(b"data: ") and line != b"data: [DONE]":
                json.loads(line[6:])


class Ours:
    """All the way to the events that a view is sent."""

    def __init__(self) -> None:
        self.decoder = OpenAICompatible().decoder()
        self.state = TurnState(INFO)

    def feed(self, piece: bytes) -> None:
        """Take a piece."""
        for delta in self.decoder.feed(piece):
            self.state.apply(delta, 1.0)


Reader: TypeAlias = Callable[[], Floor | Ours]


def bare_s(reader: Reader, pieces: Pieces) -> float:
    """Return the time that a reader needs for pieces that are there."""
    start = time.process_time()
    one = reader()
    for piece in pieces:
        one.feed(piece)
    return time.process_time() - start


def httpx_s(reader: Reader, pieces: Pieces) -> float:
    """Return the time that a reader and httpx need."""

    async def read() -> float:
        transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Body(pieces)))
        async with httpx.AsyncClient(transport=transport) as client:
            start = time.process_time()
            async with client.stream("GET", BODY_URL) as response:
                one = reader()
                async for piece in response.aiter_raw():
                    one.feed(piece)
            return time.process_time() - start

    return asyncio.run(read())


class Body(httpx.AsyncByteStream):
    """A body in pieces that are there."""

    def __init__(self, pieces: Pieces) -> None:
        self.pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece


def openai_s(pieces: Pieces) -> float | None:
    """Return the time that openai-python needs; None where it is not installed."""
    try:
        openai = importlib.import_module("openai")
        base_client = importlib.import_module("openai._base_client")
    except ImportError:
        return None
    # openai-python 3 stands on httpx2, older ones on httpx: its own module knows.
    http = getattr(base_client, "httpx2", None) or base_client.httpx

    class OpenAIBody(http.AsyncByteStream):  # type: ignore[misc, name-defined]
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for piece in pieces:
                yield piece

    def answer(_: Any) -> Any:
        headers = {"content-type": "text/event-stream"}
        return http.Response(200, headers=headers, stream=OpenAIBody())

    async def read() -> float:
        pool = http.AsyncClient(transport=http.MockTransport(answer))
        async with openai.AsyncOpenAI(
            api_key="none", base_url=BODY_URL, http_client=pool
        ) as client:
            start = time.process_time()
            chunks = await client.chat.completions.create(
                model="glm-5", messages=[{"role": "user", "content": "hi"}], stream=True
            )
            async for _ in chunks:
                pass
            return time.process_time() - start

    return asyncio.run(read())


def median_s(measures: Iterable[Callable[[], float | None]]) -> list[float | None]:
    """Return the median of each, taken in turns, with the collector out of the way."""
    measures = list(measures)
    times: list[list[float | None]] = [[] for _ in measures]
    for _ in range(ROUNDS):
        for measure, taken in zip(measures, times, strict=True):
            gc.collect()
            taken.append(measure())
    return [None if None in one else statistics.median(one) for one in times]  # type: ignore[type-var]


def _ratio(numerator: float | None, floor: float | None) -> str:
    return "not installed" if numerator is None or floor is None else f"{numerator / floor:.2f} ×"


def ratios(events: Pieces) -> list[str]:
    """Return how much more than the floor decoding costs, as rows of a table."""
    rows = []
    for how, pieces in (("an event at a time", events), ("16 KiB at a time", in_pieces(events))):
        floor, ours, bare_floor, bare, openai = median_s(
            (
                partial(httpx_s, Floor, pieces),
                partial(httpx_s, Ours, pieces),
                partial(bare_s, Floor, pieces),
                partial(bare_s, Ours, pieces),
                partial(openai_s, pieces),
            )
        )
        assert bare is not None
        per_event = f"{bare / len(events) * 1e6:.1f} µs an event"
        rows += [
            f"| bytes to events over httpx and `json.loads`, {how} | ≤ 2 × | {_ratio(ours, floor)} |",
            f"| the same without httpx, {how} | | {_ratio(bare, bare_floor)} ({per_event}) |",
            f"| openai-python on the same, {how} | | {_ratio(openai, floor)} |",
        ]
    return rows


def linearity() -> str:
    """Return what twice and four times the events cost, as a row of a table."""
    streams = [stream(n) for n in (EVENTS, EVENTS * 2, EVENTS * 4)]
    once, twice, four = median_s(partial(bare_s, Ours, one) for one in streams)
    return f"| 2 and 4 times the events | 2 ×, 4 × | {_ratio(twice, once)}, {_ratio(four, once)} |"


def main() -> list[str]:
    """Measure, and return the rows of a Markdown table."""
    return [*ratios(stream(EVENTS)), linearity()]


if __name__ == "__main__":
    print("\n".join(main()))
