"""Puts the pieces of tool calls together, in whatever way a server cuts them. No I/O.

The rules are those of protocol notes 3.4: later pieces carry an empty id and no name; some servers keep index 0 for
every call, give a new id with every piece, repeat the name, or send it in parts.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable

from glm_notebook.messages import ToolCall
from glm_notebook.protocol.deltas import ToolCallDelta


class ToolCallSlot:
    """One call while its pieces come."""

    def __init__(self, index: int | None) -> None:
        self.index = index
        self.id = ""
        self.name = ""
        self.pieces: list[str] = []

    @property
    def arguments(self) -> str:
        """What has come of the arguments."""
        return "".join(self.pieces)

    @property
    def is_whole(self) -> bool:
        """Whether the arguments are a JSON object already."""
        try:
            return isinstance(json.loads(self.arguments), dict)
        except ValueError:
            return False

    def merge(self, delta: ToolCallDelta) -> None:
        """Take a piece."""
        self.id = self.id or delta.id
        if not self.name:
            self.name = delta.name
        elif delta.name and delta.name != self.name and not self.pieces:
            self.name += delta.name
        if delta.arguments:
            self.pieces.append(delta.arguments)

    def finished(self) -> ToolCall:
        """Return the call. A missing id is made up, missing arguments are none."""
        return ToolCall(
            self.id or f"call_{uuid.uuid4().hex[:12]}", self.name, self.arguments.strip() or "{}"
        )


class ToolCallSlots:
    """The calls of one answer, in the order in which they began."""

    def __init__(self) -> None:
        self.slots: list[ToolCallSlot] = []

    def merge(self, delta: ToolCallDelta) -> tuple[ToolCallSlot, bool]:
        """Take a piece; return its slot, and whether that is a new one."""
        slot = self._find(delta)
        new = slot is None or self._is_reused(slot, delta)
        if slot is None or new:
            slot = ToolCallSlot(delta.index)
            self.slots.append(slot)
        slot.merge(delta)
        return slot, new

    def finished(self) -> list[ToolCall]:
        """Return the calls, without slots that never got a name or an id."""
        return [slot.finished() for slot in self.slots if slot.id or slot.name]

    def _find(self, delta: ToolCallDelta) -> ToolCallSlot | None:
        if delta.index is not None:
            return self._last(lambda slot: slot.index == delta.index)
        if delta.id:
            return self._last(lambda slot: slot.id == delta.id)
        return self.slots[-1] if self.slots else None

    def _last(self, wanted: Callable[[ToolCallSlot], bool]) -> ToolCallSlot | None:
        return next((slot for slot in reversed(self.slots) if wanted(slot)), None)

    @staticmethod
    def _is_reused(slot: ToolCallSlot, delta: ToolCallDelta) -> bool:
        """Tell whether a server uses an index again, for another call."""
        other = bool(delta.id and slot.id and delta.id != slot.id)
        return other and bool(delta.name) and slot.is_whole
