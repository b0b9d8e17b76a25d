"""A chat: the prompts of one conversation, sent one after the other while whoever wrote them does something else.

No widget and no IPython: a view is told when something has changed, and asks what there is.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from glm_notebook.attachment import FILE, Attachment
from glm_notebook.conversation import Conversation
from glm_notebook.errors import ConfigError, GLMError, ProtocolError
from glm_notebook.events import Event
from glm_notebook.prompt import Prompt
from glm_notebook.runner import runner, shell_of_the_user
from glm_notebook.turn import Turn

if TYPE_CHECKING:
    from glm_notebook.client import AsyncClient

MAX_IDS = 1000
"""How many ids of prompts are remembered, so that one that is sent again is not asked again."""


class View(Protocol):
    """Who shows a chat. It is called on any thread, and must not block."""

    def show_change(self) -> None:
        """Show that the turns or the queue have changed, or that a turn has ended."""

    def show_refusal(self, prompt: Prompt, error: GLMError) -> None:
        """Show that a prompt of a page became no turn."""


class Chat:
    """The prompts of one conversation. Any thread may call its methods; none of them waits for the network.

    Parameters
    ----------
    conversation : Conversation
        May be used elsewhere at the same time: prompts then wait for the turn that runs.
    view : View
        Is told of changes.
    settings : callable
        Returns what the next turn is asked with, as for `Conversation.prepare`.
    client : callable, optional
        Returns the client of the next turn; by default it is the conversation's. Called on a thread of its own.
    attach : callable, optional
        Returns what a prompt names that is to be sent along with it. Called on a thread of its own.
    """

    def __init__(
        self,
        conversation: Conversation,
        view: View,
        settings: Callable[[], Mapping[str, Any]],
        client: Callable[[], AsyncClient | None] = lambda: None,
        attach: Callable[[str], Sequence[Attachment]] = lambda _: (),
    ) -> None:
        self.conversation = conversation
        self._attach = attach
        self._view = view
        self._settings = settings
        self._client = client
        self._lock = threading.RLock()
        self._queue: deque[Prompt] = deque()
        self._starting: Prompt | None = None
        self._is_stopped = False
        """Whether the prompt that is starting is to be stopped as soon as it is a turn."""
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._heard: Turn | None = None
        conversation.watchers.append(self._on_change)
        self._hear()

    def close(self) -> None:
        """Hear no more of the conversation."""
        if self._on_change in self.conversation.watchers:
            self.conversation.watchers.remove(self._on_change)

    @property
    def queue(self) -> tuple[Prompt, ...]:
        """The prompts that wait for the running turn."""
        with self._lock:
            return tuple(self._queue)

    @property
    def is_running(self) -> bool:
        """Whether a turn runs, or is about to."""
        return self._starting is not None or self._is_taken()

    def send(
        self, text: str, page_id: str | None = None, attachments: Sequence[Attachment] = ()
    ) -> Prompt:
        """Ask at once, or when the running turn has ended.

        Parameters
        ----------
        text : str
            The prompt.
        page_id : str, optional
            Made by a page, which is told if the prompt is refused.
        attachments : sequence of Attachment
            Texts that the model gets along with it.
        """

        def prepare(settings: Mapping[str, Any]) -> Turn:
            given = (*attachments, *self._attach(text))
            return self.conversation.prepare(text, attachments=given, **settings)

        with self._lock:
            prompt = Prompt(text, prepare, page_id, attachments, can_wait=True)
            self._queue.append(prompt)
            self._start_next()
        self._view.show_change()
        return prompt

    def is_repeated(self, id: str) -> bool:
        """Tell whether a page's id has been told of before, and remember it."""
        with self._lock:
            if id in self._ids:
                return True
            self._ids[id] = None
            if len(self._ids) > MAX_IDS:
                self._ids.popitem(last=False)
            return False

    def unqueue(self, id: str) -> None:
        """Take back a prompt that waits; nothing if it does not."""
        with self._lock:
            back = [one for one in self._queue if one.id == id]
            for prompt in back:
                self._queue.remove(prompt)
        self._take_back(back)

    def stop(self) -> None:
        """End the running turn. The next prompt of the queue follows."""
        with self._lock:
            self._is_stopped = self._starting is not None
            head = self.conversation.head
        if head is not None:
            head.stop()

    def ask_again(
        self, turn: Turn | None = None, text: str | None = None, page_id: str | None = None
    ) -> Prompt:
        """Ask a prompt again, with what is set now, or another one in its stead: a branch beside the turn.

        Parameters
        ----------
        turn : Turn, optional
            By default the last one.
        text : str, optional
            The other prompt.
        page_id : str, optional
            Made by a page, which is told if it is refused; empty if no prompt was written.

        Raises
        ------
        ConfigError
            There is no turn, or one runs.
        """
        old = self._ended(turn)

        def prepare(settings: Mapping[str, Any]) -> Turn:
            changes = self._with_tools(settings)
            if text is not None:
                files = [one for one in old.attachments if one.kind == FILE]
                changes |= {"prompt": text, "attachments": (*files, *self._attach(text))}
            return self.conversation.prepare_again(old, **changes)

        return self._start_now(Prompt(old.prompt if text is None else text, prepare, page_id))

    def ask_rest(self, page_id: str | None = None) -> Prompt:
        """Have the model go on with the last answer, which was cut off or stopped.

        Raises
        ------
        ConfigError
            There is no turn, or one runs.
        """
        old = self._ended(None)

        def prepare(settings: Mapping[str, Any]) -> Turn:
            return self.conversation.prepare_rest(**self._with_tools(settings))

        return self._start_now(Prompt(old.prompt, prepare, page_id))

    def select(self, turn: Turn) -> None:
        """Show another branch, the one that a turn is in: the next prompt goes on from its end.

        Raises
        ------
        ConfigError
            It is no turn of the conversation, or one runs.
        """
        with self._lock:
            self.conversation.select(self._ended(turn))

    def delete(self, turn: Turn) -> None:
        """Take a turn out of the conversation, and of what is sent from now on. Those that followed it stay.

        Raises
        ------
        ConfigError
            As `select`.
        """
        with self._lock:
            self.conversation.delete(self._ended(turn))

    def _ended(self, turn: Turn | None) -> Turn:
        turn = self.conversation.head if turn is None else turn
        if turn is None or self.is_running:
            raise ConfigError(
                "There is no ended turn to do this with.", "Ask something, or stop it first."
            )
        return turn

    def _with_tools(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Have a turn that is asked again use the tools that there are now."""
        tools = settings.get("tools")
        return {**settings, "tools": self.conversation.tools if tools is None else tools}

    def _start_now(self, prompt: Prompt) -> Prompt:
        with self._lock:
            if self.is_running:
                raise ConfigError("Another turn has just begun.", "Wait for it, or stop it.")
            self._start(prompt)
        self._view.show_change()
        return prompt

    def clear(self) -> None:
        """Begin anew: a running turn is stopped, and prompts that wait are taken back."""
        with self._lock:
            back = [*([self._starting] if self._starting else []), *self._queue]
            self._queue.clear()
            self._starting = None
        self.conversation.reset()
        self._take_back(back)

    def _take_back(self, prompts: Sequence[Prompt]) -> None:
        for prompt in prompts:
            prompt.begun.set_exception(ConfigError("The prompt was taken back before it was sent."))
        self._view.show_change()

    def _start_next(self) -> None:
        if self._queue and not self.is_running:
            self._start(self._queue.popleft())

    def _start(self, prompt: Prompt) -> None:
        self._starting, self._is_stopped = prompt, False
        runner().submit(self._begin(prompt))

    async def _begin(self, prompt: Prompt) -> None:
        """Make a prompt a turn. A thread prepares it: a key ring may block, and a local model takes seconds."""
        try:
            while not self._is_settled(prompt, *await asyncio.to_thread(self._prepared, prompt)):
                pass
        except GLMError as error:
            self._refuse(prompt, error)
        except (Exception, SystemExit) as error:  # no prompt may be lost, whatever a __repr__ does
            unforeseen = ProtocolError(
                f"The prompt failed by {type(error).__name__}, which glm_notebook did not foresee.",
                "Please report it with the model and endpoint.",
            )
            unforeseen.__cause__ = error
            self._refuse(prompt, unforeseen)

    def _prepared(self, prompt: Prompt) -> tuple[Turn, Turn | None]:
        """Return the turn, and what was the last one of the conversation when it was made."""
        head = self.conversation.head
        if client := self._client():
            self.conversation.client = client
        return prompt.prepare(self._settings()), head

    def _is_settled(self, prompt: Prompt, turn: Turn, head: Turn | None) -> bool:
        """Begin a turn. Not if the conversation has gone on since it was prepared: then it has to be anew."""
        with self._lock:
            if self._starting is not prompt:  # taken back
                return True
            if self.conversation.head is not head or self._is_taken():
                return False
            self.conversation.begin(turn)
            self._starting = None
            if self._is_stopped:
                turn.stop()
            prompt.begun.set_result(turn)
        self._view.show_change()
        return True

    def _refuse(self, prompt: Prompt, error: GLMError) -> None:
        with self._lock:
            if self._starting is not prompt:
                return
            self._starting = None
            has_to_wait = self._is_taken() and prompt.can_wait  # for one that was begun elsewhere
            if has_to_wait:
                self._queue.appendleft(prompt)
            else:
                prompt.begun.set_exception(error)
            self._start_next()
        if prompt.page_id is not None and not has_to_wait:
            self._view.show_refusal(prompt, error)
        self._view.show_change()

    def _is_taken(self) -> bool:
        head = self.conversation.head
        return head is not None and not head.done

    def _on_change(self) -> None:
        self._hear()
        self._view.show_change()

    def _hear(self) -> None:
        """Listen to the turn that runs, whoever began it: the queue waits for its end."""
        with self._lock:
            head = self.conversation.head
            if head is None or head is self._heard:
                return
            self._heard = head
        head.listen(self._hear_end)

    def _hear_end(self, events: Sequence[Event]) -> None:
        if events[-1].type == "finished":
            runner().call(
                self._go_on
            )  # when the turn is done, which it is only after its listeners

    def _go_on(self) -> None:
        with self._lock:
            self._start_next()
        self._view.show_change()


def magics_of_the_user() -> Any:
    """Return the ``%%glm`` that is loaded in this kernel; None where it is not."""
    manager = getattr(shell_of_the_user(), "magics_manager", None)
    return None if manager is None else manager.registry.get("GLMMagics")


def client_for(endpoint: str) -> AsyncClient:
    """Return a client for a name or URL of an endpoint."""
    from glm_notebook.client import AsyncClient

    return AsyncClient(base_url=endpoint)
