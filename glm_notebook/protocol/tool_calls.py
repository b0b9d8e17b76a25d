"""Puts the pieces of tool calls together, in whatever way a server cuts them. No I/O.

The rules are those of protocol notes 3.4: later pieces carry an empty id and no name; some servers keep index 0 for
every call, give a new id with every piece, repeat the name, or send it in parts.
"""

from __future__ import annotations

import json
import uuid

from glm_notebook.messages import ToolCall
from glm_notebook.protocol.channels import whole_characters
from glm_notebook.protocol.deltas import ToolCallDelta


class ToolCallSlot:
    """One call while its pieces come."""

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self._pieces: list[str] = []
        self._half = ""
        self._made_up_id = ""

    @property
    def arguments(self) -> str:
        """What has come of the arguments."""
        if len(self._pieces) > 1:
            self._pieces[:] = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    @property
    def is_whole(self) -> bool:
        """Whether the arguments are a JSON object already."""
        if not self._pieces or not self._pieces[-1].rstrip().endswith("}"):
            return False  # most pieces of most calls: parsing them all would cost their square
        try:
            return isinstance(json.loads(self.arguments), dict)
        except (ValueError, RecursionError):
            return False

    def merge(self, delta: ToolCallDelta) -> str:
        """Take a piece; return what the arguments grew by."""
        self.id = self.id or delta.id
        if not self.name:
            self.name = delta.name
        elif delta.name != self.name and not self._pieces:
            self.name += delta.name
        grown, self._half = whole_characters(self._half + delta.arguments)
        if grown:
            self._pieces.append(grown)
        return grown

    def finished(self) -> ToolCall:
        """Return the call. A missing id is made up, once; missing arguments are none."""
        if not self.id and not self._made_up_id:
            self._made_up_id = f"call_{uuid.uuid4().hex[:12]}"
        return ToolCall(self.id or self._made_up_id, self.name, self.arguments.strip() or "{}")


class ToolCallSlots:
    """The calls of one answer, in the order in which they began."""

    def __init__(self) -> None:
        self.slots: list[ToolCallSlot] = []
        self._by_index: dict[int, ToolCallSlot] = {}
        self._by_id: dict[str, ToolCallSlot] = {}

    def find(self, delta: ToolCallDelta) -> tuple[ToolCallSlot, bool]:
        """Return the slot that a piece belongs to, and whether that is a new one."""
        slot = self._known(delta)
        new = slot is None or _is_another(slot, delta)
        if slot is None or new:
            slot = ToolCallSlot()
            self.slots.append(slot)
            if delta.index is not None:
                self._by_index[delta.index] = slot
        if delta.id:
            self._by_id.setdefault(delta.id, slot)
        return slot, new

    def finished(self) -> list[ToolCall]:
        """Return the calls, without slots that never got a name or an id."""
        return [slot.finished() for slot in self.slots if slot.id or slot.name]

    def _known(self, delta: ToolCallDelta) -> ToolCallSlot | None:
        if delta.index is not None:
            return self._by_index.get(delta.index)
        if delta.id:
            return self._by_id.get(delta.id)
        return self.slots[-1] if self.slots else None


def _is_another(slot: ToolCallSlot, delta: ToolCallDelta) -> bool:
    """Tell whether a server uses an index again for another call, or only gives the same call a new id."""
    if not (delta.id and slot.id and delta.id != slot.id and delta.name):
        return False
    return delta.name != slot.name or slot.is_whole
