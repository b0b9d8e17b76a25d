"""Frames that repeat all that came before them, cut to what is new. No I/O.

Source: DashScope without ``incremental_output`` (protocol notes, 4.3).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from glm_notebook.protocol.reading import string


class Slicer:
    """Remembers what came of each text of a message."""

    def __init__(self) -> None:
        self._seen: dict[Hashable, str] = {}

    def sliced(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return a message with only what is new in its texts."""
        new = dict(message)
        for name in ("content", "reasoning_content"):
            if isinstance(text := message.get(name), str):
                new[name] = self._new(name, text)
        if isinstance(calls := message.get("tool_calls"), list):
            new["tool_calls"] = [
                self._sliced_call(call, place)
                for place, call in enumerate(calls)
                if isinstance(call, dict)
            ]
        return new

    def _sliced_call(self, call: Mapping[str, Any], place: int) -> dict[str, Any]:
        """Cut a call, known by its index: without one, by its place, as every frame lists all of them."""
        index = call.get("index")
        index = index if isinstance(index, int) else place
        function = call.get("function")
        function = function if isinstance(function, dict) else {}
        arguments = self._new(index, string(function.get("arguments")))
        return {**call, "index": index, "function": {**function, "arguments": arguments}}

    def _new(self, text_of: Hashable, text: str) -> str:
        """Return what is new of a text; one that does not begin with what came is new as a whole."""
        seen = self._seen.get(text_of, "")
        if text.startswith(seen):
            self._seen[text_of] = text
            return text[len(seen) :]
        self._seen[text_of] = seen + text
        return text
