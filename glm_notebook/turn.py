"""A turn: one prompt and what came of it, and the one driver that runs it.

Turns run on the runner's loop, whoever asks: a cell that awaits, a cell that blocks, a script without a loop.
What a turn emits goes to its listeners on the runner's thread; what it has come to can be read from any thread.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from glm_notebook.attachment import Attachment, compose
from glm_notebook.calling import Approvals, Calls, Decision
from glm_notebook.driver import MAX_ROUNDS, Driver, Report
from glm_notebook.errors import GLMError, ProtocolError, StreamCutError, TurnInterrupted
from glm_notebook.events import Event
from glm_notebook.messages import Message, Request, ToolCall, Usage
from glm_notebook.metering import cost_of
from glm_notebook.protocol.turn import TurnState
from glm_notebook.record import Timing, TurnRecord
from glm_notebook.runner import Future, runner, wait_awaiting, wait_blocking
from glm_notebook.settings import Settings
from glm_notebook.snapshot import Snapshot, TurnInfo
from glm_notebook.tools import Tools
from glm_notebook.tree import history

if TYPE_CHECKING:
    from glm_notebook.catalogue import Cost
    from glm_notebook.client import AsyncClient

Clock: TypeAlias = Callable[[], float]
Listener: TypeAlias = Callable[[Sequence[Event]], None]
StopReason = Literal["stopped", "interrupted"]

_log = logging.getLogger(__name__)

GO_ON = (
    "Your last answer was cut off. Go on exactly where it ends, in the same language, without repeating any of it"
    " and without a word about this."
)
"""What the model is told where a turn goes on with an answer: GLM models have no partial mode (protocol notes, 2)."""
SETTLE_S = 2.0
"""Longest wait for a stopped turn to have ended; a request is dropped in a few ms."""


class Turn:
    """One prompt and what came of it: a handle while it runs, a value when it has ended.

    Awaiting a turn waits for its end and gives the turn itself, or raises what ended it.
    """

    def __init__(
        self,
        prompt: str,
        settings: Settings,
        client: AsyncClient,
        *,
        conversation: str,
        parent: Turn | None,
        clock: Clock,
        tools: Tools | None = None,
        approvals: Approvals | None = None,
        max_rounds: int = MAX_ROUNDS,
        attachments: Sequence[Attachment] = (),
        goes_on_from: Turn | None = None,
    ) -> None:
        self.id = f"t-{uuid.uuid4().hex[:12]}"
        self.prompt = prompt
        self.settings = settings
        self.client = client
        self.conversation = conversation
        self.attachments = tuple(attachments)
        self.parent = parent
        """The turn that it follows. It is another one when that is deleted."""
        self.goes_on_from = goes_on_from
        self.supersedes = goes_on_from
        """The turn whose place in the conversation it takes; the others that it is asked anew for stay beside it."""
        self.started_at = datetime.now(timezone.utc)
        self.error: GLMError | None = None
        self.state = TurnState(
            TurnInfo(
                id=self.id,
                model=settings.model,
                endpoint=client.endpoint.host,
                conversation=conversation,
                simulated=client.endpoint.simulated,
                prompt=prompt,
                attachments=tuple(one.to_wire() for one in self.attachments),
            )
        )
        self.tools = Tools() if tools is None else tools
        self.calls = Calls(self.tools, approvals or Approvals(), Report(self))
        """The calls that it runs: for who shows them, and asks for them."""
        self._max_rounds = max_rounds
        self._clock = clock
        self._born = clock()
        self._given_rounds = 0
        if goes_on_from is not None:
            self._go_on_from(goes_on_from)
        self._listeners: list[Listener] = []
        self._lock = threading.RLock()
        self._ended: Future[Turn] = concurrent.futures.Future()
        self._task: asyncio.Task[None] | None = None
        self._stop_reason: StopReason | None = None

    def _go_on_from(self, other: Turn) -> None:
        self.started_at = other.started_at
        with other.held() as state:
            self.state.go_on_from(state)
            self._given_rounds = len(state.rounds)
        self._born -= other.state.elapsed_s or 0.0

    def __repr__(self) -> str:
        words = " ".join(self.text.split())
        shown = words if len(words) <= 60 else words[:57] + "…"
        return f"<Turn {self.id} {self.status}: {shown!r}>"

    @property
    def text(self) -> str:
        """The answer so far, as Markdown."""
        with self.held() as state:
            return state.text

    @property
    def thinking(self) -> str:
        """What the model thought, as plain text."""
        with self.held() as state:
            return state.thinking

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls that the model asked for."""
        with self.held() as state:
            return tuple(state.tool_calls)

    @property
    def usage(self) -> Usage | None:
        """Tokens as the server counted them; None when it did not say."""
        return self.state.usage

    @property
    def cost(self) -> Cost | None:
        """What it has cost by list prices, an estimate; None where tokens or prices are unknown."""
        return cost_of(self)

    @property
    def finish_reason(self) -> str | None:
        """Why the model ended, in the service's word: ``stop``, ``length``, …; None if it did not."""
        return self.state.finish_reason

    @property
    def status(self) -> str:
        """Where the turn is: the ``status`` of docs/channel.md."""
        return self.state.status

    @property
    def age_s(self) -> float:
        """Seconds since the turn was started."""
        return self._clock() - self._born

    @property
    def done(self) -> bool:
        """Whether the turn has ended, by any end."""
        return self._ended.done()

    @property
    def is_unfinished(self) -> bool:
        """Whether it has ended in the middle of an answer, which the model can go on with."""
        is_cut = self.status in ("stopped", "interrupted", "cut_off") or (
            self.status == "complete" and self.finish_reason == "length"
        )
        return is_cut and self.state.ends_in_text

    @property
    def messages(self) -> tuple[Message, ...]:
        """What the turn adds to the history that is sent: nothing if it failed.

        A turn that was refused or blocked would be refused again with every later prompt. One that was cut or
        stopped keeps what came, so that the next prompt can refer to it.
        """
        if self.status == "failed":
            return ()
        return tuple(
            one for one in self._said() if one.role != "assistant" or one.content or one.tool_calls
        )

    def _said(self) -> tuple[Message, ...]:
        """Return all that was said, thinking without an answer included: what a record keeps."""
        with self.held() as state:
            rounds = [message for one in state.rounds for message in one.messages()]
        return (Message("user", compose(self.prompt, self.attachments)), *rounds)

    @contextmanager
    def held(self) -> Iterator[TurnState]:
        """Hold the turn still: nothing is added to its state, and no listener is called, meanwhile."""
        with self._lock:
            yield self.state

    def snapshot(self) -> Snapshot:
        """Return the turn as docs/channel.md describes it; consistent while the turn runs."""
        with self.held() as state:
            return state.snapshot()

    def record(self) -> TurnRecord:
        """Return what of an ended turn is kept in a notebook."""
        snapshot = self.snapshot()
        return TurnRecord(
            id=self.id,
            conversation=self.conversation,
            endpoint=self.client.endpoint.host,
            protocol=self.client.protocol.name,
            model=self.settings.model,
            status=snapshot["status"],
            timing=Timing(
                self.started_at.isoformat(timespec="milliseconds"),
                first_token_s=snapshot["first_token_s"],
                elapsed_s=snapshot["elapsed_s"],
                thinking_s=_thinking_s(snapshot),
            ),
            parent_id=None if self.parent is None else self.parent.id,
            parameters=self._parameters(),
            messages=self._said(),
            usage=self.usage,
            finish_reason=self.finish_reason,
            error=snapshot["error"],
            simulated=self.client.endpoint.simulated,
        )

    def _parameters(self) -> dict[str, Any]:
        names = self.tools.names
        return self.settings.parameters() | ({"tools": list(names)} if names else {})

    def approve(self, index: int, *, always: bool = False) -> None:
        """Let a call run that asks for it, by the index of its part. Any thread may call this."""
        runner().call(self.calls.decide, index, Decision(True, always))

    def decline(self, index: int, reason: str = "") -> None:
        """Have a call not run; the model is told the reason, and goes on."""
        runner().call(self.calls.decide, index, Decision(False, reason=reason))

    def stop_call(self, index: int) -> None:
        """End one call; the model is told, and goes on."""
        runner().call(self.calls.stop, index)

    def listen(self, listener: Listener) -> None:
        """Have a function called with every batch of events to come, on the runner's thread."""
        self._listeners.append(listener)

    def stop(self, reason: StopReason = "stopped") -> None:
        """End the turn now and keep what came. Any thread may call this, any number of times."""
        runner().call(self._stop, reason)

    def interrupt(self) -> None:
        """End the turn now, marked interrupted, and wait for that; one that never began ends all the same."""
        self.stop("interrupted")
        if self._task is None and not self.done:
            self.start()
        concurrent.futures.wait([self._ended], timeout=SETTLE_S)

    def _stop(self, reason: StopReason) -> None:
        if self._stop_reason is None and not self.done:
            self._stop_reason = reason
            if self._task:
                self._task.cancel()

    def wait(self, tick: Callable[[], object] | None = None) -> Turn:
        """Block until the turn has ended; Ctrl-C ends it, marked interrupted.

        Raises
        ------
        GLMError
            What ended the turn, if it did not complete and was not stopped; its `turn` is this one.
        """
        try:
            wait_blocking(self._ended, *([tick] if tick else []))
        except KeyboardInterrupt:
            self.interrupt()
            raise
        return self._outcome()

    async def wait_async(self, tick: Callable[[], object] | None = None) -> Turn:
        """Wait in a loop until the turn has ended; a cancellation ends it, marked interrupted.

        Raises
        ------
        GLMError
            As `wait`.
        """
        try:
            await wait_awaiting(self._ended, *([tick] if tick else []))
        except (asyncio.CancelledError, KeyboardInterrupt):
            self.interrupt()
            raise
        return self._outcome()

    def __await__(self) -> Generator[Any, None, Turn]:
        return self.wait_async().__await__()

    def _outcome(self) -> Turn:
        if self.error is not None:
            raise self.error
        return self

    def start(self) -> None:
        """Begin on the runner's loop, once."""
        runner().submit(self._drive())

    async def _drive(self) -> None:
        """Run the turn to its end, whichever that is."""
        # Set here and not where the task is made: one that is cancelled before its first step takes no step at all.
        if self._task is not None:
            return
        self._task = asyncio.current_task()
        try:
            if self._stop_reason is None:
                await Driver(self, self._max_rounds).run()
            self._stopped(self._stop_reason) if self._stop_reason else self._finish("complete")
        except (asyncio.CancelledError, KeyboardInterrupt):  # the latter of a tool
            self._stopped(self._stop_reason or "interrupted")
        except StreamCutError as error:
            self._finish("cut_off" if self.state.has_output else "failed", error)
        except GLMError as error:
            self._finish("failed", error)
        except Exception as error:  # a turn must end whatever goes wrong, or its cell waits forever
            unforeseen = ProtocolError(
                f"The turn failed by {type(error).__name__}, which glm_notebook did not foresee.",
                "Please report it with the model and endpoint.",
            )
            unforeseen.__cause__ = error
            self._finish("failed", unforeseen)

    def request(self) -> Request:
        """Return what is sent next: the history, the prompt, what tools have answered so far, and the settings.

        A tool that has to be called is so once: asked for in every round, the turn would have no end.
        """
        nudge = (Message("user", GO_ON),) if len(self.state.rounds) == self._given_rounds else ()
        request = self.settings.request((*history(self.parent), *self._said(), *nudge))
        if not len(self.tools):
            return request
        is_forced = request.tool_choice not in (None, "auto", "none")
        choice = None if is_forced and len(self.state.rounds) > 1 else request.tool_choice
        parallel = request.parallel_tool_calls
        if parallel is None and self.client.endpoint.dialect.takes("parallel_tool_calls"):
            parallel = True  # the service's default is one call at a time
        return replace(
            request, tools=self.tools.specs(), tool_choice=choice, parallel_tool_calls=parallel
        )

    def _stopped(self, reason: StopReason) -> None:
        self._finish(reason, _interruption() if reason == "interrupted" else None)

    def _finish(self, status: str, error: GLMError | None = None) -> None:
        if error is not None:
            error.turn = self
            self.error = error
        self.change(lambda state: state.finish(status, self.age_s, error=error))
        self._ended.set_result(self)

    def change(self, change: Callable[[TurnState], Sequence[Event]]) -> None:
        """Change the state, and tell who listens: for what drives the turn."""
        with self.held() as state:
            self._tell(change(state))

    def _tell(self, events: Sequence[Event]) -> None:
        for listener in tuple(self._listeners) if events else ():
            try:
                listener(events)
            except Exception:  # a view that fails must not cost the turn
                self._listeners.remove(listener)
                _log.exception("A listener of %s failed, and is told nothing more.", self.id)


def _thinking_s(snapshot: Snapshot) -> float | None:
    times = [
        part["ended_s"] - part["started_s"]
        for part in snapshot["parts"]
        if part["kind"] == "thinking" and part["ended_s"] is not None
    ]
    return sum(times) if times else None


def _interruption() -> TurnInterrupted:
    return TurnInterrupted("The kernel was interrupted.", "What came is kept.")
