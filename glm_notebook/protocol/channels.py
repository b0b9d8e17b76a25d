"""The two text channels of an answer, cleaned of what GLM servers are known to leave in them. No I/O.

Every codec feeds its thinking and its text through here, so that each defect is mended once:

* a surrogate pair cut in two by a delta's border is joined again; a half alone becomes U+FFFD, since it could
  neither be saved nor sent to a page (protocol notes, case 9);
* ``<think>`` tags at the beginning of an answer are thinking (case 32);
* white space alone opens nothing: some models send a line end before each tool call (case 35). Blank lines before
  the first words are dropped.
"""

from __future__ import annotations

from typing import TypeAlias

from glm_notebook.protocol.deltas import Delta, TextDelta, ThinkingDelta, ToolCallDelta

_OPEN, _CLOSE = "<think>", "</think>"
_Kind: TypeAlias = type[ThinkingDelta] | type[TextDelta]


class Channels:
    """Collects the deltas of one stream, joining neighbours of the same channel."""

    def __init__(self) -> None:
        self._wrote = False
        self._deltas: list[Delta] = []
        self._coming: _Kind | None = None
        """The channel that pieces come from."""
        self._half = ""
        self._opening: _Opening | None = None
        self._stretch: _Kind | None = None
        """The channel that `_pieces`, and what was taken last, belong to."""
        self._pieces: list[str] = []

    @property
    def wrote(self) -> bool:
        """Whether anything came that a reader can see."""
        return self._wrote or bool(self._pieces)

    def think(self, text: str) -> None:
        """Take a piece of thinking."""
        if self._coming is not ThinkingDelta:
            self.release()
            self._coming = ThinkingDelta
        if self._half or not text.isascii():
            text = self._whole(text)
        self._put(ThinkingDelta, text)

    def write(self, text: str) -> None:
        """Take a piece of the answer."""
        if self._coming is not TextDelta:
            self.release()
            self._coming = TextDelta
            self._opening = _Opening(first=not self.wrote)
        if self._half or not text.isascii():
            text = self._whole(text)
        if self._opening is None:
            self._put(TextDelta, text)
        else:
            self._open(self._opening, text)

    def _whole(self, text: str) -> str:
        text, self._half = whole_characters(self._half + text)
        return text

    def call(self, delta: ToolCallDelta) -> None:
        """Take a piece of a tool call: text after the first one begins anew."""
        if delta.id or delta.name:
            self.release()
        self.add(delta)
        self._wrote = True
        if delta.id or delta.name:
            self._stretch = None

    def add(self, delta: Delta) -> None:
        """Take a delta of another kind, in its place among the text."""
        self._flush()
        self._deltas.append(delta)

    def release(self) -> None:
        """Give out what is held back: what it waited for will not come."""
        half, self._half = "\ufffd" if self._half else "", ""
        opening = self._opening
        if self._coming is ThinkingDelta:
            self._put(ThinkingDelta, half)
        elif opening is None:
            self._put(TextDelta, half)
        else:
            self._open(opening, half)
            thinking, text = opening.close()
            self._put(ThinkingDelta, thinking)
            self._put(TextDelta, text)
        self._coming = self._opening = None

    def restart(self) -> None:
        """Forget what is held back: the server begins anew."""
        self._flush()
        self._wrote = False
        self._coming = self._opening = self._stretch = None
        self._half = ""

    def take(self) -> list[Delta]:
        """Return what has come since the last call."""
        self._flush()
        deltas, self._deltas = self._deltas, []
        return deltas

    def _open(self, opening: _Opening, text: str) -> None:
        thinking, text = opening.feed(text)
        self._put(ThinkingDelta, thinking)
        self._put(TextDelta, text)
        if opening.passed:
            self._opening = None

    def _put(self, kind: _Kind, text: str) -> None:
        if kind is not self._stretch:
            if kind is ThinkingDelta:
                text = text.lstrip()
            if not text:
                return
            self._flush()
            self._stretch = kind
        if text:
            self._pieces.append(text)

    def _flush(self) -> None:
        if self._pieces and self._stretch is not None:
            self._deltas.append(self._stretch("".join(self._pieces)))
            self._pieces.clear()
            self._wrote = True


class _Opening:
    """The beginning of a stretch of answer, until something of it is to be shown.

    Tags are looked for only here: later, ``</think>`` is what the model has to say about tags.

    Parameters
    ----------
    first : bool
        Whether nothing has been shown before: then words before a closing tag are thinking, as its opening tag was
        in the prompt, or got lost.
    """

    def __init__(self, *, first: bool) -> None:
        self.passed = False
        self._first = first
        self._held = ""
        self._inside = False
        self._after_tag = False

    def feed(self, text: str) -> tuple[str, str]:
        """Return what is thinking and what is answer of the text so far."""
        self._held += text
        thinking: list[str] = []
        while self._tag(thinking):
            pass
        bare = self._held.lstrip()
        self._held = self._indent() + bare
        if self._inside or _OPEN.startswith(bare) or _CLOSE.startswith(bare):
            return "".join(thinking), ""
        self.passed = True
        held, self._held = self._held, ""
        return "".join(thinking), held

    def close(self) -> tuple[str, str]:
        """Return what is held: it was no tag after all."""
        held, self._held = self._held, ""
        if self._inside:
            return held, ""
        return "", held if held.strip() else ""

    def _tag(self, thinking: list[str]) -> bool:
        """Take one tag, if there is one at this place, and put what is thinking before it aside."""
        if self._inside:
            return self._leave(thinking)
        bare = self._held.lstrip()
        if bare.startswith(_OPEN):
            self._inside, self._held = True, bare[len(_OPEN) :]
            return True
        before, tag, after = bare.partition(_CLOSE)
        if not tag or (before and (not self._first or _OPEN in before)):
            return False
        thinking.append(before)
        self._held, self._after_tag = after, True
        return True

    def _leave(self, thinking: list[str]) -> bool:
        before, tag, after = self._held.partition(_CLOSE)
        if tag:
            self._inside, self._held, self._after_tag = False, after, True
        else:
            cut = len(before) - _partial_tag(before)
            before, self._held = before[:cut], before[cut:]
        thinking.append(before)
        return bool(tag)

    def _indent(self) -> str:
        """Return the white space that stays before the first words: none after a tag, and no blank lines."""
        blank = self._held[: len(self._held) - len(self._held.lstrip())]
        return "" if self._after_tag else blank.rpartition("\n")[2]


def _partial_tag(text: str) -> int:
    """Return how many characters at the end may be the beginning of a closing tag."""
    return next((n for n in range(len(_CLOSE) - 1, 0, -1) if text.endswith(_CLOSE[:n])), 0)


def mended(text: str) -> str:
    """Join surrogate pairs that came as two escapes, and replace halves by U+FFFD."""
    if _is_sound(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def whole_characters(text: str) -> tuple[str, str]:
    """Split off a high surrogate at the end, which the next delta may complete, and mend the rest."""
    if _is_sound(text):
        return text, ""
    half = text[-1] if "\ud800" <= text[-1] <= "\udbff" else ""
    return mended(text[:-1] if half else text), half


def _is_sound(text: str) -> bool:
    try:
        text.encode()  # faster than any search
    except UnicodeEncodeError:
        return False
    return True
