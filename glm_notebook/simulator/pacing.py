"""Sending items when they are due.

Every item is due at a time counted from the start of the reply, not from the item before it, so that
a late one delays no other and a thousand tokens a second are a thousand. What is due together leaves
in one write.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from glm_notebook.simulator.sse import Cut, Event, Item, Raw, Stall

_WRITE_BYTES = 64 * 1024


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> float:
        """Return the time in seconds."""

    async def sleep(self, seconds: float) -> None:
        """Let that many seconds pass."""


class LoopClock:
    """The clock of the running event loop."""

    def now(self) -> float:
        """Return the loop's time in seconds."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Let that many seconds pass; infinity lasts until the task is cancelled."""
        await asyncio.sleep(seconds)


class Outlet(Protocol):
    """Where the bytes go."""

    async def open(self) -> None:
        """Send status and headers, if they have not been sent."""

    async def send(self, data: bytes) -> None:
        """Send a part of the body."""

    async def cut(self) -> None:
        """Break the connection."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a reply comes."""

    tokens_per_s: float = 0.0
    """0 or infinity is flat out."""
    first_token_s: float = 0.0

    def due_s(self, at_token: int) -> float:
        """Return when the model has produced that many tokens, in seconds from the start."""
        if self.tokens_per_s in (0, math.inf):
            return self.first_token_s
        return self.first_token_s + at_token / self.tokens_per_s


def check_pace(tokens_per_s: float | None, first_token_s: float | None) -> None:
    """Refuse what is no pace.

    Raises
    ------
    ValueError
        If one of them is negative or not a number.
    """
    for name, value in (("tokens_per_s", tokens_per_s), ("first_token_s", first_token_s)):
        if value is not None and not value >= 0:
            raise ValueError(f"{name} is {value}; it should be 0 or more")


async def play(items: Iterable[Item], pace: Pace, outlet: Outlet, clock: Clock) -> bool:
    """Send items at their time.

    Returns
    -------
    bool
        Whether the end was reached; False if the connection was cut.
    """
    start = clock.now()
    batch = bytearray()
    for item in items:
        match item:
            case Event() | Raw():
                wait = start + pace.due_s(item.at_token) - clock.now()
                if wait > 0 or len(batch) >= _WRITE_BYTES:
                    await _send(batch, outlet)
                    await clock.sleep(max(wait, 0))  # 0 lets other connections have their turn
                batch += item.encode()
            case Stall():
                await _send(batch, outlet)
                await outlet.open()
                began = clock.now()
                await clock.sleep(math.inf if item.seconds is None else item.seconds)
                start += clock.now() - began
            case Cut():
                await _send(batch, outlet)
                await outlet.cut()
                return False
    await _send(batch, outlet)
    return True


async def _send(batch: bytearray, outlet: Outlet) -> None:
    if batch:
        data = bytes(batch)
        batch.clear()
        await outlet.send(data)
