"""The two text channels of an answer, cleaned of what GLM servers are known to leave in them. No I/O.

Every codec feeds its thinking and its text through here, so that each defect is mended once:

* a surrogate pair cut in two by a delta's border is joined again; a half alone becomes U+FFFD, since it could
  neither be saved nor sent to a page (protocol notes, case 9);
* ``<think>`` tags at the beginning of an answer are thinking (case 32);
* white space alone opens no answer: some models send a line end before each tool call (case 35).
"""

from __future__ import annotations

import re

from glm_notebook.protocol.deltas import Delta, TextDelta, ThinkingDelta

_OPEN, _CLOSE = "<think>", "</think>"
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Channels:
    """Collects the deltas of one stream, joining neighbours of the same channel."""

    def __init__(self) -> None:
        self._deltas: list[Delta] = []
        self._thinking: list[str] = []
        self._text: list[str] = []
        self._thinking_half = ""
        self._text_half = ""
        self._opening = _Opening()

    def think(self, text: str) -> None:
        """Take a piece of thinking."""
        text, self._thinking_half = _whole_characters(self._thinking_half + text)
        if text:
            self._opening = _Opening(thought=True)
            self._put_thinking(text)

    def write(self, text: str) -> None:
        """Take a piece of the answer."""
        text, self._text_half = _whole_characters(self._text_half + text)
        if not text:
            return
        if self._opening.passed:
            self._put_text(text)
            return
        thinking, text = self._opening.feed(text)
        self._put_thinking(thinking)
        self._put_text(text)

    def add(self, delta: Delta) -> None:
        """Take a delta of another kind, in its place among the text."""
        self._flush()
        self._deltas.append(delta)

    def restart(self) -> None:
        """Forget what is held back: the server begins anew."""
        self._thinking_half = self._text_half = ""
        self._opening = _Opening()

    def take(self) -> list[Delta]:
        """Return what has come since the last call."""
        self._flush()
        deltas, self._deltas = self._deltas, []
        return deltas

    def close(self) -> list[Delta]:
        """Return what is left, with nothing held back any more."""
        if self._thinking_half:
            self._put_thinking("\ufffd")
        if self._text_half and self._opening.passed:
            self._put_text("\ufffd")
        thinking, text = self._opening.close()
        self._put_thinking(thinking)
        self._put_text(text)
        self._thinking_half = self._text_half = ""
        return self.take()

    def _put_thinking(self, text: str) -> None:
        if text:
            if self._text:
                self._flush()
            self._thinking.append(text)

    def _put_text(self, text: str) -> None:
        if text:
            if self._thinking:
                self._flush()
            self._text.append(text)

    def _flush(self) -> None:
        if self._thinking:
            self._deltas.append(ThinkingDelta("".join(self._thinking)))
            self._thinking.clear()
        if self._text:
            self._deltas.append(TextDelta("".join(self._text)))
            self._text.clear()


class _Opening:
    """The beginning of a stretch of answer, until something of it is to be shown.

    Tags are looked for only here: later, ``</think>`` is what the model has to say about tags.

    Parameters
    ----------
    thought : bool
        Whether thinking has come in its own channel: then words before a closing tag are none.
    """

    def __init__(self, *, thought: bool = False) -> None:
        self.passed = False
        self._thought = thought
        self._held = ""
        self._inside = False

    def feed(self, text: str) -> tuple[str, str]:
        """Return what is thinking and what is answer of the text so far."""
        self._held += text
        thinking = ""
        while True:
            if self._inside:
                part, closed = self._until_close()
                thinking += part
                if not closed:
                    return thinking, ""
                continue
            bare = self._held.lstrip()
            if bare.startswith(_OPEN):
                self._inside, self._held = True, bare[len(_OPEN) :]
            elif self._closes(bare):  # the opening tag was in the prompt, or got lost
                part, _, rest = bare.partition(_CLOSE)
                thinking, self._held = thinking + part, rest.lstrip()
            elif not bare or _OPEN.startswith(bare) or _CLOSE.startswith(bare):
                return thinking, ""
            else:
                return thinking, self._pass()

    def close(self) -> tuple[str, str]:
        """Return what is held: it was no tag after all."""
        held, self._held = self._held, ""
        if self._inside:
            return held, ""
        return "", held if held.strip() else ""

    def _until_close(self) -> tuple[str, bool]:
        thinking, closed, rest = self._held.partition(_CLOSE)
        if closed:
            self._inside, self._held = False, rest.lstrip()
            return thinking, True
        kept = _partial_tag(thinking)
        cut = len(thinking) - kept
        self._held = thinking[cut:]
        return thinking[:cut], False

    def _closes(self, text: str) -> bool:
        return text.startswith(_CLOSE) if self._thought else _CLOSE in text

    def _pass(self) -> str:
        self.passed = True
        held, self._held = self._held, ""
        return held


def _partial_tag(text: str) -> int:
    """Return how many characters at the end may be the beginning of a closing tag."""
    return next((n for n in range(len(_CLOSE) - 1, 0, -1) if text.endswith(_CLOSE[:n])), 0)


def mended(text: str) -> str:
    """Join surrogate pairs that came as two escapes, and replace halves by U+FFFD."""
    if text.isascii() or not _LONE_SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _whole_characters(text: str) -> tuple[str, str]:
    """Split off a high surrogate at the end, which the next delta may complete, and mend the rest."""
    half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
    return mended(text[: len(text) - len(half)]), half
