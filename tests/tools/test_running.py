from __future__ import annotations

import asyncio
import contextvars
import gc
import linecache
import selectors
import threading
import time
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import pytest

from glm_notebook.tools import Call, Outcome, Tool, run, run_all
from glm_notebook.tools.running import GRACE_S
from glm_notebook.tools.tracebacks import place_of

T = TypeVar("T")
NOTHING = Call()


async def here(work: Callable[[], Any]) -> Any:
    """Be the main thread."""
    return work()


def outcome(tool: Tool, call: Call = NOTHING) -> Outcome:
    return asyncio.run(run(tool, call, on_main=here))


class _Clock(selectors.SelectSelector):
    """Waits for nothing: it says that the time has passed."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        assert timeout is not None, "a deadlock"
        self.now_s += timeout
        return super().select(0)


class _TimelessLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.clock = _Clock()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.now_s


def timeless(work: Coroutine[Any, Any, T]) -> tuple[T, float]:
    """Run a coroutine on a clock that jumps; return its result, and the seconds that it believes to have taken."""
    loop = _TimelessLoop()
    try:
        return loop.run_until_complete(work), loop.time()
    finally:
        loop.close()


def add(a: int, b: int = 1) -> int:
    return a + b


async def add_async(a: int, b: int = 1) -> int:
    return a + b


def add_later(a: int, b: int = 1) -> Awaitable[int]:
    return add_async(a, b)


@pytest.mark.parametrize("function", [add, add_async, add_later])
@pytest.mark.parametrize("thread", [False, True])
def test_what_a_function_returns_is_the_value(function: Callable[..., Any], thread: bool) -> None:
    done = outcome(Tool(function, thread=thread), Call((2,), {"b": 3}))
    assert done == Outcome("done", 5)


def where() -> int:
    return threading.get_ident()


async def where_async() -> int:
    return threading.get_ident()


def test_functions_run_where_they_should() -> None:
    mains: list[int] = []

    async def on_main(work: Callable[[], Any]) -> Any:
        mains.append(1)
        return work()

    async def all_three() -> list[Any]:
        tools = (Tool(where), Tool(where_async), Tool(where, "apart", thread=True))
        return [(await run(one, NOTHING, on_main=on_main)).value for one in tools]

    on_main_thread, on_loop, apart = asyncio.run(all_three())
    assert on_main_thread == on_loop == threading.get_ident() != apart
    assert mains == [1]


def test_a_thread_knows_the_context_of_its_turn() -> None:
    cell = contextvars.ContextVar[str]("cell")
    cell.set("7")
    assert outcome(Tool(lambda: cell.get(), "peek", thread=True)).value == "7"


def fails(column: str) -> None:
    table: dict[str, int] = {}
    try:
        table[column]
    except KeyError as error:
        raise ValueError(f"no column {column!r}") from error


async def fails_async(column: str) -> None:
    fails(column)


def fails_later(column: str) -> Awaitable[None]:
    return fails_async(column)


@pytest.mark.parametrize("function", [fails, fails_async, fails_later])
@pytest.mark.parametrize("thread", [False, True])
def test_an_exception_is_told_with_the_last_line_of_the_users_own(
    function: Callable[..., Any], thread: bool
) -> None:
    failed = outcome(Tool(function, thread=thread), Call((), {"column": "x"}))
    line = fails.__code__.co_firstlineno + 5
    assert failed.status == "failed"
    assert failed.for_model == (
        "ValueError: no column 'x'\n"
        f"at test_running.py, line {line}, in fails: "
        """raise ValueError(f"no column {column!r}") from error"""
    )
    assert "KeyError: 'x'" in failed.traceback
    assert "direct cause" in failed.traceback
    assert failed.traceback.endswith("ValueError: no column 'x'")
    assert "running.py" not in failed.traceback.replace("test_running.py", "")
    assert "asyncio" not in failed.traceback


def test_the_last_line_is_the_users_not_the_librarys() -> None:
    def read() -> Any:
        import json

        return json.loads("{")

    failed = outcome(Tool(read))
    assert failed.for_model.endswith('in read: return json.loads("{")')
    assert "json/decoder.py" in failed.traceback


def test_a_function_of_a_library_has_no_line_of_the_users() -> None:
    import statistics

    assert outcome(Tool(statistics.mode), Call(([],))).for_model == (
        "StatisticsError: no mode for empty data"
    )


@pytest.mark.parametrize(
    ("file", "place"),
    [
        ("<ipython-input-3-0a1b2c>", "cell [3]"),
        ("/somewhere/ipykernel_12/345.py", "a notebook cell"),
        ("/home/somebody/analysis/tools.py", "tools.py"),
    ],
)
def test_files_are_told_without_the_folders_of_a_machine(file: str, place: str) -> None:
    assert place_of(file) == place


def test_a_cell_is_told_as_the_kernel_names_it() -> None:
    source = "def f():\n    return 1 / 0\n"
    file = "<ipython-input-3-0a1b2c>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    namespace: dict[str, Any] = {}
    exec(compile(source, file, "exec"), namespace)  # noqa: S102 - a cell is code
    tool = Tool(namespace["f"])
    assert outcome(tool).for_model == (
        "ZeroDivisionError: division by zero\nat cell [3], line 2, in f: return 1 / 0"
    )
    named = asyncio.run(run(tool, NOTHING, on_main=here, place=lambda file: f"<{file[1:8]}>"))
    assert "at <ipython>, line 2" in named.for_model


class Speechless(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError(), "ValueError\n"),
        (ValueError("x" * 5000), f"ValueError: {'x' * 999}…\n"),
        (ValueError("\ud800"), "ValueError: \\ud800\n"),
        (Speechless(), "Speechless: its message cannot be read\n"),
        (StopIteration(3), "StopIteration: 3\n"),
        (SystemExit(1), "SystemExit: 1\n"),
        (GeneratorExit(), "GeneratorExit\n"),
        (asyncio.CancelledError("no"), "CancelledError: no\n"),
        (TimeoutError("of its own"), "TimeoutError: of its own\n"),
    ],
    ids=range(9),
)
@pytest.mark.parametrize("thread", [False, True])
def test_whatever_is_raised_is_an_outcome(error: BaseException, said: str, thread: bool) -> None:
    def throw() -> None:
        raise error

    failed = outcome(Tool(throw, thread=thread, timeout_s=3600))
    assert failed.status == "failed"
    assert failed.for_model.startswith(said)
    assert failed.traceback


def test_a_function_that_calls_itself_for_ever_is_an_outcome() -> None:
    def again() -> None:
        again()

    failed = outcome(Tool(again))
    assert failed.for_model.startswith("RecursionError: ")
    assert len(failed.traceback) < 10_000


@pytest.mark.parametrize("error", [SystemExit(1), asyncio.CancelledError(), RuntimeError("x")])
def test_what_an_async_function_raises_is_an_outcome(error: BaseException) -> None:
    async def throw() -> None:
        raise error

    failed = outcome(Tool(throw))
    assert failed.status == "failed"
    assert failed.for_model.startswith(type(error).__name__)


def interrupted() -> None:
    raise KeyboardInterrupt


async def interrupted_async() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("function", [interrupted, interrupted_async])
@pytest.mark.parametrize("thread", [False, True])
def test_an_interrupt_passes_and_leaves_the_loop_alive(
    function: Callable[..., Any], thread: bool
) -> None:
    async def twice() -> list[str]:
        caught = []
        for work in (run, _all):
            try:
                await work(Tool(function, thread=thread), NOTHING, on_main=here)
            except KeyboardInterrupt:
                caught.append(work.__name__)
        return caught

    assert asyncio.run(twice()) == ["run", "_all"]


def test_the_main_thread_hears_of_its_interrupt() -> None:
    heard: list[BaseException] = []

    async def on_main(work: Callable[[], Any]) -> Any:
        try:
            return work()
        except KeyboardInterrupt as error:
            heard.append(error)
            raise

    async def caught() -> None:
        with pytest.raises(KeyboardInterrupt):
            await run(Tool(interrupted), NOTHING, on_main=on_main)

    asyncio.run(caught())
    assert len(heard) == 1


async def _all(tool: Tool, call: Call, *, on_main: Any) -> Any:
    return await run_all([(tool, call), (tool, call)], on_main=on_main)


def test_an_async_function_is_cancelled_at_its_timeout() -> None:
    ends: list[str] = []

    async def forever() -> None:
        try:
            await asyncio.sleep(1e6)
        finally:
            ends.append("cleaned up")

    late, took_s = timeless(run(Tool(forever, timeout_s=30), NOTHING, on_main=here))
    assert late == Outcome(
        "timed out",
        for_model="forever did not end within 30 s and was cancelled. Ask it for less, or do without.",
    )
    assert (ends, took_s) == (["cleaned up"], 30)


def test_a_function_that_ends_in_time_is_not_late() -> None:
    async def soon() -> int:
        await asyncio.sleep(29)
        return 1

    done, _ = timeless(run(Tool(soon, timeout_s=30), NOTHING, on_main=here))
    assert done == Outcome("done", 1)


def test_who_does_not_let_itself_be_cancelled_is_not_waited_for() -> None:
    async def late_and_seconds() -> tuple[Outcome, float]:
        free = asyncio.Event()

        async def stubborn() -> None:
            while not free.is_set():
                with suppress(asyncio.CancelledError):
                    await free.wait()

        late = await run(Tool(stubborn, timeout_s=30), NOTHING, on_main=here)
        took_s = asyncio.get_running_loop().time()
        free.set()
        await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})
        return late, took_s

    (late, took_s), _ = timeless(late_and_seconds())
    assert late.status == "timed out"
    assert took_s == 30 + GRACE_S


@pytest.mark.parametrize("thread", [False, True])
def test_a_function_that_cannot_be_stopped_is_said_to_run_on(thread: bool) -> None:
    goes_on = threading.Event()
    ended = threading.Event()

    def slow() -> None:
        goes_on.wait()
        ended.set()

    async def on_main(work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(None, work)

    async def late_then_ended() -> Outcome:
        late = await run(Tool(slow, thread=thread, timeout_s=0.01), NOTHING, on_main=on_main)
        assert not ended.is_set()
        goes_on.set()
        await asyncio.to_thread(ended.wait)
        return late

    late = asyncio.run(late_then_ended())
    assert late.status == "timed out"
    assert late.for_model == (
        "slow did not end within 0.01 s. It cannot be stopped and still runs. "
        "Do not call it again with these arguments."
    )


def test_the_time_that_the_kernel_is_busy_does_not_count() -> None:
    async def on_main(work: Callable[[], Any]) -> Any:
        await asyncio.sleep(1000)
        return work()

    done, took_s = timeless(run(Tool(add, timeout_s=1), Call((1,)), on_main=on_main))
    assert done == Outcome("done", 2)
    assert took_s == 1000


def test_a_function_that_waits_for_the_kernel_does_not_start_once_it_is_cancelled() -> None:
    started: list[int] = []

    async def cancelled() -> None:
        free = asyncio.Event()

        async def on_main(work: Callable[[], Any]) -> Any:
            await free.wait()
            return work()

        calls = [(Tool(lambda: started.append(1), "mark"), NOTHING)] * 2
        task = asyncio.ensure_future(run_all(calls, on_main=on_main))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        free.set()

    timeless(cancelled())
    assert started == []


@pytest.mark.parametrize("together", [False, True])
def test_cancelling_cancels_the_function_and_waits_for_it(together: bool) -> None:
    ends: list[str] = []

    async def forever() -> None:
        try:
            await asyncio.sleep(1e6)
        finally:
            await asyncio.sleep(0.5)
            ends.append("cleaned up")

    async def cancelled() -> None:
        tool = Tool(forever)
        work = _all if together else run
        task: asyncio.Future[Any] = asyncio.ensure_future(work(tool, NOTHING, on_main=here))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    timeless(cancelled())
    assert ends == ["cleaned up"] * (2 if together else 1)


def test_fifty_async_tools_run_at_the_same_time() -> None:
    running: list[int] = []

    async def all_together(number: int, begun: asyncio.Event) -> int:
        running.append(number)
        if len(running) == 50:
            begun.set()
        await begun.wait()  # nobody ends before all have begun
        await asyncio.sleep(0.1)
        return number

    async def together() -> list[Outcome]:
        begun = asyncio.Event()
        calls = [(Tool(all_together), Call((number, begun))) for number in range(50)]
        return await run_all(calls, on_main=here)

    outcomes, took_s = timeless(together())
    assert [one.value for one in outcomes] == list(range(50))
    assert took_s == pytest.approx(0.1)


def test_tools_on_the_main_thread_run_in_order_while_others_run() -> None:
    log: list[str] = []
    both = threading.Barrier(2)

    def first() -> str:
        log.append("first")
        return "1"

    def second() -> str:
        log.append("second")
        return "2"

    def apart() -> str:
        both.wait()
        return "apart"

    def meets() -> str:
        both.wait()  # only if the other thread runs meanwhile
        return "met"

    async def on_main(work: Callable[[], Any]) -> Any:
        log.append("free")
        return await asyncio.to_thread(work)

    tools = [Tool(first), Tool(apart, thread=True), Tool(meets), Tool(add_async), Tool(second)]
    calls = [(one, Call((1,)) if one.is_async else NOTHING) for one in tools]
    outcomes = asyncio.run(run_all(calls, on_main=on_main))
    assert [one.value for one in outcomes] == ["1", "apart", "met", 2, "2"]
    assert log == ["free", "first", "free", "free", "second"]


def test_one_failure_leaves_the_others() -> None:
    calls = [(Tool(fails), Call(("x",))), (Tool(add), Call((1,))), (Tool(add_async), Call((2,)))]
    outcomes = asyncio.run(run_all(calls, on_main=here))
    assert [one.status for one in outcomes] == ["failed", "done", "done"]
    assert asyncio.run(run_all([], on_main=here)) == []


def test_an_interrupt_ends_the_round() -> None:
    seen: list[str] = []

    async def forever() -> None:
        try:
            await asyncio.sleep(1e6)
        finally:
            seen.append("cancelled")

    async def interrupted_round() -> None:
        calls = [
            (Tool(forever), NOTHING),
            (Tool(interrupted), NOTHING),
            (Tool(lambda: seen.append("ran"), "never"), NOTHING),
        ]
        with pytest.raises(KeyboardInterrupt):
            await run_all(calls, on_main=on_main)

    async def on_main(work: Callable[[], Any]) -> Any:
        await asyncio.sleep(1)
        return work()

    timeless(interrupted_round())
    assert seen == ["cancelled"]


def test_what_has_run_is_let_go() -> None:
    class Big:
        pass

    alive: list[Any] = []

    def hold() -> None:
        big = Big()
        alive.append(weakref.ref(big))
        raise ValueError

    failed = outcome(Tool(hold))
    gc.collect()
    assert failed.status == "failed"
    assert alive[0]() is None


def test_the_overhead_of_a_call_is_below_five_milliseconds() -> None:
    async def many() -> float:
        tool = Tool(add)
        await run(tool, Call((1,)), on_main=here)
        began = time.process_time()
        for _ in range(50):
            await run(tool, Call((1,)), on_main=here)
        return (time.process_time() - began) / 50

    assert asyncio.run(many()) < 0.005


def test_nothing_is_left_of_a_round() -> None:
    async def left() -> int:
        await run_all([(Tool(add_async), Call((1,))), (Tool(fails), Call(("x",)))], on_main=here)
        await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    assert asyncio.run(left()) == 1
