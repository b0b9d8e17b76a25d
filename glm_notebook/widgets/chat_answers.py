"""What the kernel answers to the questions of a page that shows a chat. Each is answered on a thread of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from glm_notebook import context
from glm_notebook.transcript import settled_parts
from glm_notebook.widgets.answers import Answer

if TYPE_CHECKING:
    from glm_notebook.widgets.chat import ChatWidget

_NO_FILE_NAME = re.compile(r"[^\w.-]+")
MAX_EXPRESSIONS = 50
"""How many objects a page can ask for at once."""


def answers_of(chat: ChatWidget) -> dict[str, Answer]:
    """Return the answers of a chat, by what is asked."""
    return {
        "objects": partial(_objects, chat),
        "complete": partial(_complete, chat),
        "models": partial(_models, chat),
        "export": partial(_export, chat),
        "settled": partial(_settled, chat),
    }


def _objects(chat: ChatWidget, question: Mapping[str, Any]) -> dict[str, Any]:
    """Say what expressions stand for, those that stand for something."""
    expressions = [str(one) for one in _list(question, "expressions")][:MAX_EXPRESSIONS]
    seen = {one: context.look(one, chat.home.namespace) for one in expressions}
    return {"objects": {one: look for one, look in seen.items() if look is not None}}


def _complete(chat: ChatWidget, question: Mapping[str, Any]) -> dict[str, Any]:
    text = str(question.get("text", ""))
    return {"matches": context.complete(text, chat.home.namespace)}


def _models(chat: ChatWidget, question: Mapping[str, Any]) -> dict[str, Any]:
    return {"models": chat.list_models()}


def _export(chat: ChatWidget, question: Mapping[str, Any]) -> dict[str, str]:
    format = str(question.get("format", ""))
    name = _NO_FILE_NAME.sub("-", chat.conversation.name).strip(".-") or "chat"
    return {"name": f"{name}.{format}", "text": chat.exported(format)}


def _settled(chat: ChatWidget, question: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settled outputs of turns; of one that runs, what has come of it."""
    ids = {str(one) for one in _list(question, "ids")}
    turns = {turn.id: turn.done for turn in chat.turns if turn.id in ids}
    language = chat.language_of_page
    parts = {
        turn.id: settled_parts(turn, language=language) for turn in chat.turns if turn.id in turns
    }
    return {"turns": {id: {**part, "done": turns[id]} for id, part in parts.items()}}


def _list(question: Mapping[str, Any], name: str) -> list[Any]:
    value = question.get(name)
    return value if isinstance(value, list) else []
