"""Rounds that take turns, and what is made of them: this machine is never quiet."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

ROUNDS = 9

Measure: TypeAlias = Callable[[], Awaitable[float]]
"""Returns the processor time of one run, in seconds."""


async def medians(measures: Sequence[Measure], rounds: int = ROUNDS) -> list[float]:
    """Return the median of each, taken in turns, with the collector out of the way."""
    times: list[list[float]] = [[] for _ in measures]
    for _ in range(rounds):
        for measure, taken in zip(measures, times, strict=True):
            gc.collect()
            taken.append(await measure())
    return [statistics.median(one) for one in times]


def ratio(time_s: float, of_s: float) -> str:
    """Write how much longer one took than another."""
    return f"{time_s / of_s:.2f} ×"
