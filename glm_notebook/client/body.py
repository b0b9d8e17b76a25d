"""The body of a response: pieces of bytes, decoded as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import httpx

from glm_notebook.protocol.base import Decoder
from glm_notebook.protocol.deltas import Delta

GRACE_S = 5.0
"""How long to go on reading after the model's end, for the usage that may follow it."""
DRAIN_S = 0.25
"""How long to wait for the end of a body whose content is complete, so that the connection can be kept."""
MAX_TRAILER_BYTES = 64 * 1024
"""Most bytes that are read after the end."""


async def batches(response: httpx.Response, decoder: Decoder) -> AsyncGenerator[list[Delta], None]:
    """Decode a body, and stop waiting for more once its content is complete."""
    chunks = aiter(response.aiter_bytes())
    trailer = 0
    while trailer <= MAX_TRAILER_BYTES:
        wait_s = (DRAIN_S if decoder.done else GRACE_S) if decoder.finished else None
        chunk = await _next(chunks, wait_s)
        if chunk is None:
            break
        if decoder.finished:
            trailer += len(chunk)
        if not decoder.done and (batch := decoder.feed(chunk)):
            yield batch
    if tail := decoder.close():
        yield tail


async def _next(chunks: AsyncIterator[bytes], wait_s: float | None) -> bytes | None:
    """Return the next piece of a body; None at its end or when it does not come in time."""
    if wait_s is None:
        return await anext(chunks, None)
    try:
        return await asyncio.wait_for(anext(chunks, None), wait_s)
    except asyncio.TimeoutError:
        return None
    except httpx.HTTPError:
        return None  # the content is complete: how the connection ends is of no interest


async def read_at_most(response: httpx.Response, limit: int) -> bytes:
    """Read a body that is no stream, and no more of it than a limit."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) >= limit:
            break
    return bytes(body[:limit])
