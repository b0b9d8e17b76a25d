"""Reads the captures of tests/data: bodies as the services send them, and what they must give."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from glm_notebook import dialects
from glm_notebook.messages import Usage
from glm_notebook.protocol.dashscope import FrameDecoder
from glm_notebook.protocol.deltas import (
    Delta,
    ErrorDelta,
    ErrorInfo,
    FinishDelta,
    NoteDelta,
    ResponseStarted,
    RestartDelta,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    UsageDelta,
)
from glm_notebook.protocol.openai_compat import ChunkDecoder
from glm_notebook.protocol.sse import MAX_EVENT_BYTES
from glm_notebook.protocol.stream import StreamDecoder

DATA = Path(__file__).parents[1] / "data"
DECODERS: Mapping[str, Callable[[int], StreamDecoder]] = {
    "openai": ChunkDecoder,
    "dashscope": FrameDecoder,
}
"""By protocol, which is also the folder of its captures."""


@dataclass(frozen=True)
class Capture:
    protocol: str
    name: str
    body: bytes
    deltas: list[Delta]
    finished: bool
    error: str | None
    """Message of the `ProtocolError` that comes after the deltas."""
    max_event_bytes: int
    options: Mapping[str, Any]
    """What the decoder is told: a ``dialect``, or ``cumulative``."""

    def decoder(self) -> StreamDecoder:
        """Return a new decoder for this body."""
        if "dialect" in self.options:
            endings = dialects.dialect(self.options["dialect"]).endings
            return ChunkDecoder(self.max_event_bytes, endings=endings)
        if "cumulative" in self.options:
            return FrameDecoder(self.max_event_bytes, cumulative=True)
        return DECODERS[self.protocol](self.max_event_bytes)


@cache
def captures(protocol: str) -> dict[str, Capture]:
    """Return every capture of a protocol by its name."""
    return {path.stem: _capture(path) for path in sorted((DATA / protocol).glob("*.json"))}


def _capture(path: Path) -> Capture:
    value = json.loads(path.read_text(encoding="utf-8"))
    return Capture(
        protocol=path.parent.name,
        name=path.stem,
        body=b"".join(_bytes(piece) for piece in value["body"]),
        deltas=[_delta(*one) for one in value["deltas"]],
        finished=value["finished"],
        error=value.get("error"),
        max_event_bytes=value.get("max_event_bytes", MAX_EVENT_BYTES),
        options=value.get("options", {}),
    )


def _bytes(piece: Any) -> bytes:
    if isinstance(piece, dict) and "hex" in piece:
        return bytes.fromhex(piece["hex"])
    return _text(piece).encode()


def _text(piece: Any) -> str:
    """Return a text, which a file may hold as ``{"repeat": ..., "times": ...}``."""
    if isinstance(piece, dict):
        return str(piece["repeat"]) * int(piece["times"])
    assert isinstance(piece, str)
    return piece


def _delta(kind: str, *values: Any) -> Delta:
    match kind:
        case "text":
            return TextDelta(_text(values[0]))
        case "thinking":
            return ThinkingDelta(_text(values[0]))
        case "usage":
            return UsageDelta(Usage(*values))
        case "error":
            return ErrorDelta(ErrorInfo(*values))
    kinds: dict[str, type[Delta]] = {
        "started": ResponseStarted,
        "call": ToolCallDelta,
        "finish": FinishDelta,
        "restart": RestartDelta,
        "note": NoteDelta,
    }
    return kinds[kind](*values)


def joined(deltas: list[Delta]) -> list[Delta]:
    """Return deltas without what a cut may change.

    Neighbouring pieces of text are one, and of usages, of which a later one replaces an earlier, only the last is
    there, at the end.
    """
    result: list[Delta] = []
    usage: list[Delta] = []
    for delta in deltas:
        last = result[-1] if result else None
        if isinstance(delta, UsageDelta):
            usage = [delta]
        elif isinstance(delta, TextDelta) and isinstance(last, TextDelta):
            result[-1] = TextDelta(last.text + delta.text)
        elif isinstance(delta, ThinkingDelta) and isinstance(last, ThinkingDelta):
            result[-1] = ThinkingDelta(last.text + delta.text)
        else:
            result.append(delta)
    return result + usage
