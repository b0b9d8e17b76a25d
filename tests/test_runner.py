from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading

import pytest

from glm_notebook import runner as module
from glm_notebook.runner import Future, runner, wait_awaiting, wait_blocking


def test_there_is_one_runner_and_it_is_a_daemon() -> None:
    assert runner() is runner()

    async def where() -> threading.Thread:
        return threading.current_thread()

    thread = runner().submit(where()).result(5)
    assert thread.daemon
    assert thread is not threading.current_thread()


def test_a_wait_passes_results_and_errors_on() -> None:
    async def give(value: object) -> object:
        if isinstance(value, Exception):
            raise value
        return value

    assert wait_blocking(runner().submit(give(1))) == 1
    with pytest.raises(ZeroDivisionError):
        wait_blocking(runner().submit(give(ZeroDivisionError())))
    assert asyncio.run(wait_awaiting(runner().submit(give(2)))) == 2


@pytest.mark.parametrize("awaiting", [False, True])
def test_the_waiting_thread_keeps_ticking(awaiting: bool) -> None:
    future: Future[int] = concurrent.futures.Future()
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        if ticks == 3:
            future.set_result(7)

    result = asyncio.run(wait_awaiting(future, tick)) if awaiting else wait_blocking(future, tick)
    assert (result, ticks >= 3) == (7, True)


def test_a_cancelled_waiter_leaves_the_future_alone() -> None:
    future: Future[int] = concurrent.futures.Future()

    async def cancel() -> None:
        waiter = asyncio.ensure_future(wait_awaiting(future))
        await asyncio.sleep(0)
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter

    asyncio.run(cancel())
    future.set_result(1)  # the loop of the waiter is closed by now
    assert future.result() == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_gets_a_runner_of_its_own() -> None:
    before = runner()
    module._forget_after_fork()
    try:
        assert runner() is not before
    finally:
        module._runner = before
