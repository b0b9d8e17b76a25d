"""Runs the calls that a model has asked for: which may run, where, and what is told of each while it does. No IPython.

Everything here happens on the runner's loop, but for the functions themselves.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, Protocol, TypeAlias

from glm_notebook.errors import ToolError
from glm_notebook.messages import ToolCall
from glm_notebook.runner import Loop, main_work, runner
from glm_notebook.snapshot import CallState, Output
from glm_notebook.tools import ArgumentError, Call, Outcome, Tool, Tools, run

Mode = Literal["auto", "ask", "never"]
MODES: tuple[Mode, ...] = ("auto", "ask", "never")
"""Whether calls are approved first: of the tools that say so, all of them, or none."""

MAX_PRINTED = 100_000
"""Most characters of one call's output that are kept: a function that prints without end must not fill a notebook."""
BUSY_S = 0.3
"""After how long a call that waits for the main thread says so."""
PAGE_S = 2.0
"""How long a page may take to appear before a question is asked by `input`."""
STOPPED = "The user stopped this call."


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to a question whether a call may run."""

    approved: bool
    always: bool = False
    """Whether later calls of the same tool may run unasked."""
    reason: str = ""
    """Told to the model, where it may not."""


@dataclass(slots=True)
class Approvals:
    """What a conversation's calls need."""

    mode: Mode = "auto"
    always: set[str] = field(default_factory=set)
    """Names of tools that were approved for good."""

    def needed(self, tool: Tool) -> bool:
        """Tell whether a call of a tool has to be asked for."""
        if self.mode == "never" or tool.name in self.always:
            return False
        return self.mode == "ask" or tool.approve


Emit: TypeAlias = Callable[[Output], None]
Capture: TypeAlias = Callable[[Emit], AbstractContextManager[object]]
"""Has what is printed and displayed within it emitted, on whichever thread."""


def no_capture(emit: Emit) -> AbstractContextManager[object]:
    """Leave output where it goes: for scripts."""
    return nullcontext()


class Listener(Protocol):
    """The turn, as its calls know it. All of this is called on the runner's loop."""

    def change_call(self, index: int, state: CallState) -> None:
        """Say what becomes of a call."""

    def add_output(self, index: int, output: Output) -> None:
        """Say what it has printed or displayed."""

    def set_result(self, index: int, text: str, traceback: str = "") -> None:
        """Say what the model is told."""


class Calls:
    """The calls of one turn.

    Parameters
    ----------
    tools : Tools
        What the model may call.
    approvals : Approvals
        What has to be asked for first.
    turn : Listener
        Is told what becomes of each call.
    """

    def __init__(self, tools: Tools, approvals: Approvals, turn: Listener) -> None:
        self._tools = tools
        self._approvals = approvals
        self._turn = turn
        self._tasks: dict[int, asyncio.Task[KeyboardInterrupt | None]] = {}
        self._questions: dict[int, asyncio.Future[Decision]] = {}
        self.capture: Capture = no_capture
        self.loop_of_user: Loop | None = None
        """As for `MainWork.submit`."""
        self.page_answers: Callable[[], bool] | None = None
        """Whether a page is there that can be asked; None where there will be none."""

    async def run(self, calls: Sequence[tuple[int, ToolCall]]) -> None:
        """Run the calls of one round: those that need the main thread in order, the others beside them.

        Parameters
        ----------
        calls : sequence of (int, ToolCall)
            Each with the index of its part.

        Raises
        ------
        KeyboardInterrupt
            A function was interrupted.
        """
        order = asyncio.Lock()
        for index, call in calls:
            self._turn.change_call(index, "queued")
            self._tasks[index] = asyncio.ensure_future(self._one(index, call, order))
        tasks = [self._tasks[index] for index, _ in calls]
        try:
            await asyncio.wait(tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        interrupts = [task.result() for task in tasks if not task.cancelled()]
        for interrupt in filter(None, interrupts):
            raise interrupt

    def decide(self, index: int, decision: Decision) -> None:
        """Answer the question of a call; nothing if it has none."""
        question = self._questions.get(index)
        if question is not None and not question.done():
            question.set_result(decision)

    def stop(self, index: int) -> None:
        """End one call; the turn goes on."""
        if index in self._tasks:
            self._tasks[index].cancel()

    async def _one(
        self, index: int, call: ToolCall, order: asyncio.Lock
    ) -> KeyboardInterrupt | None:
        """Bring one call to its end, whichever that is. An interrupt is a value: raised, it would end the loop."""
        try:
            tool, bound = self._bound(call)
            await self._in_order(index, tool, bound, order)
        except (ArgumentError, ToolError) as error:
            self._end(index, "failed", _said(error))
        except asyncio.CancelledError:
            self._end(index, "stopped", STOPPED)
        except KeyboardInterrupt as interrupt:
            self._end(index, "stopped", STOPPED)
            return interrupt
        return None

    def _bound(self, call: ToolCall) -> tuple[Tool, Call]:
        tool = self._tools.find(call.name)
        return tool, tool.bind(call.arguments)

    async def _in_order(self, index: int, tool: Tool, bound: Call, order: asyncio.Lock) -> None:
        if tool.is_async or tool.thread:
            await self._approved(index, tool, bound)
            return
        async with order:
            await self._approved(index, tool, bound)

    async def _approved(self, index: int, tool: Tool, bound: Call) -> None:
        if self._approvals.needed(tool):
            decision = await self._ask(index, tool)
            if not decision.approved:
                because = f": {decision.reason}" if decision.reason else "."
                self._end(index, "declined", f"The user declined this call{because}")
                return
            if decision.always:
                self._approvals.always.add(tool.name)
        await self._enter(index, tool, bound)

    async def _enter(self, index: int, tool: Tool, bound: Call) -> None:
        emit = _Printed(partial(runner().call, self._turn.add_output, index))
        if tool.is_async or tool.thread:
            self._turn.change_call(index, "running")
            with self.capture(emit):
                outcome = await run(tool, bound, on_main=partial(self._on_main, index, emit))
        else:
            outcome = await run(tool, bound, on_main=partial(self._on_main, index, emit))
        emit.end()
        self._tell(index, outcome, has_shown=emit.has_shown_picture)

    async def _on_main(self, index: int, emit: Emit, work: Callable[[], Any]) -> Any:
        """Have the main thread call a function, its output captured; say so if that has to wait."""

        def enter() -> Any:
            runner().call(self._turn.change_call, index, "running")
            with self.capture(emit):
                return work()

        context = contextvars.copy_context()
        future = main_work.submit(partial(context.run, enter), self.loop_of_user)
        late = asyncio.get_running_loop().call_later(BUSY_S, self._say_busy, index, future)
        try:
            return await asyncio.wrap_future(future)
        finally:
            late.cancel()

    def _say_busy(self, index: int, future: Any) -> None:
        if not future.running() and not future.done():
            self._turn.change_call(index, "waiting")

    def _tell(self, index: int, outcome: Outcome, *, has_shown: bool) -> None:
        """Say what came of a call. A figure that is returned has mostly been displayed already, as it was plotted."""
        if outcome.status != "done":
            self._end(index, "failed", outcome.for_model, outcome.traceback)
            return
        from glm_notebook.tools.results import render  # it takes 50 ms to import

        rendered = render(outcome.value)
        for picture in () if has_shown else rendered.pictures:
            for mime, data in picture.bundle().items():
                if isinstance(data, str):
                    self._turn.add_output(index, {"mime": mime, "data": data})
        self._end(index, "done", rendered.text)

    def _end(self, index: int, state: CallState, text: str, traceback: str = "") -> None:
        self._turn.set_result(index, text, traceback)
        self._turn.change_call(index, state)

    async def _ask(self, index: int, tool: Tool) -> Decision:
        question: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        self._questions[index] = question
        self._turn.change_call(index, "asking")
        try:
            if await self._page_is_there():
                return await question
            return await _ask_by_input(tool.name)
        finally:
            del self._questions[index]

    async def _page_is_there(self) -> bool:
        if self.page_answers is None:
            return False
        loop = asyncio.get_running_loop()
        until_s = loop.time() + PAGE_S
        while not self.page_answers() and loop.time() < until_s:  # noqa: ASYNC110 - it tells others
            await asyncio.sleep(0.05)
        return self.page_answers()


class _Printed:
    """Passes on what a call prints, up to a limit, and says at the end how much more there was."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._left = MAX_PRINTED
        self._dropped = 0
        self.has_shown_picture = False

    def __call__(self, output: Output) -> None:
        is_text = output["mime"].startswith("text/")
        self.has_shown_picture |= output["mime"].startswith("image/")
        kept = output["data"][: self._left] if is_text else output["data"]
        if is_text:
            self._left -= len(kept)
            self._dropped += len(output["data"]) - len(kept)
        if kept:
            self._emit({**output, "data": kept})

    def end(self) -> None:
        """Say what was dropped."""
        if self._dropped:
            left_out = f"\n… {self._dropped:,} more characters"
            self._emit({"mime": "text/plain", "data": left_out})


def _said(error: Exception) -> str:
    return getattr(error, "message_for_model", "") or str(error)


async def _ask_by_input(name: str) -> Decision:
    """Ask at the prompt. What is no yes is no, and where nobody can be asked, nothing runs."""
    prompt = f"Run {name}? yes, always, or no (a reason may follow): "
    future = main_work.submit(partial(input, prompt))
    with suppress(Exception):
        return decision_of(await asyncio.wrap_future(future))
    return Decision(False, reason="nobody could be asked")


def decision_of(answer: str) -> Decision:
    """Read an answer that was typed: ``y``, ``yes``, ``a``, ``always``; else no, with what follows as the reason."""
    words = answer.strip()
    match words.lower():
        case "y" | "yes" | "是":
            return Decision(True)
        case "a" | "always" | "总是":
            return Decision(True, always=True)
    first, _, rest = words.partition(" ")
    return Decision(False, reason=rest.strip() if first.lower() in ("n", "no", "否") else words)
