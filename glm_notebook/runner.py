"""The background event loop that all network work of a kernel runs on, and the ways to wait for it.

A notebook's own loop runs cells; it must never wait for a socket, and a cell must never stop a stream. So
there is one daemon thread with one asyncio loop per process, started at its first use.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
Future = concurrent.futures.Future

HEARTBEAT_S = 0.05
"""How often a waiting main thread wakes. An interrupt of a cell that awaits is delivered only when its loop
wakes (measured: seconds late under one long sleep), so this bounds how late Stop is."""


class Runner:
    """One daemon thread with one asyncio loop."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="glm-runner", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine on the runner's loop, in a copy of the caller's context."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def call(self, function: Callable[..., object], *arguments: object) -> None:
        """Call a function on the runner's thread, soon."""
        self.loop.call_soon_threadsafe(function, *arguments)


_lock = threading.Lock()
_runner: Runner | None = None


def runner() -> Runner:
    """Return the process' runner, starting it at the first call."""
    global _runner
    with _lock:
        if _runner is None:
            _runner = Runner()
        return _runner


def _forget_after_fork() -> None:
    """Threads do not survive a fork: a child that asks for the runner gets one of its own."""
    global _runner, _lock
    _runner, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)


def _nothing() -> None:
    """Stand in for a tick where none is wanted."""


def wait_blocking(future: Future[T], tick: Callable[[], object] = _nothing) -> T:
    """Wait for a future on a thread without a loop, so that Ctrl-C gets through.

    Parameters
    ----------
    future : concurrent.futures.Future
        What to wait for.
    tick : callable
        Called on the waiting thread about every `HEARTBEAT_S`.
    """
    while True:
        done, _ = concurrent.futures.wait([future], timeout=HEARTBEAT_S)
        tick()
        if done:
            return future.result()


async def wait_awaiting(future: Future[T], tick: Callable[[], object] = _nothing) -> T:
    """Wait for a future in a loop, waking it every `HEARTBEAT_S` so that an interrupt gets through.

    The future is not cancelled with the waiter: the caller decides what an interrupt means.
    """
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def tell(_: Future[T]) -> None:
        try:
            loop.call_soon_threadsafe(ended.set)
        except RuntimeError:  # the waiter's loop was closed in the meantime: nobody waits
            return

    future.add_done_callback(tell)
    waiter = asyncio.ensure_future(ended.wait())
    try:
        while not future.done():
            await asyncio.wait({waiter}, timeout=HEARTBEAT_S)
            tick()
    finally:
        waiter.cancel()
    tick()
    return future.result()
