"""The background event loop that all network work of a kernel runs on, and the ways to wait for it.

A notebook's own loop runs cells; it must never wait for a socket, and a cell must never stop a stream. So
there is one daemon thread with one asyncio loop per process, started at its first use.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

T = TypeVar("T")
Future = concurrent.futures.Future
Loop = asyncio.AbstractEventLoop

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


class MainWork:
    """Functions that the main thread is to call as soon as it waits or is free.

    Whoever waits for a turn serves them. Where nobody waits, a kernel's own loop does, between its cells. What is
    submitted with a loop is served on the thread of that loop alone.
    """

    def __init__(self) -> None:
        self._queue: deque[tuple[Callable[[], Any], Future[Any], Loop | None]] = deque()
        self._lock = threading.Lock()
        self._wakers: list[Callable[[], object]] = []

    def submit(self, work: Callable[[], T], loop: Loop | None = None) -> Future[T]:
        """Have a function called there; what it returns or raises is the future's.

        Parameters
        ----------
        work : callable
            Takes nothing.
        loop : AbstractEventLoop, optional
            The loop of the user's thread, where that is not the kernel's.
        """
        future: Future[T] = Future()
        with self._lock:
            self._queue.append((work, future, loop))
        waiters = tuple(self._wakers)
        if loop is not None:
            with suppress(RuntimeError):  # it is closed: whoever waits next serves
                loop.call_soon_threadsafe(self._serve_quietly)
        for wake in waiters or _of_the_kernel(self._serve_quietly):
            wake()
        return future

    def serve(self) -> None:
        """Call what is due, on this thread.

        Raises
        ------
        KeyboardInterrupt
            A function was interrupted.
        """
        while (due := self._take()) is not None:
            work, future = due
            if future.set_running_or_notify_cancel():
                _complete(future, work)

    def _take(self) -> tuple[Callable[[], Any], Future[Any]] | None:
        """Take the first out of the queue that may be called on this thread."""
        here = running_loop()
        with self._lock:
            for due in self._queue:
                work, future, loop = due
                if loop is None or loop is here or loop.is_closed():
                    self._queue.remove(due)
                    return work, future
        return None

    def _serve_quietly(self) -> None:
        with suppress(
            KeyboardInterrupt
        ):  # who waits for the future is told; a kernel's loop must not end of it
            self.serve()

    @contextmanager
    def waking(self, wake: Callable[[], object]) -> Iterator[None]:
        """Have a waiter woken, which then serves, while this lasts."""
        self._wakers.append(wake)
        try:
            yield
        finally:
            self._wakers.remove(wake)


main_work = MainWork()


def _of_the_kernel(serve: Callable[[], None]) -> tuple[Callable[[], object], ...]:
    """Return how a kernel's own loop is asked to serve; nothing without a kernel."""
    loop = getattr(getattr(shell_of_the_user(), "kernel", None), "io_loop", None)
    return () if loop is None else (lambda: loop.add_callback(serve),)


def running_loop() -> Loop | None:
    """Return the loop that this thread runs, if it does."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def namespace_of_the_user() -> Mapping[str, Any]:
    """Return the variables of the user's cells; without IPython, those of the script."""
    namespace = getattr(shell_of_the_user(), "user_ns", None)
    return vars(sys.modules["__main__"]) if namespace is None else namespace


def shell_of_the_user() -> Any:
    """Return the running IPython; None where there is none, which must not import it."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def _complete(future: Future[Any], work: Callable[[], Any]) -> None:
    try:
        with _interruptible():
            value = work()
    except KeyboardInterrupt as error:
        future.set_exception(error)
        raise
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(value)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let an interrupt reach a function: while a cell awaits, IPython only cancels the cell, which waits for it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        if before is not None:  # None: a handler that is not Python's
            signal.signal(signal.SIGINT, before)


def _nothing() -> None:
    """Stand in for a tick where none is wanted."""


def wait_blocking(future: Future[T], tick: Callable[[], object] = _nothing) -> T:
    """Wait for a future on a thread without a loop, so that Ctrl-C gets through, and serve `main_work` meanwhile.

    Parameters
    ----------
    future : concurrent.futures.Future
        What to wait for.
    tick : callable
        Called on the waiting thread about every `HEARTBEAT_S`.
    """
    awake = threading.Event()
    future.add_done_callback(lambda _: awake.set())
    with main_work.waking(awake.set):
        while not future.done():
            awake.wait(HEARTBEAT_S)
            awake.clear()
            main_work.serve()
            tick()
    tick()
    return future.result()


async def wait_awaiting(future: Future[T], tick: Callable[[], object] = _nothing) -> T:
    """Do as `wait_blocking`, in a loop, which is woken every `HEARTBEAT_S` so that an interrupt gets through.

    The future is not cancelled with the waiter: the caller decides what an interrupt means.
    """
    awake = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wake(_: object = None) -> None:
        with suppress(RuntimeError):  # the waiter's loop was closed in the meantime: nobody waits
            loop.call_soon_threadsafe(awake.set)

    future.add_done_callback(wake)
    with main_work.waking(wake):
        while not future.done():
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(awake.wait(), HEARTBEAT_S)
            awake.clear()
            main_work.serve()
            tick()
    tick()
    return future.result()
