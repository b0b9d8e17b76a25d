"""A conversation as a file of its own: a document, data, or a notebook that asks the same again.

===========  ==========================================================================================
``md``       Markdown to be read: the branch that is shown, thinking folded, attachments and pictures.
``json``     The turn records of all branches, from which a conversation can be rebuilt.
``ipynb``    A notebook of ``%%glm`` cells, one for each turn of the branch that is shown, with its output.
===========  ==========================================================================================

A turn that still runs is in none of them: what there is of it is no answer yet. The same turns always give the same
bytes, and nothing a model wrote can do anything where the file is shown.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import uuid
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from glm_notebook.errors import ConfigError
from glm_notebook.inert_text import IN_LINE, NO_MATH, entities, plain_lines, plain_pre, visible
from glm_notebook.settle import pictures, settle
from glm_notebook.strings import SEPARATOR, words

if TYPE_CHECKING:
    from glm_notebook.attachment import Attachment
    from glm_notebook.conversation import Conversation
    from glm_notebook.turn import Turn

VERSION = 1
"""Of the JSON."""
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def export(
    conversation: Conversation, format: str, *, title: str = "", language: str = "en"
) -> str:
    """Return a conversation as the text of a file.

    Parameters
    ----------
    conversation : Conversation
        Its turns may run meanwhile.
    format : str
        ``md``, ``json`` or ``ipynb``.
    title : str
        Heading of the document, by default that it is a chat with the model. JSON has none.
    language : str
        BCP 47 tag; decides the words around the model's text.

    Raises
    ------
    ConfigError
        There is no such format.
    """
    if format not in _FORMATS:
        raise ConfigError(f"A chat cannot be exported as {format!r}.", f"There are {_names()}.")
    text = _FORMATS[format](conversation, title, language)
    return _LONE_SURROGATE.sub("\ufffd", text)  # which no file can hold


def export_to(
    path: str | os.PathLike[str],
    conversation: Conversation,
    *,
    title: str = "",
    language: str = "en",
) -> Path:
    """Write a conversation to a file, in the format that the suffix says. A file that is there is replaced, as a whole.

    Parameters
    ----------
    path : path-like
        ``chat.md``, ``chat.json`` or ``chat.ipynb``, in a folder that exists; ``~`` is the home folder.
    conversation, title, language
        As for `export`.

    Returns
    -------
    Path
        Of the file, absolute.

    Raises
    ------
    ConfigError
        The suffix is another, there is no such folder, or the file cannot be written.
    """
    target = Path(path).expanduser().resolve()  # a link stays one
    format = target.suffix.lower().removeprefix(".")
    if format not in _FORMATS:
        raise ConfigError(
            f"The name {target.name!r} does not say how to write the chat.",
            f"End it in one of {', '.join(f'.{one}' for one in _FORMATS)}.",
        )
    if not target.parent.is_dir():
        raise ConfigError(f"There is no folder {str(target.parent)!r}.", "Make it first.")
    text = export(conversation, format, title=title, language=language)
    try:
        _write_whole(target, text)
    except OSError as error:
        raise ConfigError(
            f"{str(target)!r} could not be written: {error.strerror or error}.",
            "Choose another place.",
        ) from None
    return target


def _write_whole(target: Path, text: str) -> None:
    """Write beside the file, then move there: whatever happens, the old text or the new one is there as a whole."""
    draft = target.with_name(f".{target.name[:80]}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with draft.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _names() -> str:
    *first, last = _FORMATS
    return f"{', '.join(first)} and {last}"


def _shown(conversation: Conversation) -> list[Turn]:
    return [turn for turn in conversation.turns if turn.done]


# --- data -----------------------------------------------------------------------------------------------------------


def _json(conversation: Conversation, title: str, language: str) -> str:
    shown = _shown(conversation)
    data = {
        "version": VERSION,
        "conversation": conversation.name,
        "turns": [turn.record().to_json() for turn in conversation.tree if turn.done],
        "head": shown[-1].id if shown else None,
    }
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


# --- a document -----------------------------------------------------------------------------------------------------


def _markdown(conversation: Conversation, title: str, language: str) -> str:
    shown = _shown(conversation)
    model = shown[-1].settings.model if shown else conversation.settings.model
    heading = f"# {_in_line(title or words(language).chat.format(model))}"
    blocks = [block for turn in shown for block in _turn_blocks(turn, language)]
    return "\n\n".join(block.strip("\n") for block in (heading, *blocks)) + "\n"


def _in_line(text: str) -> str:
    return visible(" ".join(text.split())).translate(IN_LINE)


def _turn_blocks(turn: Turn, language: str) -> Iterator[str]:
    yield f'<blockquote class="{NO_MATH}">{plain_lines(turn.prompt)}</blockquote>'
    for one in turn.attachments:
        yield _folded(one)
    snapshot = turn.snapshot()
    yield settle(snapshot, turn.record(), language=language)["text/markdown"]
    for bundle in pictures(snapshot):
        yield from (_picture(mime, data) for mime, data in bundle.items())


def _folded(one: Attachment) -> str:
    title = SEPARATOR.join((f"<code>{entities(one.name)}</code>", entities(one.kind)))
    return f"<details><summary>{title}</summary>\n{plain_pre(one.text)}\n</details>"


def _picture(mime: str, data: str) -> str:
    """Return a picture within the text. As an image not even an SVG can do anything."""
    written = b64encode(data.encode()).decode() if "svg" in mime else data
    return f'<p><img alt="" src="data:{_plain(mime)};base64,{_plain(written)}"></p>'


def _plain(text: str) -> str:
    return re.sub(r"[^\w/+=.-]", "", text, flags=re.ASCII)


# --- a notebook -----------------------------------------------------------------------------------------------------


def _notebook(conversation: Conversation, title: str, language: str) -> str:
    from glm_notebook.notebook import write  # which loads nbformat

    return write(_shown(conversation), title=title, language=language)


_FORMATS: Mapping[str, Callable[[Conversation, str, str], str]] = {
    "md": _markdown,
    "json": _json,
    "ipynb": _notebook,
}
