"""One request with a fault, in each of the two protocols of Model Studio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glm_notebook.simulator import Rule, Scenario, ScriptedCall

from .wire import SSE, Answer, body, make_service, native_answer, native_body, service_answer

SCENARIO = Scenario(
    rules=(
        Rule(
            "call",
            thinking="Hm.",
            before_tools="Wait",
            tool_calls=(ScriptedCall("a", {"x": 1}, "c1"), ScriptedCall("b", {"y": "é"}, "c2")),
        ),
        Rule("long", thinking="I think. " * 20, answer="I say 熵. " * 20),
        Rule(thinking="Hm.", answer="Hi!"),
    )
)


@dataclass(frozen=True)
class Protocol:
    """How to ask in a protocol, and where to find things in its answers."""

    name: str

    @property
    def is_native(self) -> bool:
        return self.name == "native"

    def ask(
        self, prompt: str = "Hello", fault: str = "", *, stream: bool = True, **fields: Any
    ) -> Answer:
        """Ask a new service, whose ids and times are always the same."""
        service = make_service(SCENARIO)
        headers = {"X-Sim-Fault": fault}
        if self.is_native:
            sent = native_body(prompt, **fields)
            return native_answer(service, sent, **headers, **(SSE if stream else {}))
        return service_answer(service, body(prompt, stream=stream, **fields), **headers)

    def choices(self, payload: Mapping[str, Any]) -> Any:
        return payload["output"]["choices"] if self.is_native else payload["choices"]

    def messages(self, answer: Answer) -> list[dict[str, Any]]:
        """Return the deltas or messages of the choices in a stream."""
        choices = [self.choices(payload) for payload in answer.frames]
        return [one[0]["message" if self.is_native else "delta"] for one in choices if one]

    def text(self, answer: Answer, field: str = "content") -> str:
        return "".join(message.get(field) or "" for message in self.messages(answer))

    def reasons(self, answer: Answer) -> list[Any]:
        """Return the finish reasons, null in either spelling as None."""
        choices = [self.choices(payload) for payload in answer.frames]
        reasons = [one[0].get("finish_reason") for one in choices if one]
        return [None if reason == "null" else reason for reason in reasons]


COMPAT, NATIVE = Protocol("compat"), Protocol("native")
