"""A chat in a page: a conversation that goes on beside the cells, and while they compute."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import traitlets

from glm_notebook.chat import Chat, Prompt, client_for, magics_of_the_user
from glm_notebook.conversation import Conversation
from glm_notebook.errors import ConfigError, GLMError
from glm_notebook.messages import Message, total
from glm_notebook.runner import main_work, runner, wait_blocking
from glm_notebook.sinks.capture import captured
from glm_notebook.sinks.settled import place, replace
from glm_notebook.transcript import transcript
from glm_notebook.turn import Turn
from glm_notebook.widgets.channels import Channels
from glm_notebook.widgets.page import PageWidget, later

if TYPE_CHECKING:
    from glm_notebook.client import AsyncClient

OF_PAGES = ("model", "thinking", "temperature", "system", "use_tools", "language")
"""The traits that a page may set."""


class ChatWidget(PageWidget):
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
    The traits `model`, `thinking`, `temperature`, `system` and `use_tools` count from the next turn on, whoever sets
    them. `messages`, `usage` and `status` can be read and observed; observers are called on the main thread, when it
    waits for a turn or is free.
    """

    model = traitlets.Unicode("glm-5").tag(sync=True)
    thinking = traitlets.Bool(None, allow_none=True).tag(sync=True)
    temperature = traitlets.Float(None, allow_none=True, min=0.0, max=2.0).tag(sync=True)
    system = traitlets.Unicode().tag(sync=True)
    use_tools = traitlets.Bool(True).tag(sync=True)
    models = traitlets.List(traitlets.Unicode(), read_only=True).tag(sync=True)
    """The ids of the catalogue. Others can be set too."""
    messages = traitlets.List(traitlets.Instance(Message), read_only=True)
    """The history, as the next prompt is sent with it."""
    usage = traitlets.Dict(read_only=True)
    """Tokens of all turns together; a field that no turn knows is None."""
    status = traitlets.Enum(("idle", "running"), "idle", read_only=True)

    def __init__(
        self,
        conversation: Conversation | None = None,
        *,
        tools: Iterable[Any] = (),
        model: str = "",
        thinking: bool | None = None,
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
        self._display_id = uuid.uuid4().hex
        self._rev = 0
        self._is_told = True
        self._told_head: Turn | None = None
        self._lock = threading.RLock()
        self._language_of_page = ""
        self._channels = Channels(self.send, later)
        self._chat = Chat(self.conversation, self, self._settings, self._next_client)
        known = self.conversation.settings
        super().__init__(
            "chat",
            self._state,
            self._act,
            model=model or known.model,
            thinking=known.thinking if thinking is None else thinking,
            temperature=known.temperature if temperature is None else temperature,
            system=system or known.system or "",
            use_tools=use_tools,
            language=language,
        )
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
        """Ask the last prompt again, with what is set now, in its place; return when the turn has begun.

        Raises
        ------
        ConfigError
            There is none, it still runs, or as `Conversation.prepare`.
        """
        return wait_blocking(self._chat.retry().begun)

    def clear(self) -> None:
        """Begin anew: the running turn is stopped, all are forgotten, and prompts that wait are taken back."""
        self._chat.clear()

    def settle(self) -> None:
        """Replace the view by the transcript, which a saved notebook shows anywhere; show the chat again to go on."""
        replace(self._transcript(), self._display_id)

    def close(self) -> None:
        """Take the widget off every page. The conversation stays."""
        self._chat.close()
        super().close()

    def show_change(self) -> None:
        """Have the pages, and who observes, told of the turns and the queue: once for many changes at a time."""
        head = self.conversation.head
        if head is not None and not head.done:
            self._attend(head)
        self._publish_state(head)
        with self._lock:
            self._rev += 1
            is_due, self._is_told = self._is_told, False
        if is_due:
            runner().call(self._tell)

    def show_refusal(self, prompt: Prompt, error: GLMError) -> None:
        """Have the pages told that a prompt became no turn."""
        text = prompt.text if prompt.page_id else ""  # what is asked again is still shown
        told = {"message": error.message.strip(), "remedy": error.remedy.strip()}
        self.send({"type": "refused", "id": prompt.page_id, "text": text, **told})

    def set_state(self, sync_data: Mapping[str, Any]) -> None:
        """Take what a page has set, one by one; what is no value is put back there."""
        for name, value in sync_data.items():
            try:
                if name in OF_PAGES:
                    super().set_state({name: value})
            except traitlets.TraitError:
                self.send_state(name)

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return {**self.view, **self._transcript()}, {}

    def _ipython_display_(self) -> None:
        place(self._repr_mimebundle_()[0], self._display_id)

    @traitlets.default("models")
    def _models_of_catalogue(self) -> list[str]:
        from glm_notebook import catalogue

        return [one.id for one in catalogue.models()]

    @traitlets.validate("model")
    def _model_is_named(self, proposal: dict[str, Any]) -> str:
        name = str(proposal["value"]).strip()
        if not name:
            raise traitlets.TraitError("A model needs a name.")
        return name

    def _settings(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "thinking": self.thinking,
            "temperature": self.temperature,
            "system": self.system or None,
            "tools": None if self.use_tools else (),
        }

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
            turn.calls.page_answers = lambda: bool(self._channels.pages)
            turn.calls.capture = captured
        self._channels.open(turn)

    def _publish_state(self, head: Turn | None) -> None:
        is_running = self._chat.is_running
        values: dict[str, Any] = {"status": "running" if is_running else "idle"}
        if not is_running:
            values["messages"] = self.conversation.messages
            values["usage"] = asdict(total(turn.usage for turn in self.turns))
        self._publish(values)

    def _publish(self, values: Mapping[str, Any]) -> None:
        """Let values be read at once, and have observers called where code of the user may run."""
        with self._lock:
            for name, new in values.items():
                old = getattr(self, name)
                if new == old:
                    continue
                self._trait_values[name] = new
                change = {"name": name, "old": old, "new": new, "owner": self, "type": "change"}
                main_work.submit(partial(self.notify_change, traitlets.Bunch(change)))

    def _transcript(self) -> dict[str, Any]:
        language = self.language or self._language_of_page or "en"
        return transcript(self.turns, self.model, language=language)

    def _state(self) -> dict[str, Any]:
        with self._lock:
            rev = self._rev
        return {
            "rev": rev,
            "turns": [self._channels.state(turn) for turn in self.turns],
            "queue": self._waiting(),
            "tools": list(self.conversation.tools.names),
            "language": self.language,
        }

    def _waiting(self) -> list[dict[str, str]]:
        return [{"id": one.id, "text": one.text} for one in self.queue]

    def _tell(self) -> None:
        """Send the list, and the snapshot of a turn that the pages do not know."""
        with self._lock:
            rev, self._is_told = self._rev, True
        turns = self.turns
        ids = [turn.id for turn in turns]
        self.send({"type": "chat", "rev": rev, "turns": ids, "queue": self._waiting()})
        if turns and turns[-1] is not self._told_head:
            self._told_head = turns[-1]
            self._channels.receive(turns[-1], {"type": "snapshot_request"})

    def _act(self, message: Mapping[str, Any]) -> None:
        """Act on a message of a page. What it does not know, it ignores: a page may be newer."""
        id = str(message.get("id", ""))
        match message.get("type"):
            case "ready":
                self._greet(message)
            case "send" if id:
                self._send_prompt(str(message.get("text", "")), id)
            case "unqueue":
                self._chat.unqueue(id)
            case "stop":
                self._chat.stop()
            case "retry":
                self._retry()
            case "clear":
                self._chat.clear()
            case "turn":
                self._pass_on(id, message.get("message"))

    def _greet(self, message: Mapping[str, Any]) -> None:
        page = str(message.get("page", ""))
        is_new = page not in self._channels.pages
        self._language_of_page = str(message.get("language", ""))
        if is_new:
            self._tell()
        self._channels.greet(page, self.last)

    def _send_prompt(self, text: str, id: str) -> None:
        if self._chat.is_repeated(id):
            self._tell()  # the page has not heard that its prompt came
        else:
            self._chat.send(text, id)

    def _retry(self) -> None:
        try:
            self._chat.retry("")
        except ConfigError:  # it was pressed twice, or in two pages
            self._tell()

    def _pass_on(self, id: str, message: object) -> None:
        turn = next((one for one in reversed(self.turns) if one.id == id), None)
        if turn is not None and isinstance(message, Mapping):
            self._channels.receive(turn, message)
