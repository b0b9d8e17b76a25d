"""When a request that failed is sent again, and after how long. No I/O.

A small library could drive the loop, but not what matters here: the wait depends on the class of the error, is told to
the reader before it begins, and ends with Stop.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from glm_notebook.amendment import Amendment, amendment_for
from glm_notebook.errors import (
    APIError,
    GLMError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    TransportError,
)
from glm_notebook.messages import Request
from glm_notebook.protocol.deltas import Delta, RetryDelta, TextDelta, ThinkingDelta, ToolCallDelta

SERVER, RATE, BURST, TIMEOUT = "server", "rate", "burst", "timeout"

_BURST_CODES = {"throttling.burstrate", "limitburstrate"}
BURST_MIN_S = 5.0
"""Shortest wait where requests came too suddenly: coming back sooner is the same mistake."""

DELAYS_S: Mapping[str, Sequence[float]] = {
    SERVER: (0.7, 1.5, 3.0),
    RATE: (2.0, 5.0, 12.0),
    BURST: (6.0, 15.0, 30.0),
    TIMEOUT: (0.7,),
}
"""Longest wait before the second request, the third, … of each class of errors: as many as there may be. The service
names none; its limits lift by themselves within about a minute (protocol notes, 5.3)."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a request is sent, and how long is waited between.

    Only errors that pass by themselves are tried again, and only while nothing has been shown.

    Parameters
    ----------
    attempts : int
        Most requests for one answer; 1 never sends one again.
    total_s : float
        Longest time from the first request to the last, in seconds.
    delays_s : mapping
        As `DELAYS_S`. A wait is a random part of it ("full jitter"), so that many clients do not come back at once.
    jitter : callable
        Returns a number from 0 to 1: for tests.
    """

    attempts: int = 3
    total_s: float = 60.0
    delays_s: Mapping[str, Sequence[float]] = field(default_factory=lambda: DELAYS_S)
    jitter: Callable[[], float] = random.random

    def wait_s(self, error: GLMError, sent: int, elapsed_s: float) -> float | None:
        """Return how long to wait before the next request; None if there shall be none.

        Parameters
        ----------
        error : GLMError
            What the last request failed with.
        sent : int
            How many have been sent, from 1.
        elapsed_s : float
            Seconds since the first was.
        """
        kind = kind_of(error)
        delays = self.delays_s.get(kind or "", ())
        if sent >= self.attempts or sent > len(delays):
            return None
        wait_s = self._asked_s(error)
        if wait_s is None:
            wait_s = max(self.jitter() * delays[sent - 1], BURST_MIN_S if kind == BURST else 0.0)
        return wait_s if elapsed_s + wait_s <= self.total_s else None

    @staticmethod
    def _asked_s(error: GLMError) -> float | None:
        """Return what the server asked for (``Retry-After``), which nobody knows better."""
        return error.retry_after_s if isinstance(error, APIError) else None


def kind_of(error: GLMError) -> str | None:
    """Return the class of delays of an error; None if the same request would fail again."""
    if isinstance(error, RateLimitError):
        return BURST if error.code.lower().replace("_", "") in _BURST_CODES else RATE
    if isinstance(error, RequestTimeoutError):
        return TIMEOUT
    return SERVER if isinstance(error, ServerError | TransportError) else None


_VISIBLE = (TextDelta, ThinkingDelta, ToolCallDelta)


class Tries:
    """The requests that are sent for one answer.

    Parameters
    ----------
    policy : RetryPolicy
        How many there may be, and when.
    clock : callable
        Seconds, monotonic: for tests.
    """

    def __init__(self, policy: RetryPolicy, clock: Callable[[], float] = time.monotonic) -> None:
        self._policy = policy
        self._clock = clock
        self._sent = 1
        self._began_s = clock()
        self._shown = False
        self._amended = False

    def see(self, batch: Sequence[Delta]) -> None:
        """Note what came: once a reader has seen something, nothing is sent again."""
        self._shown = self._shown or any(isinstance(delta, _VISIBLE) for delta in batch)

    def again(self, error: GLMError, request: Request) -> RetryDelta | Amendment | None:
        """Return the wait before the next request, or what has to be changed for it; None if this was the last."""
        if self._shown:
            return None
        amendment = None if self._amended else amendment_for(error, request)
        if amendment is not None:
            self._amended = True
            return amendment
        wait_s = self._policy.wait_s(error, self._sent, self._clock() - self._began_s)
        if wait_s is None:
            return None
        self._sent += 1
        return RetryDelta(error.message.strip(), self._sent, self._policy.attempts, wait_s)
