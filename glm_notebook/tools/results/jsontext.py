"""Values as compact JSON of a bounded length: whole where it fits, else cut between elements, with what is left out.

What is cut is no longer JSON, on purpose: ``[0,1,… 999,998 more items]`` can be taken neither for data nor for all of
it. The work is bounded by the length that is allowed, not by the size of the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from json.encoder import encode_basestring

from glm_notebook.tools.results import registry
from glm_notebook.tools.results.rendered import Picture, Rendered
from glm_notebook.tools.results.reprs import describe
from glm_notebook.tools.results.shapes import Array, Object, Shape, Text, Word, shape
from glm_notebook.tools.results.tokens import (
    ELLIPSIS,
    QUARTERS,
    beginning,
    cost,
    cut,
    fits,
    more,
)

DEPTH_MAX = 50
_SHARING_MAX = {"{": 16, "[": 4}
"""Elements among which room is shared, if they do not fit. With more, the first ones are shown whole."""
_HALF_SHOWN = 64
"""Quarters that are worth it to begin an element of many that will not fit."""
SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a pair, which no UTF-8 can hold."""


def render_plain(value: object, budget_tokens: int) -> Rendered:
    """Render a value that nobody registered a renderer for: a text as it is, data as JSON, the rest by its repr."""
    found = shape(value)
    room = budget_tokens * QUARTERS
    if found is None:
        return Rendered(cut(describe(value), room))
    if isinstance(found, Word | Text):
        return Rendered(cut(found.text, room))
    writer = Writer()
    return Rendered(writer.write(value, room), tuple(writer.pictures()))


def quoted(text: str) -> str:
    """Return a text as a JSON string. Halves of surrogate pairs become ASCII, other characters stay."""
    written: str = encode_basestring(text)
    return SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", written)


class _TooLong(Exception):
    """Something does not fit as a whole."""


@dataclass(frozen=True, slots=True)
class _Container:
    """An array or object: its elements, each with what is written before it."""

    brackets: str
    noun: str
    count: int
    elements: Iterable[tuple[str, object]]


def _container(found: Array | Object) -> _Container:
    if isinstance(found, Array):
        return _Container("[]", "items", found.count, (("", item) for item in found.items))
    named = ((f"{quoted(name)}:", item) for name, item in found.items)
    return _Container("{}", "keys", found.count, named)


@dataclass(slots=True)
class _Leaf:
    """A value that is no data, and what it was rendered as with which budget. A picture may take a while to draw."""

    value: object
    """Kept, so that its id stays its own."""
    versions: list[tuple[int, Rendered]] = field(default_factory=list)


class Writer:
    """Writes values as JSON. Of values that are no data it keeps what the user is to see."""

    def __init__(self) -> None:
        self._open: set[int] = set()
        self._leaves: dict[int, _Leaf] = {}

    def pictures(self) -> list[Picture]:
        """Return the pictures of all that was met, each once."""
        found: list[Picture] = []
        for leaf in self._leaves.values():
            pictures = leaf.versions[0][1].pictures
            found += [picture for picture in pictures if picture not in found]
        return found

    def write(self, value: object, room: int) -> str:
        """Return a value in at most so many quarters of a token."""
        whole = self.whole(value, room)
        return self._cut(value, room) if whole is None else whole

    def whole(self, value: object, room: int) -> str | None:
        """Return all of a value, or `None` if that is longer than so many quarters of a token."""
        try:
            return self._whole(value, room)
        except _TooLong:
            return None

    def _shape(self, value: object, room: int) -> Shape:
        if registry.find(type(value)) is not render_plain:
            return Text(self._leaf(value, room))
        found = shape(value)
        if isinstance(found, Array | Object):
            if id(value) in self._open:
                return Word(f"{ELLIPSIS} circular")
            if len(self._open) >= DEPTH_MAX:
                return Word(f"{ELLIPSIS} nested deeper")
        return Text(self._leaf(value, room)) if found is None else found

    def _leaf(self, value: object, room: int) -> str:
        """Return the text of a value that is no data. It may have to be made anew for less room, or for more."""
        leaf = self._leaves.setdefault(id(value), _Leaf(value))
        # A text grows when it is quoted: quotes and line ends in it count twice.
        budget_tokens = max(room * 4 // 5 // QUARTERS, 1)
        for budget, made in leaf.versions:
            if budget >= budget_tokens and fits(made.text, room):
                return made.text
        leaf.versions.append((budget_tokens, registry.run(value, budget_tokens)))
        return leaf.versions[-1][1].text

    @contextmanager
    def _opened(self, value: object) -> Iterator[None]:
        self._open.add(id(value))
        try:
            yield
        finally:
            self._open.discard(id(value))

    def _whole(self, value: object, room: int) -> str:
        """Return all of a value.

        Raises
        ------
        _TooLong
            It is longer than `room`. No more of it than that was looked at.
        """
        found = self._shape(value, room)
        if isinstance(found, Array | Object):
            with self._opened(value):
                return self._whole_container(_container(found), room)
        written = _scalar(found, room)
        if cost(written) > room:
            raise _TooLong
        return written

    def _whole_container(self, found: _Container, room: int) -> str:
        if 2 * found.count + 1 > room and found.count:
            raise _TooLong
        room -= 1  # one bracket: the other is a comma less than there are elements
        pieces = []
        for name, item in found.elements:
            room -= cost(name) + 1
            pieces.append(name + self._whole(item, room))
            room -= cost(pieces[-1]) - cost(name)
        if room < (not pieces):
            raise _TooLong
        return f"{found.brackets[0]}{','.join(pieces)}{found.brackets[1]}"

    def _cut(self, value: object, room: int) -> str:
        """Return the beginning of a value that is too long."""
        found = self._shape(value, room)
        if isinstance(found, Array | Object):
            with self._opened(value):
                return self._cut_container(_container(found), room)
        if isinstance(found, Text):
            return cut_quoted(found.text, room)
        return found.text if fits(found.text, room) else beginning(ELLIPSIS, room)

    def _cut_container(self, found: _Container, room: int) -> str:
        elements = iter(found.elements)
        shared = list(islice(elements, found.count)) if self._shares(found) else []
        kept = shared or elements
        needs = self._needs(shared, room)
        left = room - 2
        if left < _notice_cost(found, found.count):
            return beginning(ELLIPSIS, room)
        pieces: list[str] = []
        for name, item in kept:
            # What is left out after it may always be said: the room for that is never spent.
            notice = _notice_cost(found, found.count - len(pieces) - 1)
            spare = left - cost(name) - 1 - notice
            allowed = min(spare, spare + notice - sum(needs[len(pieces) + 1 :]))
            piece = self._element(item, allowed, shared=bool(shared), used=room - left, spare=spare)
            if piece is None:
                break
            pieces.append(name + piece)
            left -= cost(pieces[-1]) + 1
        if len(pieces) < found.count:
            pieces.append(more(found.count - len(pieces), found.noun))
        return f"{found.brackets[0]}{','.join(pieces)}{found.brackets[1]}"

    def _shares(self, found: _Container) -> bool:
        return found.count <= _SHARING_MAX[found.brackets[0]]

    def _needs(self, elements: list[tuple[str, object]], room: int) -> list[int]:
        """Return what is set aside for each element of few: what it needs, but no more than its fair share."""
        if not elements:
            return []
        fair = room // len(elements)
        return [self._need(name, item, fair) for name, item in elements]

    def _need(self, name: str, item: object, fair: int) -> int:
        try:
            return min(cost(name) + cost(self._whole(item, fair)) + 1, fair)
        except _TooLong:
            return fair

    def _element(
        self, item: object, allowed: int, *, shared: bool, used: int, spare: int
    ) -> str | None:
        """Return an element, whole or cut, or `None` if it is not worth it to begin."""
        try:
            return self._whole(item, allowed)
        except _TooLong:
            if shared:
                return self._cut(item, allowed) if allowed >= QUARTERS else None
            # Of many, one is cut that leaves more than half of the room to it and its like.
            half = spare // 2
            return self._cut(item, half) if used < half and half >= _HALF_SHOWN else None


def _notice_cost(found: _Container, count: int) -> int:
    return cost(more(count, found.noun)) + 1 if count > 0 else 0


def _scalar(found: Word | Text, room: int) -> str:
    if isinstance(found, Word):
        return found.text
    if len(found.text) > room:
        raise _TooLong
    return quoted(found.text)


def cut_quoted(text: str, room: int) -> str:
    """Return the beginning of a text as a JSON string, and behind it how much is left out."""
    spare = room - cost(more(len(text), "characters"))
    kept = beginning(text, spare - 2)
    written = quoted(kept)
    while kept and cost(written) > spare:
        kept = beginning(kept, min(cost(kept) - 1, cost(kept) * spare // cost(written)))
        written = quoted(kept)
    if not kept:
        return beginning(ELLIPSIS, room)
    return written + more(len(text) - len(kept), "characters")
