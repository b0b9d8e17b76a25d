"""A conversation with a model: turns that know of each other, with one model and one endpoint at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from glm_notebook.calling import Approvals
from glm_notebook.driver import MAX_ROUNDS
from glm_notebook.errors import ConfigError
from glm_notebook.events import Event
from glm_notebook.messages import Message
from glm_notebook.metering import Spending
from glm_notebook.runner import HEARTBEAT_S, namespace_of_the_user
from glm_notebook.settings import Settings
from glm_notebook.tools import Tools
from glm_notebook.tree import Tree, history, path
from glm_notebook.turn import Clock, Listener, Turn

if TYPE_CHECKING:
    from glm_notebook.attachment import Attachment
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
        self.tree = Tree()
        """All turns: those that lead to `head`, and those beside them, which were asked otherwise."""
        self.spending = Spending()
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

    def prepare(
        self,
        prompt: str,
        *,
        tools: Iterable[Any] | None = None,
        attachments: Sequence[Attachment] = (),
        **changes: Any,
    ) -> Turn:
        """Make the next turn, without starting it: for who wants to listen from its first event on.

        Parameters
        ----------
        prompt : str
            What the user says; not empty.
        tools : iterable of callable or Tool, optional
            For this turn, in place of the conversation's.
        attachments : sequence of Attachment
            Texts that the model gets along with the prompt.
        **changes
            Settings for this turn alone.

        Raises
        ------
        ConfigError
            The prompt is empty, there is no key, the model cannot take this request (see `Parameters.strict`), or
            a turn of this conversation still runs.
        """
        own = self._tools_of(tools)
        settings = replace(self.settings, **changes)
        return self._turn(prompt, settings, self.head, own, attachments=attachments)

    def prepare_again(
        self,
        turn: Turn | None = None,
        *,
        prompt: str | None = None,
        tools: Iterable[Any] | None = None,
        attachments: Sequence[Attachment] | None = None,
        **changes: Any,
    ) -> Turn:
        """Make a turn anew, without starting it: its prompt, tools and settings, beside it.

        One that failed before anything came gives its place to the new one.

        Parameters
        ----------
        turn : Turn, optional
            By default the last one.
        prompt : str, optional
            To be asked instead.
        tools, attachments, **changes
            What is to be other than it was, as for `prepare`.

        Raises
        ------
        ConfigError
            There is no turn, or as for `prepare`.
        """
        old = self._known(turn)
        made = self._turn(
            old.prompt if prompt is None else prompt,
            replace(old.settings, **changes),
            old.parent,
            old.tools if tools is None else self._tools_of(tools),
            attachments=old.attachments if attachments is None else attachments,
        )
        made.supersedes = None if old.state.has_output or self.tree.after(old) else old
        return made

    def prepare_rest(self, *, tools: Iterable[Any] | None = None, **changes: Any) -> Turn:
        """Make a turn that goes on with the last answer, without starting it: it takes the last turn's place.

        Parameters
        ----------
        tools, **changes
            As for `prepare_again`.

        Raises
        ------
        ConfigError
            The last turn was not cut off or stopped in the middle of an answer, or as for `prepare`.
        """
        old = self._known(None)
        if not old.is_unfinished:
            raise ConfigError(
                "The last answer was not cut off, or had not begun.", "Ask again or ask on."
            )
        settings = replace(old.settings, **changes)
        own = old.tools if tools is None else self._tools_of(tools)
        attachments = old.attachments
        return self._turn(
            old.prompt, settings, old.parent, own, attachments=attachments, goes_on_from=old
        )

    def _known(self, turn: Turn | None) -> Turn:
        """Return a turn of this conversation, by default the last one."""
        turn = self.head if turn is None else turn
        if turn is None:
            raise ConfigError(
                f"The conversation {self.name!r} has no turn to ask again.", "Ask something first."
            )
        if turn not in self.tree:
            raise ConfigError(
                f"{turn.id} is no turn of the conversation {self.name!r}.", "It may be deleted."
            )
        return turn

    def _tools_of(self, tools: Iterable[Any] | None) -> Tools:
        return self.tools if tools is None else Tools(tools, namespace_of_the_user())

    def _turn(
        self, prompt: str, settings: Settings, parent: Turn | None, tools: Tools, **more: Any
    ) -> Turn:
        if not prompt.strip():
            raise ConfigError("The prompt is empty.", "Write what you want to ask.")
        self._require_rest()
        turn = Turn(
            prompt,
            settings,
            self.client,
            conversation=self.name,
            parent=parent,
            clock=self._clock,
            tools=tools,
            approvals=self.approvals,
            max_rounds=self.max_rounds,
            **more,
        )
        self.client.check(turn.request())
        return turn

    def _require_rest(self) -> None:
        if self.head is not None and not self.head.done:
            raise ConfigError(
                f"A turn of the conversation {self.name!r} still runs.",
                "Wait for it, stop it, or use another conversation.",
            )

    def begin(self, turn: Turn) -> None:
        """Start a turn that `prepare` made; the next prompt follows it."""
        if turn.supersedes is not None and turn.supersedes in self.tree:
            self.tree.replace(turn.supersedes, turn)
        else:
            self.tree.add(turn)
        if turn.goes_on_from is not None:
            self.spending.take_back(turn.goes_on_from)
        turn.supersedes = turn.goes_on_from = None  # they need not be kept in memory
        turn.listen(partial(self._count, turn))
        self.head = turn
        self._tell()
        turn.start()

    def _count(self, turn: Turn, events: Sequence[Event]) -> None:
        if events[-1].type == "finished":
            self.spending.add(turn)

    def select(self, turn: Turn) -> None:
        """Go on from another branch: the one that a turn is in, as far as it was shown last.

        Raises
        ------
        ConfigError
            It is no turn of this conversation, or one still runs.
        """
        self._require_rest()
        self.tree.choose(self._known(turn))
        self.head = self.tree.end_of(turn)
        self._tell()

    def delete(self, turn: Turn) -> None:
        """Take a turn out, of what is sent as well. Turns that followed it stay, and follow the one before it.

        Raises
        ------
        ConfigError
            As `select`.
        """
        self._require_rest()
        self.tree.remove(self._known(turn))
        self.head = self.tree.end_of(None)
        self._tell()

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
        """Ask the last prompt again, with its settings, and wait. The old turn stays in the `tree`, beside the new one.

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
        self.tree.clear()
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
