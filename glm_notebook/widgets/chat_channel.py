"""The kernel's end of docs/chat.md: what pages are told of a chat, and what they ask of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from glm_notebook.attachment import Attachment
from glm_notebook.chat import Chat
from glm_notebook.errors import ConfigError, GLMError
from glm_notebook.metering import context_of, window_of
from glm_notebook.prompt import Prompt
from glm_notebook.runner import runner
from glm_notebook.turn import Turn
from glm_notebook.widgets.channel import Later, Send
from glm_notebook.widgets.channels import Channels

Act: TypeAlias = Callable[[Mapping[str, Any]], None]


class ChatChannel:
    """A chat's way to its pages.

    Parameters
    ----------
    chat : Chat
        Its view has to call `show_change` and `show_refusal`.
    send : callable
        Takes one message.
    later : callable
        As for `Channel`.
    model : callable
        Returns the model that is set, whose window the meter shows.
    """

    def __init__(self, chat: Chat, send: Send, later: Later, model: Callable[[], str]) -> None:
        self.turns = Channels(send, later)
        self.language = ""
        """The language of the page that spoke last, as a BCP 47 tag; empty until one has."""
        self._chat = chat
        self._send = send
        self._model = model
        self._lock = threading.RLock()
        self._rev = 0
        self._is_told = True
        self._told: set[str] = set()
        """Ids of the turns that the pages know of."""
        self._acts: Mapping[object, Act] = {
            "ready": self._greet,
            "send": self._take_prompt,
            "unqueue": lambda message: chat.unqueue(_id(message)),
            "stop": lambda message: chat.stop(),
            "clear": lambda message: chat.clear(),
            "turn": self._pass_on,
            "retry": self._change(lambda message: chat.ask_again(page_id="")),
            "regenerate": self._change(
                lambda message: chat.ask_again(self._turn(message), page_id="")
            ),
            "edit": self._change(self._edit),
            "continue": self._change(lambda message: chat.ask_rest(page_id="")),
            "select": self._change(lambda message: chat.select(self._turn(message))),
            "delete": self._change(lambda message: chat.delete(self._turn(message))),
        }

    def show_change(self) -> None:
        """Have the pages told of the turns and the queue: once for many changes at a time."""
        with self._lock:
            self._rev += 1
            is_due, self._is_told = self._is_told, False
        if is_due:
            runner().call(self.tell)

    def show_refusal(self, prompt: Prompt, error: GLMError) -> None:
        """Tell the pages that a prompt became no turn."""
        text = prompt.text if prompt.page_id else ""  # what is asked again is still shown
        told = {"message": error.message.strip(), "remedy": error.remedy.strip()}
        self._send({"type": "refused", "id": prompt.page_id, "text": text, **told})

    def state(self) -> dict[str, Any]:
        """Return what a page needs to begin with."""
        with self._lock:
            rev = self._rev
        conversation = self._chat.conversation
        turns = conversation.turns
        self._told.update(turn.id for turn in turns)
        return {
            "rev": rev,
            **self._list(turns),
            "turns": [self.turns.state(turn) for turn in turns],
            "tools": list(conversation.tools.names),
        }

    def _list(self, turns: Sequence[Turn]) -> dict[str, Any]:
        conversation = self._chat.conversation
        beside = {turn.id: conversation.tree.beside(turn) for turn in turns}
        return {
            "turns": [turn.id for turn in turns],
            "queue": [_queued(one) for one in self._chat.queue],
            "branches": {id: [one.id for one in all] for id, all in beside.items() if len(all) > 1},
            "meter": {
                "context": context_of(turns[-1] if turns else None),
                "window": window_of(self._model()),
                **conversation.spending.to_wire(),
            },
        }

    def tell(self) -> None:
        """Send the list, and the snapshots of turns that the pages do not know."""
        with self._lock:
            rev, self._is_told = self._rev, True
        turns = self._chat.conversation.turns
        self._send({"type": "chat", "rev": rev, **self._list(turns)})
        unknown = [turn for turn in turns if turn.id not in self._told]
        self._told = {turn.id for turn in turns}  # a page forgets what leaves the list
        if unknown == turns[-1:] and unknown:
            self.turns.receive(turns[-1], {"type": "snapshot_request"})
        elif unknown:
            self._send({"type": "turns", "turns": [self.turns.state(turn) for turn in unknown]})

    def receive(self, message: Mapping[str, Any]) -> None:
        """Act on a message of a page. What it does not know, it ignores: a page may be newer."""
        act = self._acts.get(message.get("type"))
        if act is not None:
            act(message)

    def _greet(self, message: Mapping[str, Any]) -> None:
        page = str(message.get("page", ""))
        is_new = page not in self.turns.pages
        self.language = str(message.get("language", ""))
        if is_new:
            self.tell()
        self.turns.greet(page, self._chat.conversation.head)

    def _take_prompt(self, message: Mapping[str, Any]) -> None:
        id = _id(message)
        if not id:
            return
        if self._chat.is_repeated(id):
            self.tell()  # the page has not heard that its prompt came
        else:
            self._chat.send(str(message.get("text", "")), id, _attachments(message))

    def _edit(self, message: Mapping[str, Any]) -> None:
        id, turn = _id(message), self._turn(message)
        if not self._chat.is_repeated(id):
            self._chat.ask_again(turn, str(message.get("text", "")), id)

    def _change(self, act: Callable[[Mapping[str, Any]], object]) -> Act:
        """Make an act of one that can come too late: pressed twice, or in two pages. The page learns what holds."""

        def try_to(message: Mapping[str, Any]) -> None:
            try:
                act(message)
            except ConfigError:
                self.tell()

        return try_to

    def _turn(self, message: Mapping[str, Any]) -> Turn:
        id = message.get("turn")
        for turn in self._chat.conversation.tree:
            if turn.id == id:
                return turn
        raise ConfigError(f"There is no turn {id}.", "It may have been deleted.")

    def _pass_on(self, message: Mapping[str, Any]) -> None:
        id, inner = _id(message), message.get("message")
        turn = next((one for one in reversed(self._chat.conversation.turns) if one.id == id), None)
        if turn is not None and isinstance(inner, Mapping):
            self.turns.receive(turn, inner)


def _id(message: Mapping[str, Any]) -> str:
    return str(message.get("id", ""))


def _attachments(message: Mapping[str, Any]) -> list[Attachment]:
    given = message.get("attachments")
    return [
        Attachment(str(one.get("name", "")), str(one.get("text", "")))
        for one in (given if isinstance(given, Sequence) else ())
        if isinstance(one, Mapping)
    ]


def _queued(prompt: Prompt) -> dict[str, Any]:
    files = [{"name": one.name, "text": one.text} for one in prompt.attachments]
    return {"id": prompt.id, "text": prompt.text, **({"attachments": files} if files else {})}
