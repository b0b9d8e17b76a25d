"""A conversation with a model: turns that know of each other, with one model and one endpoint at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from glm_notebook.calling import Approvals
from glm_notebook.driver import MAX_ROUNDS
from glm_notebook.errors import ConfigError
from glm_notebook.events import Event
from glm_notebook.messages import Message
from glm_notebook.runner import HEARTBEAT_S, namespace_of_the_user
from glm_notebook.tools import Tools
from glm_notebook.turn import Clock, Listener, Settings, Turn, history, path

if TYPE_CHECKING:
    from glm_notebook.client import AsyncClient


class Conversation:
    """Turns that know of each other, with one model and one endpoint at a time.

    Parameters
    ----------
    client : AsyncClient, optional
        By default one for the default endpoint, made at the first prompt.
    model : str
        Any id that the endpoint serves.
    system : str, optional
        The system prompt, sent before every turn's history.
    thinking : bool, optional
        Whether the model thinks before it answers; by default the service decides.
    tools : iterable of callable or Tool
        What the model may call: functions, methods, partials, async functions.
    max_rounds : int
        How often tools are called for one prompt, before the model has to answer without them.
    name : str
        Told apart by this in outputs and records.
    clock : callable
        Seconds, monotonic: for tests.
    **settings
        The further fields of `Settings`: ``thinking_budget``, ``max_tokens``, ``temperature``, …
    """

    def __init__(
        self,
        client: AsyncClient | None = None,
        *,
        model: str = "glm-5",
        system: str | None = None,
        thinking: bool | None = None,
        tools: Iterable[Any] = (),
        max_rounds: int = MAX_ROUNDS,
        name: str = "default",
        clock: Clock = time.monotonic,
        **settings: Any,
    ) -> None:
        self.settings = Settings(model=model, system=system, thinking=thinking, **settings)
        self.name = name
        self.tools = Tools(tools, namespace_of_the_user())
        self.approvals = Approvals()
        self.max_rounds = max_rounds
        self.head: Turn | None = None
        """The turn that the next prompt follows."""
        self.watchers: list[Callable[[], None]] = []
        """Called when `head` has changed, by whoever changed it, before a new turn starts: for views of the whole."""
        self._client = client
        self._clock = clock

    def __repr__(self) -> str:
        return f"<Conversation {self.name!r}: {len(self.turns)} turns, {self.settings.model}>"

    @property
    def client(self) -> AsyncClient:
        """The client; one for the default endpoint if none was given."""
        if self._client is None:
            from glm_notebook.client import AsyncClient

            self._client = AsyncClient()
        return self._client

    @client.setter
    def client(self, client: AsyncClient) -> None:
        self._client = client

    @property
    def turns(self) -> list[Turn]:
        """The turns from the first to the head."""
        return path(self.head)

    @property
    def messages(self) -> list[Message]:
        """The history that the next prompt is sent with, but for the system prompt."""
        return history(self.head)

    def prepare(self, prompt: str, *, tools: Iterable[Any] | None = None, **changes: Any) -> Turn:
        """Make the next turn, without starting it: for who wants to listen from its first event on.

        Parameters
        ----------
        prompt : str
            What the user says; not empty.
        tools : iterable of callable or Tool, optional
            For this turn, in place of the conversation's.
        **changes
            Settings for this turn alone.

        Raises
        ------
        ConfigError
            The prompt is empty, there is no key, the model cannot take this request (see `Parameters.strict`), or
            a turn of this conversation still runs.
        """
        if not prompt.strip():
            raise ConfigError("The prompt is empty.", "Write what you want to ask.")
        own = None if tools is None else Tools(tools, namespace_of_the_user())
        return self._turn(prompt, replace(self.settings, **changes), self.head, own)

    def prepare_again(self, *, tools: Iterable[Any] | None = None, **changes: Any) -> Turn:
        """Make the last turn anew, without starting it: its prompt, tools and settings, in its place.

        Parameters
        ----------
        tools, **changes
            What is to be other than it was, as for `prepare`.

        Raises
        ------
        ConfigError
            There is no turn, or as for `prepare`.
        """
        if self.head is None:
            raise ConfigError(
                f"The conversation {self.name!r} has no turn to ask again.", "Ask something first."
            )
        last = self.head
        own = last.tools if tools is None else Tools(tools, namespace_of_the_user())
        return self._turn(last.prompt, replace(last.settings, **changes), last.parent, own)

    def _turn(
        self, prompt: str, settings: Settings, parent: Turn | None, tools: Tools | None = None
    ) -> Turn:
        if self.head is not None and not self.head.done:
            raise ConfigError(
                f"A turn of the conversation {self.name!r} still runs.",
                "Wait for it, stop it, or use another conversation.",
            )
        turn = Turn(
            prompt,
            settings,
            self.client,
            conversation=self.name,
            parent=parent,
            clock=self._clock,
            tools=self.tools if tools is None else tools,
            approvals=self.approvals,
            max_rounds=self.max_rounds,
        )
        self.client.check(turn.request())
        return turn

    def begin(self, turn: Turn) -> None:
        """Start a turn that `prepare` made; the next prompt follows it."""
        self.head = turn
        self._tell()
        turn.start()

    def start(self, prompt: str, *, listeners: Sequence[Listener] = (), **changes: Any) -> Turn:
        """Start a turn and return at once.

        Parameters
        ----------
        prompt, **changes
            As for `prepare`, which also says what is raised.
        listeners : sequence of callable
            Called with every batch of events, on the runner's thread, from the first on.
        """
        turn = self.prepare(prompt, **changes)
        for listener in listeners:
            turn.listen(listener)
        self.begin(turn)
        return turn

    async def ask(self, prompt: str, **changes: Any) -> Turn:
        """Ask and wait for the end of the answer.

        Raises
        ------
        GLMError
            What ended the turn; the partial turn is its `turn`, and stays in the conversation.
        """
        return await self.start(prompt, **changes)

    def ask_sync(self, prompt: str, **changes: Any) -> Turn:
        """Do as `ask`, from a script that has no event loop; Ctrl-C stops the turn."""
        return self.start(prompt, **changes).wait()

    async def retry(self) -> Turn:
        """Ask the last prompt again, with its settings, and wait: the new turn takes the old one's place.

        Raises
        ------
        GLMError
            As `ask`.
        """
        turn = self.prepare_again()
        self.begin(turn)
        return await turn

    async def stream(self, prompt: str, **changes: Any) -> AsyncGenerator[Event, None]:
        """Ask and yield the turn's events as they come. Leaving the loop early stops the turn.

        Raises
        ------
        GLMError
            What ended the turn, after its last event.
        """
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[Event] = asyncio.Queue()

        def pass_on(events: Sequence[Event]) -> None:
            for event in events:
                with suppress(RuntimeError):  # the reader has left, and its loop is closed
                    loop.call_soon_threadsafe(queue.put_nowait, event)

        turn = self.start(prompt, listeners=[pass_on], **changes)
        try:
            while True:
                event = await _woken(queue)
                yield event
                if event.type == "finished":
                    break
        finally:
            turn.stop()
        await turn

    def reset(self) -> None:
        """Forget all turns. A turn that runs is stopped."""
        if self.head is not None:
            self.head.stop()
        self.head = None
        self._tell()

    def _tell(self) -> None:
        for watcher in tuple(self.watchers):
            watcher()


async def _woken(queue: asyncio.Queue[Event]) -> Event:
    """Take from a queue with the loop kept awake, so that an interrupt of the cell gets through."""
    taken = asyncio.ensure_future(queue.get())
    try:
        while not taken.done():
            await asyncio.wait({taken}, timeout=HEARTBEAT_S)
        return taken.result()
    finally:
        taken.cancel()
