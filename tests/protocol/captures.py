"""Reads the captures of tests/data: bodies as the services send them, and what they must give."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from glm_notebook.messages import Usage
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
from glm_notebook.protocol.sse import MAX_EVENT_BYTES

DATA = Path(__file__).parents[1] / "data"


@dataclass(frozen=True)
class Capture:
    name: str
    body: bytes
    deltas: list[Delta]
    finished: bool
    error: str | None
    """Message of the `ProtocolError` that comes after the deltas."""
    max_event_bytes: int


@cache
def captures(folder: str) -> dict[str, Capture]:
    """Return every capture of a folder by its name."""
    return {path.stem: _capture(path) for path in sorted((DATA / folder).glob("*.json"))}


def _capture(path: Path) -> Capture:
    value = json.loads(path.read_text(encoding="utf-8"))
    return Capture(
        name=path.stem,
        body=b"".join(_bytes(piece) for piece in value["body"]),
        deltas=[_delta(*one) for one in value["deltas"]],
        finished=value["finished"],
        error=value.get("error"),
        max_event_bytes=value.get("max_event_bytes", MAX_EVENT_BYTES),
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
    """Return deltas with neighbouring pieces of text as one: the only thing that a cut may change."""
    result: list[Delta] = []
    for delta in deltas:
        last = result[-1] if result else None
        if isinstance(delta, TextDelta) and isinstance(last, TextDelta):
            result[-1] = TextDelta(last.text + delta.text)
        elif isinstance(delta, ThinkingDelta) and isinstance(last, ThinkingDelta):
            result[-1] = ThinkingDelta(last.text + delta.text)
        else:
            result.append(delta)
    return result
