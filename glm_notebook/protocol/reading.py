"""What both protocols read alike: a message or a piece of one, and counts of tokens. No I/O.

Numbers in comments are cases of the protocol notes, section 8.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glm_notebook.messages import Usage
from glm_notebook.protocol.channels import Channels, mended
from glm_notebook.protocol.deltas import ToolCallDelta


def read_message(message: Mapping[str, Any], out: Channels, *, whole: bool = False) -> None:
    """Give out what a message holds.

    Parameters
    ----------
    message : mapping
        A message, or the piece of one that an event brings.
    out : Channels
        Takes it.
    whole : bool
        Whether it is no piece: then the place of a call stands for a missing index.
    """
    # Two names for one thing; where both come, they hold the same.
    thinking = message.get("reasoning_content") or message.get("reasoning")
    if thinking and isinstance(thinking, str):
        out.think(thinking)
    elif details := message.get("reasoning_details"):
        _read_details(details, out)
    content = message.get("content")
    if content:
        _read_content(content, out)
    calls = message.get("tool_calls")
    if calls and isinstance(calls, list):
        for place, call in enumerate(calls):
            if isinstance(call, dict):
                out.call(_tool_call(call, place if whole else None))


def _read_details(details: object, out: Channels) -> None:
    """Take OpenRouter's list of typed pieces of thinking; encrypted ones hold no text."""
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict):
            out.think(string(detail.get("text")) or string(detail.get("summary")))


def _read_content(content: object, out: Channels) -> None:
    """Take an answer's text, or a list of typed parts, as some relays send it."""
    if isinstance(content, str):
        out.write(content)
        return
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and part.get("type") == "thinking":
            out.think(_text_in(part.get("thinking")))
        elif isinstance(part, dict):
            out.write(_text_in(part.get("text")))


def _text_in(value: object) -> str:
    """Return the text of a typed part, which may again be a list of parts."""
    if isinstance(value, list):
        return "".join(_text_in(one.get("text")) for one in value if isinstance(one, dict))
    return string(value)


def _tool_call(call: Mapping[str, Any], place: int | None) -> ToolCallDelta:
    function = call.get("function")
    function = function if isinstance(function, dict) else {}
    arguments = function.get("arguments")
    if isinstance(arguments, dict):  # 34
        arguments = json.dumps(arguments, ensure_ascii=False)
    index = call.get("index")
    return ToolCallDelta(
        index=index if isinstance(index, int) and not isinstance(index, bool) else place,
        id=mended(string(call.get("id"))),
        name=mended(string(function.get("name"))),
        arguments=string(arguments),
    )


@dataclass(frozen=True, slots=True)
class UsageNames:
    """What a protocol calls its counts."""

    input: str
    output: str
    output_details: str
    input_details: str = "prompt_tokens_details"

    def counts(self, usage: Mapping[str, Any]) -> bool:
        """Tell whether there is a count at all."""
        output = usage.get(self.output)
        return (type(output) is int and output >= 0) or _count(usage.get(self.input)) is not None

    def read(self, usage: Mapping[str, Any]) -> Usage:
        """Return the counts; what is missing, or no count, is unknown."""
        return Usage(
            input_tokens=_count(usage.get(self.input)),
            cached_tokens=_detail(usage.get(self.input_details), "cached_tokens"),
            output_tokens=_count(usage.get(self.output)),
            thinking_tokens=_detail(usage.get(self.output_details), "reasoning_tokens"),
        )


def _detail(details: object, name: str) -> int | None:
    return _count(details.get(name)) if isinstance(details, dict) else None


def _count(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        return None
    return value


def string(value: object) -> str:
    """Return a value that is a string, and nothing for any other."""
    return value if isinstance(value, str) else ""
