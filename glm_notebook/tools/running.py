"""Running a call: where, how long, and what came of it. Knows no kernel: who calls says what its main thread is."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from glm_notebook.tools import tracebacks
from glm_notebook.tools.arguments import Call
from glm_notebook.tools.tool import Tool

Work = Callable[[], Any]
OnMain = Callable[[Work], Awaitable[Any]]
"""Calls a function on the main thread, when it is free, and returns or raises what the function does."""

GRACE_S = 1.0
"""How long an async tool that is stopped may take to clean up. Afterwards nobody waits for it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call."""

    status: Literal["done", "failed", "timed out"] = "done"
    value: Any = None
    """What the function returned, where it did."""
    for_model: str = ""
    """What the model is told where the function did not return."""
    traceback: str = ""
    """For the user, where the function raised."""


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a call ended: an exception is kept as a value, because a task that raises Ctrl-C takes its loop along."""

    value: Any = None
    error: BaseException | None = None


async def run(
    tool: Tool, call: Call, *, on_main: OnMain, place: tracebacks.Place = tracebacks.place_of
) -> Outcome:
    """Run one call, and wait for it.

    An async function runs on this loop, another one on the main thread, or on a thread of its own if the tool says so;
    what it returns is awaited if it can be. The time of a timeout runs from when the function is entered: a kernel that
    is busy costs nothing.

    Cancelling this cancels an async function, and waits `GRACE_S` for it. Another one cannot be stopped once entered:
    it runs on, and nobody hears of it.

    Parameters
    ----------
    tool : Tool
    call : Call
        What `Tool.bind` gave.
    on_main : callable
    place : callable
        Names a source file to the model; see `tracebacks`.

    Raises
    ------
    KeyboardInterrupt
        The kernel was interrupted while the function ran. Everything else that it raises is an outcome.
    """
    outcome = await _outcome(tool, call, on_main, place)
    if isinstance(outcome, KeyboardInterrupt):
        raise outcome
    return outcome


async def run_all(
    calls: Sequence[tuple[Tool, Call]],
    *,
    on_main: OnMain,
    place: tracebacks.Place = tracebacks.place_of,
) -> list[Outcome]:
    """Run the calls of one round: those on the main thread one after another, all others at the same time.

    Parameters
    ----------
    calls : sequence of (Tool, Call)
    on_main, place
        As for `run`.

    Returns
    -------
    list of Outcome
        In the order of the calls.

    Raises
    ------
    KeyboardInterrupt
        As for `run`; the calls that run are cancelled, and no further one starts.
    """
    outcomes: dict[int, Outcome] = {}

    async def lane(numbers: Sequence[int]) -> KeyboardInterrupt | None:
        for number in numbers:
            outcome = await _outcome(*calls[number], on_main, place)
            if isinstance(outcome, KeyboardInterrupt):
                return outcome
            outcomes[number] = outcome
        return None

    await _side_by_side([asyncio.ensure_future(lane(numbers)) for numbers in _lanes(calls)])
    return [outcomes[number] for number in range(len(calls))]


def _lanes(calls: Sequence[tuple[Tool, Call]]) -> list[list[int]]:
    """Return the numbers of the calls that have to wait for each other."""
    alone = [[number] for number, (tool, _) in enumerate(calls) if tool.is_async or tool.thread]
    apart = {number for (number,) in alone}
    return [*alone, [number for number in range(len(calls)) if number not in apart]]


async def _side_by_side(lanes: Sequence[asyncio.Future[KeyboardInterrupt | None]]) -> None:
    """Wait for all lanes; when one was interrupted, or the waiter is cancelled, end them all."""
    ahead = set(lanes)
    try:
        while ahead:
            done, ahead = await asyncio.wait(ahead, return_when=asyncio.FIRST_COMPLETED)
            for interrupt in filter(None, [lane.result() for lane in done]):
                raise interrupt
    finally:
        for lane in ahead:
            lane.cancel()
        if ahead:
            await asyncio.wait(ahead)


async def _outcome(
    tool: Tool, call: Call, on_main: OnMain, place: tracebacks.Place
) -> Outcome | KeyboardInterrupt:
    ended = await _in_time(tool, call, on_main)
    if ended is None:
        return Outcome("timed out", for_model=_timed_out(tool))
    if isinstance(ended.error, KeyboardInterrupt):
        return ended.error
    if ended.error is not None:
        said = tracebacks.for_model(ended.error, place)
        return Outcome("failed", None, said, tracebacks.whole(ended.error, __file__))
    return Outcome(value=ended.value)


def _timed_out(tool: Tool) -> str:
    said = f"{tool.name} did not end within {tool.timeout_s:g} s"
    if tool.is_async:
        return f"{said} and was cancelled. Ask it for less, or do without."
    return (
        f"{said}. It cannot be stopped and still runs. Do not call it again with these arguments."
    )


async def _in_time(tool: Tool, call: Call, on_main: OnMain) -> _Ended | None:
    """Return how a call ended; None if it did not in its time."""
    entered = asyncio.Event()
    task = asyncio.ensure_future(_ended(tool, call, on_main, entered))
    waiter = asyncio.ensure_future(entered.wait())
    try:
        await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({task}, timeout=tool.timeout_s)
        if task.cancelled():  # by nobody here: a cancelled turn does not get this far
            return _Ended(error=asyncio.CancelledError("it cancelled itself"))
        return task.result() if task.done() else None
    finally:
        waiter.cancel()
        if task.cancel():
            await asyncio.wait({task}, timeout=GRACE_S)


async def _ended(tool: Tool, call: Call, on_main: OnMain, entered: asyncio.Event) -> _Ended:
    loop = asyncio.get_running_loop()

    def enter() -> _Ended:
        with suppress(RuntimeError):  # the loop was closed in the meantime: nobody waits
            loop.call_soon_threadsafe(entered.set)
        try:
            return _Ended(tool.function(*call.args, **call.kwargs))
        except KeyboardInterrupt:
            raise
        except (
            BaseException
        ) as error:  # a future cannot carry StopIteration, and exit() must not end the kernel
            return _Ended(error=error)

    try:
        ended: _Ended = enter() if tool.is_async else await _where(tool, on_main)(enter)
        return _Ended(await ended.value) if inspect.isawaitable(ended.value) else ended
    except asyncio.CancelledError:
        raise
    except BaseException as error:
        return _Ended(error=error)


def _where(tool: Tool, on_main: OnMain) -> OnMain:
    return _in_thread if tool.thread else on_main


async def _in_thread(work: Work) -> Any:
    """Run on a thread of its own. It is a daemon: a function that never ends does not keep the process alive."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def deliver(ended: _Ended) -> None:
        if not future.done():
            future.set_result(ended)

    def body() -> None:
        try:
            ended = work()
        except KeyboardInterrupt as error:
            ended = _Ended(error=error)
        with suppress(RuntimeError):  # as in `enter`
            loop.call_soon_threadsafe(deliver, ended)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(body,), name="glm-tool", daemon=True).start()
    return await future
