"""A conversation as it stays in a notebook: each prompt, and below it the settled output of its turn. No I/O."""

from __future__ import annotations

from collections.abc import Sequence

from glm_notebook.inert_text import NO_MATH, entities, plain_lines, visible
from glm_notebook.settle import progress, settle
from glm_notebook.strings import count, words
from glm_notebook.turn import Turn

KINDS = ("markdown", "plain")
BETWEEN = "\n\n"
VIEW_OF = "glm_notebook_view_of"
"""The entry of an output's metadata that names the chat that it shows: a page that has lost its kernel finds it so."""
KEPT_FOR = "glm_notebook_kept_for"
"""The entry of an output's metadata that names the chat whose page keeps the transcript there."""
TO_KEEP = {"text/markdown": '<div class="glm-kept"></div>', "text/plain": ""}
"""An output for a page to keep the transcript in: js/src/chat/keeper.ts. It is not seen while the chat is."""


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
    parts = [settled_parts(turn, language=language) for turn in turns]
    return {f"text/{kind}": BETWEEN.join(part[kind] for part in parts) for kind in KINDS}


def settled_parts(turn: Turn, *, language: str = "en") -> dict[str, str]:
    """Return what a transcript shows of one turn, its prompt included.

    Returns
    -------
    dict
        ``markdown`` and ``plain``. Those of all turns, with `BETWEEN` between them, make the transcript.
    """
    bundle = _bundle(turn, language)
    attached = words(language).attached
    prompt = "\n".join(
        [
            turn.prompt,
            *(attached.format(one.name, count(one.tokens)) for one in turn.attachments),
        ]
    )
    quoted = f'<blockquote class="{NO_MATH}">{plain_lines(prompt)}</blockquote>'
    marked = "\n".join(f"> {line}" for line in visible(prompt).split("\n"))
    return {
        "markdown": f"{quoted}{BETWEEN}{bundle['text/markdown']}",
        "plain": f"{marked}{BETWEEN}{bundle['text/plain']}",
    }


def _bundle(turn: Turn, language: str) -> dict[str, str]:
    snapshot = turn.snapshot()
    if not turn.done:
        return progress(snapshot, language=language)
    return settle(snapshot, turn.record(), language=language)
