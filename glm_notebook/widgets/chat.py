"""A chat in a page: a conversation that goes on beside the cells, and while they compute."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import asdict
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glm_notebook.attachment import Attachment
from glm_notebook.chat import Chat, client_for, magics_of_the_user
from glm_notebook.context import attach
from glm_notebook.conversation import Conversation
from glm_notebook.errors import GLMError
from glm_notebook.frontend import is_voila, view_of
from glm_notebook.home import Home
from glm_notebook.messages import total
from glm_notebook.prompt import Prompt
from glm_notebook.runner import (
    runner,
    shell_of_the_user,
    wait_blocking,
)
from glm_notebook.sinks.capture import captured
from glm_notebook.sinks.settled import place, replace
from glm_notebook.strings import words
from glm_notebook.transcript import KEPT_FOR, TO_KEEP, VIEW_OF, transcript
from glm_notebook.turn import Turn
from glm_notebook.widgets.chat_answers import answers_of
from glm_notebook.widgets.chat_channel import ChatChannel
from glm_notebook.widgets.chat_traits import ChatTraits
from glm_notebook.widgets.page import later

if TYPE_CHECKING:
    from glm_notebook.client import AsyncClient


class ChatWidget(ChatTraits):
    """A chat, shown at the end of a cell.

    Parameters
    ----------
    conversation : Conversation, optional
        One to go on with; by default a new one.
    tools : iterable of callable or Tool
        What the model may call, besides what the conversation has.
    model : str
        Empty for the conversation's.
    thinking : bool, optional
        Whether the model thinks first; None: as the conversation says, and else the service decides.
    thinking_budget : int, optional
        Most tokens that it may think; None: as the conversation says, and else the model's own limit.
    temperature : float, optional
        From 0 to 2; None: as the conversation says, and else the service decides.
    system : str
        The system prompt; empty for the conversation's.
    use_tools : bool
        Whether the tools are offered.
    endpoint : str
        A name that ``%glm endpoint`` lists, or a base URL. Empty: the conversation's client; for a new conversation
        the endpoint that ``%glm`` is set to, wherever it is when a prompt is sent.
    language : str
        BCP 47 tag of the words around the answers; empty for the page's own.

    Notes
    -----
    The traits from `model` to `use_tools` count from the next turn on, whoever sets them. `messages`, `usage` and
    `status` can be read and observed; observers are called on the main thread, when it waits for a turn or is free.
    """

    def __init__(
        self,
        conversation: Conversation | None = None,
        *,
        tools: Iterable[Any] = (),
        model: str = "",
        thinking: bool | None = None,
        thinking_budget: int | None = None,
        temperature: float | None = None,
        system: str = "",
        use_tools: bool = True,
        endpoint: str = "",
        language: str = "",
    ) -> None:
        self._is_of_notebook = conversation is None and not endpoint
        self._client = client_for(endpoint) if endpoint else None
        self.conversation = Conversation(name="chat") if conversation is None else conversation
        for one in tools:
            self.conversation.tools.add(one)
        self._display_id, self._kept_display_id = uuid.uuid4().hex, uuid.uuid4().hex
        self._chat = Chat(self.conversation, self, self.settings, self._next_client, self._attach)
        self._channel = ChatChannel(self._chat, self.send, later, lambda: self.model)
        known = self.conversation.settings
        super().__init__(
            Home(),
            "chat",
            self._state,
            self._channel.receive,
            model=model or known.model,
            thinking=known.thinking if thinking is None else thinking,
            thinking_budget=known.thinking_budget if thinking_budget is None else thinking_budget,
            temperature=known.temperature if temperature is None else temperature,
            system=system or known.system or "",
            use_tools=use_tools,
            language=language,
        )
        self.answers |= answers_of(self)
        self.observe(lambda _: self._channel.show_change(), "model")  # the meter shows its window
        self.show_change()

    @property
    def turns(self) -> list[Turn]:
        """The turns from the first to the last."""
        return self.conversation.turns

    @property
    def last(self) -> Turn | None:
        """The last turn, which may still run."""
        return self.conversation.head

    @property
    def queue(self) -> tuple[Prompt, ...]:
        """The prompts that wait for the running turn."""
        return self._chat.queue

    def start(self, text: str) -> Turn | Prompt:
        """Ask, and return when the turn has begun; at once if another one runs, with the prompt that waits for it.

        Parameters
        ----------
        text : str
            The prompt.

        Returns
        -------
        Turn or Prompt
            Both can be awaited, and have a `wait`.

        Raises
        ------
        ConfigError
            As `Conversation.prepare`.
        """
        prompt = self._chat.send(text)
        return prompt if prompt in self.queue else wait_blocking(prompt.begun)

    def stop(self) -> None:
        """End the running turn and keep what came; the next prompt of the queue follows."""
        self._chat.stop()

    def retry(self) -> Turn:
        """Ask the last prompt again, with what is set now; return when the turn has begun.

        Raises
        ------
        ConfigError
            There is none, it still runs, or as `Conversation.prepare`.
        """
        return self.regenerate()

    def regenerate(self, turn: Turn | None = None) -> Turn:
        """Ask a turn's prompt again, with what is set now, and return when it has begun: a branch beside the turn.

        Parameters
        ----------
        turn : Turn, optional
            By default the last one.

        Raises
        ------
        ConfigError
            As `retry`.
        """
        return wait_blocking(self._chat.ask_again(turn).begun)

    def edit(self, turn: Turn, text: str) -> Turn:
        """Ask another prompt than a turn was asked with, and return when it has begun: a branch beside the turn.

        Raises
        ------
        ConfigError
            As `retry`.
        """
        return wait_blocking(self._chat.ask_again(turn, text).begun)

    def continue_answer(self) -> Turn:
        """Have the model go on with the last answer, which was cut off or stopped; return when it has begun.

        Raises
        ------
        ConfigError
            The last answer is whole, or as `retry`.
        """
        return wait_blocking(self._chat.ask_rest().begun)

    def branches(self, turn: Turn) -> tuple[Turn, ...]:
        """Return the turns that were asked in one place, in the order in which they were begun, this one among them."""
        return self.conversation.tree.beside(turn)

    def select(self, turn: Turn) -> None:
        """Show another branch, the one that a turn is in; the next prompt goes on from its end.

        Raises
        ------
        ConfigError
            It is no turn of this chat, or one runs.
        """
        self._chat.select(turn)

    def delete(self, turn: Turn) -> None:
        """Take a turn out, of what is sent from now on as well. Those that followed it stay.

        Raises
        ------
        ConfigError
            As `select`.
        """
        self._chat.delete(turn)

    def export(self, path: str | PathLike[str]) -> Path:
        """Write the chat to a file: Markdown (``.md``), JSON with all branches (``.json``), or a notebook (``.ipynb``).

        Returns
        -------
        Path
            Where it is.

        Raises
        ------
        ConfigError
            It is another suffix, or cannot be written there.
        """
        from glm_notebook.export import export_to

        return export_to(path, self.conversation, language=self.language_of_page)

    def exported(self, format: str) -> str:
        """Return what `export` writes: ``md``, ``json`` or ``ipynb``.

        Raises
        ------
        ConfigError
            It is another format.
        """
        from glm_notebook.export import export

        return export(self.conversation, format, language=self.language_of_page)

    def clear(self) -> None:
        """Begin anew: the running turn is stopped, all are forgotten, and prompts that wait are taken back."""
        self._chat.clear()

    def settle(self) -> None:
        """Replace the view by the transcript, which a saved notebook shows anywhere; show the chat again to go on."""
        replace(self._transcript(), self._display_id)
        replace(dict(TO_KEEP), self._kept_display_id)

    def close(self) -> None:
        """Take the widget off every page. The conversation stays."""
        self._chat.close()
        super().close()

    def show_change(self) -> None:
        """Have the pages, and who observes, told of the turns and the queue: once for many changes at a time."""
        head = self.conversation.head
        if head is not None and not head.done:
            self._attend(head)
        self._publish_state()
        self._channel.show_change()

    def show_refusal(self, prompt: Prompt, error: GLMError) -> None:
        """Have the pages told that a prompt became no turn."""
        self._channel.show_refusal(prompt, error)

    def list_models(self) -> list[str]:
        """Ask the endpoint what models it serves, and propose them in the pages too.

        Raises
        ------
        GLMError
            It cannot be reached, or has no such list.
        """
        client = self._next_client() or self.conversation.client
        listed = [one.id for one in runner().submit(client.models()).result()]
        proposed = list(dict.fromkeys([*listed, *self.models]))
        if proposed != self.models:
            self.set_trait("models", proposed)
        return listed

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return {**self.view, **self._transcript()}, {}

    def _ipython_display_(self) -> None:
        """Show the chat where there are pages and, in an output for itself, what the file is to keep of it."""
        is_notebook = view_of(shell_of_the_user()) == "widget"
        if not is_notebook and not is_voila():
            place(self._transcript(), self._display_id)
            return
        title = {"text/plain": words(self.language_of_page).chat.format(self.model)}
        place({**self.view, **title}, self._display_id, {VIEW_OF: self._kept_display_id})
        if is_notebook:
            place(dict(TO_KEEP), self._kept_display_id, {KEPT_FOR: self._kept_display_id})

    def _next_client(self) -> AsyncClient | None:
        magics = magics_of_the_user() if self._is_of_notebook else None
        if magics is None:
            return self._client
        self.conversation.approvals.mode = magics.approve
        client: AsyncClient = magics.client()
        return client

    def _attend(self, turn: Turn) -> None:
        """Show a turn that runs, whoever began it."""
        if turn.calls.page_answers is None:
            turn.calls.page_answers = lambda: bool(self._channel.turns.pages)
            turn.calls.capture = captured
            turn.calls.loop_of_user = self.home.loop
        self._channel.turns.open(turn)

    def _publish_state(self) -> None:
        is_running = self._chat.is_running
        values: dict[str, Any] = {"status": "running" if is_running else "idle"}
        if not is_running:
            values["messages"] = self.conversation.messages
            values["usage"] = asdict(total(turn.usage for turn in self.turns))
        self.publish(values)

    @property
    def language_of_page(self) -> str:
        """The language of the words around the answers, as a BCP 47 tag: what was set, else that of the page."""
        return self.language or self._channel.language or "en"

    def _transcript(self) -> dict[str, Any]:
        return transcript(self.turns, self.model, language=self.language_of_page)

    def _state(self) -> dict[str, Any]:
        return {**self._channel.state(), "language": self.language, "id": self._kept_display_id}

    def _attach(self, prompt: str) -> tuple[Attachment, ...]:
        """Return the objects of the user that a prompt names."""
        return attach(prompt, self.home.namespace)
