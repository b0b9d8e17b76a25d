"""A chat request as the simulator sees it, whichever protocol brought it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from glm_notebook.simulator.models import ModelFacts

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """Model, messages and parameters of one request.

    Parameters
    ----------
    model : str
        Id of the model.
    messages : sequence of dict
        As they came: ``{"role": str, "content": str | list | None, ...}``.
    parameters : dict
        Everything else, under the names of the OpenAI-compatible protocol.
    stream : bool
        Whether server-sent events are wanted.
    native : bool
        Whether the DashScope protocol brought it, which has rules of its own.
    """

    model: str
    messages: Sequence[Json]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    stream: bool = False
    native: bool = False

    @property
    def thinking(self) -> bool:
        """Whether the model thinks: on by default, off where the effort asks for none of it."""
        if self.parameters.get("reasoning_effort") in ("none", "minimal"):
            return False
        return self.parameters.get("enable_thinking") is not False

    @property
    def wants_text(self) -> bool:
        """Whether the answer is wanted as a bare text, which only the DashScope protocol knows."""
        return self.native and self.parameters.get("result_format") != "message"

    @property
    def tools(self) -> Sequence[Json]:
        """The functions that are offered: ``{"name": str, "parameters": schema, ...}``."""
        tools = self.parameters.get("tools") or ()
        return [tool.get("function", {}) for tool in tools if isinstance(tool, dict)]

    @property
    def prompt(self) -> str:
        """Text of the last user message."""
        texts = self.user_texts
        return texts[-1] if texts else ""

    @property
    def user_texts(self) -> Sequence[str]:
        """Texts of all user messages, the oldest first."""
        return [text_of(m) for m in self.messages if m.get("role") == "user"]

    @property
    def round(self) -> int:
        """How many requests this turn has made, this one included: 1 right after the user spoke."""
        return 1 + sum(bool(m.get("tool_calls")) for m in self._since_user())

    @property
    def tool_results(self) -> Sequence[str]:
        """What the tools returned in the latest round of this turn."""
        since = self._since_user()
        calls = [n for n, message in enumerate(since) if message.get("tool_calls")]
        latest = since[calls[-1] :] if calls else since
        return [text_of(m) for m in latest if m.get("role") == "tool"]

    def _since_user(self) -> Sequence[Json]:
        users = [n for n, message in enumerate(self.messages) if message.get("role") == "user"]
        return self.messages[users[-1] + 1 :] if users else self.messages

    def prompt_text(self, facts: ModelFacts) -> str:
        """Return everything that is charged as input: tools, messages, thinking that is kept."""
        drop = self.parameters.get("clear_thinking")
        keep_thinking = not (facts.clear_thinking if drop is None else drop)
        tools = self.parameters.get("tools")
        parts = [json.dumps(tools, ensure_ascii=False)] if tools else []
        for message in self.messages:
            parts.append(_message_text(message, keep_thinking))
        return "".join(parts)


def _message_text(message: Json, keep_thinking: bool) -> str:
    calls = message.get("tool_calls")
    thinking = message.get("reasoning_content") if keep_thinking else None
    text = text_of(message) + (thinking if isinstance(thinking, str) else "")
    return text + json.dumps(calls, ensure_ascii=False) if calls else text


def text_of(message: Mapping[str, Any]) -> str:
    """Return the text of a message, its parts joined where the content is a list."""
    content = message.get("content")
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def string(value: object) -> str:
    """Return a string of a body, or an empty one where something else stands."""
    return value if isinstance(value, str) else ""


def messages(value: object) -> Sequence[Json]:
    """Return the messages; what is not an object becomes an empty one, to be refused later."""
    if not isinstance(value, list):
        return []
    return [message if isinstance(message, dict) else {} for message in value]
