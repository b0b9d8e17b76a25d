"""Faults of what is said, whichever way it is sent."""

from __future__ import annotations

from dataclasses import replace

from glm_notebook.simulator.faults.registry import fault
from glm_notebook.simulator.reply import Reply
from glm_notebook.simulator.request import ChatRequest

_SEPARATORS = "\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e"
"""Where `str.splitlines` breaks lines and server-sent events do not."""


@fault("plain-json", "request")
def _plain_json(request: ChatRequest) -> ChatRequest:
    """Answer a request for a stream with a reply in one piece."""
    return replace(request, stream=False)


@fault("thinking-only", "reply")
def _thinking_only(reply: Reply) -> Reply:
    """End after the thinking with finish reason stop, without an answer, and count no token."""
    thinking_tokens = None if reply.thinking is None else 0
    usage = replace(reply.usage, completion_tokens=0, thinking_tokens=thinking_tokens)
    return replace(reply, answer="", calls=(), finish_reason="stop", usage=usage)


@fault("stray-think", "reply")
def _stray_think(reply: Reply) -> Reply:
    """Put thinking into the answer, with only its closing tag, and leave the thinking empty."""
    if reply.thinking is None:
        return reply
    return replace(reply, thinking="", answer=f"{reply.thinking}</think>\n\n{reply.answer}")


@fault("think-tags", "reply")
def _think_tags(reply: Reply) -> Reply:
    """Put thinking into the answer, between its tags, and leave the thinking empty."""
    if reply.thinking is None:
        return reply
    answer = f"<think>{reply.thinking}</think>\n\n{reply.answer}"
    return replace(reply, thinking="", answer=answer)


@fault("empty-tool-call", "reply")
def _empty_tool_call(reply: Reply) -> Reply:
    """Finish with reason tool_calls, and call nothing."""
    return replace(reply, calls=(), finish_reason="tool_calls")


@fault("stop-after-calls", "reply")
def _stop_after_calls(reply: Reply) -> Reply:
    """Finish with reason stop, whatever was called."""
    return replace(reply, finish_reason="stop")


@fault("line-separators", "reply")
def _line_separators(reply: Reply) -> Reply:
    """Put what some take for line breaks into the texts: U+2028, U+2029, U+0085 and their like."""
    thinking = None if reply.thinking is None else _SEPARATORS + reply.thinking
    return replace(reply, thinking=thinking, answer=_SEPARATORS + reply.answer)
