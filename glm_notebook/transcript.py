"""A conversation as it stays in a notebook: each prompt, and below it the settled output of its turn. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from glm_notebook.inert_text import NO_MATH, entities, plain_lines, visible
from glm_notebook.settle import progress, settle
from glm_notebook.strings import words
from glm_notebook.turn import Turn


def transcript(turns: Sequence[Turn], model: str, *, language: str = "en") -> dict[str, str]:
    """Return the static MIME bundle of a conversation.

    Parameters
    ----------
    turns : sequence of Turn
        From the first on. The last may still run.
    model : str
        Named where there is no turn yet.
    language : str
        BCP 47 tag; decides the words around the model's text.

    Returns
    -------
    dict
        ``text/markdown`` and ``text/plain``.
    """
    title = words(language).chat.format(model)
    if not turns:
        return {"text/markdown": f"<p>{entities(title)}</p>\n", "text/plain": visible(title)}
    markdown = [block for turn in turns for block in _blocks(turn, language)]
    plain = [line for turn in turns for line in _lines(turn, language)]
    return {"text/markdown": "\n\n".join(markdown), "text/plain": "\n\n".join(plain)}


def _blocks(turn: Turn, language: str) -> Iterator[str]:
    yield f'<blockquote class="{NO_MATH}">{plain_lines(turn.prompt)}</blockquote>'
    yield _bundle(turn, language)["text/markdown"]


def _lines(turn: Turn, language: str) -> Iterator[str]:
    yield "\n".join(f"> {line}" for line in visible(turn.prompt).split("\n"))
    yield _bundle(turn, language)["text/plain"]


def _bundle(turn: Turn, language: str) -> dict[str, str]:
    snapshot = turn.snapshot()
    if not turn.done:
        return progress(snapshot, language=language)
    return settle(snapshot, turn.record(), language=language)
