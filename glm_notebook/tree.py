"""The turns of a conversation: each follows another one or none, and several may follow the same. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glm_notebook.messages import Message
    from glm_notebook.turn import Turn


class Tree:
    """The turns of a conversation, by what they follow.

    Of the turns that follow the same one, the one that was shown last is the chosen one.
    """

    def __init__(self) -> None:
        self._after: dict[Turn | None, list[Turn]] = {}
        self._chosen: dict[Turn | None, Turn] = {}

    def __iter__(self) -> Iterator[Turn]:
        """Yield all turns, each after the one that it follows."""
        waiting = [*reversed(self.after(None))]
        while waiting:
            turn = waiting.pop()
            yield turn
            waiting += reversed(self.after(turn))

    def __len__(self) -> int:
        return sum(len(turns) for turns in self._after.values())

    def __contains__(self, turn: object) -> bool:
        return any(turn is one for turns in self._after.values() for one in turns)

    def after(self, turn: Turn | None) -> tuple[Turn, ...]:
        """Return the turns that follow a turn, or that follow none, in the order in which they were begun."""
        return tuple(self._after.get(turn, ()))

    def beside(self, turn: Turn) -> tuple[Turn, ...]:
        """Return the turns that follow the same one as this, itself among them."""
        return self.after(turn.parent)

    def end_of(self, turn: Turn | None) -> Turn | None:
        """Return the last turn of the branch that was last shown below a turn: itself, if none follows it."""
        while (following := self._chosen.get(turn)) is not None:
            turn = following
        return turn

    def add(self, turn: Turn) -> None:
        """Take in a turn, the newest of those beside it, and choose it."""
        self._after.setdefault(turn.parent, []).append(turn)
        self.choose(turn)

    def replace(self, old: Turn, new: Turn) -> None:
        """Put a turn in the place of one that nothing follows."""
        turns = self._after[old.parent]
        turns[turns.index(old)] = new
        self.choose(new)

    def choose(self, turn: Turn) -> None:
        """Choose a turn and those that it follows."""
        for one in path(turn):
            self._chosen[one.parent] = one

    def remove(self, turn: Turn) -> None:
        """Take out a turn. What followed it follows the one before it from now on."""
        beside, following = self._after[turn.parent], self._after.pop(turn, [])
        at = beside.index(turn)
        beside[at : at + 1] = following
        chosen = self._chosen.pop(turn, None)
        if self._chosen.get(turn.parent) is turn:
            self._choose_after(turn.parent, chosen or _nearest(beside, at))
        for one in following:
            one.parent = turn.parent

    def _choose_after(self, parent: Turn | None, turn: Turn | None) -> None:
        if turn is None:
            del self._chosen[parent]
        else:
            self._chosen[parent] = turn

    def clear(self) -> None:
        """Forget all turns."""
        self._after.clear()
        self._chosen.clear()


def _nearest(turns: list[Turn], at: int) -> Turn | None:
    return turns[min(at, len(turns) - 1)] if turns else None


def path(turn: Turn | None) -> list[Turn]:
    """Return the turns from the first to this one."""
    turns = []
    while turn is not None:
        turns.append(turn)
        turn = turn.parent
    return turns[::-1]


def history(turn: Turn | None) -> list[Message]:
    """Return the messages of the turns from the first to this one."""
    return [message for one in path(turn) for message in one.messages]
