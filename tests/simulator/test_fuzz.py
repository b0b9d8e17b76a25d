"""Nothing that a client can send makes the simulator itself fail."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .wire import (
    SSE,
    Answer,
    body,
    make_service,
    native_answer,
    service_answer,
    user,
    zai_answer,
)

# A busy machine is slow to make up examples; that is no failure.
SLOWLY = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6
)
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "tool"]) | JSON},
    optional={
        "content": st.text() | JSON | st.lists(st.fixed_dictionaries({"text": JSON})),
        "tool_call_id": st.just("a") | JSON,
        "reasoning_content": JSON,
        "tool_calls": JSON
        | st.lists(
            st.fixed_dictionaries(
                {
                    "id": st.just("a") | JSON,
                    "function": JSON | st.fixed_dictionaries({"name": JSON, "arguments": JSON}),
                }
            )
        ),
    },
)
SCHEMA = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["object", "array", "integer", "string"]) | JSON,
        "properties": st.dictionaries(st.text(), JSON) | JSON,
        "required": JSON,
        "enum": JSON,
        "items": JSON,
        "anyOf": JSON,
    },
)
FUNCTION = st.fixed_dictionaries({"name": st.just("f") | JSON, "parameters": SCHEMA | JSON})
BODY = st.fixed_dictionaries(
    {"model": st.just("glm-5"), "messages": st.lists(MESSAGE).map(lambda m: [*m, user("Hi")])},
    optional={
        "stream": st.booleans() | JSON,
        "stream_options": JSON,
        "tools": JSON | st.lists(st.fixed_dictionaries({"function": FUNCTION | JSON})),
        "tool_choice": JSON | st.fixed_dictionaries({"function": JSON}),
        "response_format": JSON,
        "reasoning_effort": JSON,
        "enable_thinking": JSON,
        "stop": JSON,
        "max_tokens": JSON,
    },
)


@SLOWLY
@given(st.lists(FUNCTION, min_size=1), st.booleans())
def test_any_schema_of_a_tool_is_answered_or_refused(
    functions: list[dict[str, Any]], parallel: bool
) -> None:
    tools = [{"function": function} for function in functions]
    sent = body("f 1 “a” “b”", tools=tools, parallel_tool_calls=parallel)
    answer = service_answer(make_service(), json.dumps(sent).encode())
    assert answer.status in (200, 400)


@SLOWLY
@given(BODY)
def test_any_body_is_answered_or_refused(sent: dict[str, Any]) -> None:
    answer: Answer = service_answer(make_service(), json.dumps(sent).encode())
    assert answer.status in (200, 400)


@SLOWLY
@given(BODY, st.booleans())
def test_any_native_body_is_answered_or_refused(sent: dict[str, Any], streams: bool) -> None:
    parameters = {k: v for k, v in sent.items() if k not in ("model", "messages")}
    native = {
        "model": "glm-5",
        "input": {"messages": sent["messages"]},
        "parameters": {"result_format": "message", "incremental_output": True, **parameters},
    }
    answer = native_answer(make_service(), json.dumps(native).encode(), **(SSE if streams else {}))
    assert answer.status in (200, 400)


@SLOWLY
@given(st.fixed_dictionaries({}, optional={"model": JSON, "input": JSON, "parameters": JSON}))
def test_any_envelope_is_answered_or_refused(sent: dict[str, Any]) -> None:
    for ask in (native_answer, zai_answer):
        assert ask(make_service(), json.dumps(sent).encode()).status in (200, 400, 404)


@SLOWLY
@given(BODY, JSON)
def test_any_body_for_zai_is_answered_or_refused(sent: dict[str, Any], thinking: Any) -> None:
    said = {**sent, "thinking": thinking}
    assert zai_answer(make_service(), json.dumps(said).encode()).status in (200, 400)
