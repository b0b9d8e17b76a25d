"""What the service refuses in the DashScope protocol, in its shapes and by its own rules."""

from __future__ import annotations

import json
from typing import Any

import pytest

from glm_notebook.simulator import Rule, Scenario, Simulator
from glm_notebook.simulator.refusals import DOCUMENTED
from glm_notebook.simulator.service import Service

from .test_refusals import INVALID, PREFIX
from .wire import NATIVE, SSE, WEATHER, Answer, ask, make_service, native_answer, native_body, user

MULTIMODAL = "/api/v1/services/aigc/multimodal-generation/generation"
OFF: dict[str, Any] = {"enable_thinking": False}


def as_native(sent: dict[str, Any]) -> dict[str, Any]:
    """Return the same request in the DashScope protocol."""
    parameters = {k: v for k, v in sent.items() if k not in ("model", "messages")}
    parameters = {"result_format": "message", "incremental_output": True, **parameters}
    return {
        "model": sent["model"],
        "input": {"messages": sent["messages"]},
        "parameters": parameters,
    }


# The seed has another range in this protocol.
SHARED = {name: (as_native(sent), text) for name, (sent, text) in INVALID.items() if name != "seed"}
OWN: dict[str, tuple[dict[str, Any], str]] = {
    "a bare text while it thinks": (
        native_body("Hi", result_format="text"),
        f'{PREFIX}The result_format parameter must be "message" when enable_thinking is true',
    ),
    "no format while it thinks": (
        native_body("Hi", result_format=None),
        f'{PREFIX}The result_format parameter must be "message" when enable_thinking is true',
    ),
    "a bare text with tools": (
        native_body("Hi", result_format="text", tools=[WEATHER], **OFF),
        f'{PREFIX}The result_format parameter must be "message" when tools is set',
    ),
    "another format": (
        native_body("Hi", result_format="xml"),
        f'{PREFIX}result_format should be "text" or "message".',
    ),
    "increments that are no switch": (
        native_body("Hi", incremental_output="yes"),
        f"{PREFIX}incremental_output should be a boolean.",
    ),
    "content in parts": (
        native_body({"role": "user", "content": [{"text": "Hi"}]}),
        f"{PREFIX}input content must be a string.",
    ),
    "messages beside the input": (
        {"model": "glm-5", "messages": [user("Hi")], "parameters": {}},
        "[] is too short - 'messages'",
    ),
    "an input that is no object": (
        {"model": "glm-5", "input": "Hi", "parameters": []},
        "[] is too short - 'messages'",
    ),
    "a seed": (native_body("Hi", seed=2**63), f"{PREFIX}Range of seed should be [0, {2**63 - 1}]"),
}


def frame(code: str, message: str, status: int = 400) -> str:
    return (
        f"id:1\nevent:error\n:HTTP_STATUS/{status}\n"
        f'data:{{"code":{json.dumps(code)},"message":{json.dumps(message)},"request_id":"id-1"}}\n\n'
    )


@pytest.mark.parametrize("name", [*SHARED, *OWN])
def test_an_invalid_request_that_is_not_streamed(service: Service, name: str) -> None:
    sent, message = {**SHARED, **OWN}[name]
    answer = native_answer(service, sent)
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/json"
    assert answer.body.decode() == (
        f'{{"code":"InvalidParameter","message":{json.dumps(message)},"request_id":"id-1"}}'
    )


@pytest.mark.parametrize("name", [*SHARED, *OWN])
def test_an_invalid_request_that_is_streamed(service: Service, name: str) -> None:
    sent, message = {**SHARED, **OWN}[name]
    answer = native_answer(service, sent, **SSE)
    assert answer.status == 400
    assert answer.headers["content-type"] == "text/event-stream;charset=UTF-8"
    assert answer.headers["x-dashscope-finished"] == "true"
    assert answer.body.decode() == frame("InvalidParameter", message)


def test_thinking_needs_increments_in_a_stream_only(service: Service) -> None:
    for incremental in (None, False):
        sent = native_body("Hi", incremental_output=incremental)
        message = (
            f'{PREFIX}The incremental_output parameter must be "true" when enable_thinking is true'
        )
        refused = native_answer(service, sent, **SSE)
        assert refused.body.decode().replace("id-2", "id-1").startswith("id:1\nevent:error\n")
        assert refused.frames[0]["message"] == message
        assert native_answer(service, sent).status == 200


VALID: dict[str, dict[str, Any]] = {
    "a large seed": native_body("Hi", seed=2**63 - 1),
    "a bare text": native_body("Hi", result_format="text", **OFF),
    "no parameters to speak of": {
        "model": "glm-5",
        "input": {"messages": [user("Hi")]},
        "parameters": OFF,
    },
}


@pytest.mark.parametrize("name", VALID)
def test_a_valid_request(service: Service, name: str) -> None:
    for headers in ({}, SSE):
        answer = native_answer(service, VALID[name], **headers)
        assert answer.status == 200, answer.body


# Before the request itself the shape is JSON, whatever was asked for.


def error(answer: Answer) -> tuple[int, str, str]:
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json) == {"code", "message", "request_id"}
    return answer.status, answer.json["code"], answer.json["message"]


@pytest.mark.parametrize("headers", [{}, SSE])
def test_key_body_and_model(service: Service, headers: dict[str, str]) -> None:
    bad = native_answer(service, native_body(), **headers, Authorization="Bearer bad")
    assert error(bad) == (401, "InvalidApiKey", "Incorrect API key provided.")
    assert error(native_answer(service, b"[", **headers)) == (
        400,
        "InvalidParameter",
        "Required body invalid, check the request body format.",
    )
    unknown = native_answer(service, {**native_body(), "model": "glm-9"}, **headers)
    assert error(unknown) == (
        404,
        "ModelNotFound",
        "The model `glm-9` does not exist or you do not have access to it.",
    )
    assert error(native_answer(service, {}, **headers))[:2] == (400, "BadRequest.EmptyModel")


def test_the_path_of_other_models(simulator: Simulator) -> None:
    plain = ask(simulator, native_body(), path=MULTIMODAL)
    assert error(plain) == (400, "InvalidParameter", "url error, please check url!")
    streamed = ask(simulator, native_body(), path=MULTIMODAL, X_DashScope_SSE="enable")
    assert streamed.status == 200
    assert streamed.headers["content-type"] == "text/event-stream;charset=UTF-8"
    expected = frame("InvalidParameter", "url error, please check url!")
    assert streamed.body.decode() == expected.replace("id-1", streamed.headers["x-request-id"])
    refused = ask(
        simulator,
        path=MULTIMODAL,
        method="POST",
        data={},
        Authorization="",
        X_DashScope_SSE="enable",
    )
    assert error(refused)[:2] == (401, "InvalidApiKey")


def test_the_list_of_models_needs_a_key(simulator: Simulator) -> None:
    refused = ask(simulator, method="GET", path="/api/v1/models", Authorization="Bearer bad")
    assert error(refused)[:2] == (401, "InvalidApiKey")


# The order of the checks, as far as this protocol adds to it.

STEPS: list[tuple[str, dict[str, Any]]] = [
    ("required field", {"messages": [{"role": "user"}]}),
    ("Temperature", {"temperature": 3}),
    ("Tool names", {"tools": [{"function": {"name": "search"}}]}),
    ("result_format", {"result_format": "text"}),
    ("input length", {"messages": [user("word" * 170_000)]}),
    ("Throttling", {}),
]


@pytest.mark.parametrize("first", range(len(STEPS)))
def test_the_first_mistake_is_named(first: int) -> None:
    service = make_service(Scenario(rules=(Rule(fault="status:429:Throttling"),)))
    sent: dict[str, Any] = {"model": "glm-5", "messages": [user("Hi")]}
    for _, mistake in reversed(STEPS[first:]):
        sent = {**sent, **mistake}
    answer = native_answer(service, as_native(sent), **SSE)
    assert STEPS[first][0] in answer.body.decode()


# The table of documented errors.


@pytest.mark.parametrize("row", DOCUMENTED, ids=lambda row: f"{row.status}-{row.code}")
def test_every_documented_error_can_be_asked_for(row: Any) -> None:
    for code in {row.code, row.alias or row.code}:
        fault = {"X-Sim-Fault": f"status:{row.status}:{code}"}
        plain = native_answer(make_service(), native_body(), **fault)
        assert error(plain) == (row.status, row.code, row.message)
        streamed = native_answer(make_service(), native_body(), **fault, **SSE)
        assert streamed.status == row.status
        assert streamed.body.decode() == frame(row.code, row.message, row.status)


def test_a_mistake_in_the_header_is_answered(simulator: Simulator) -> None:
    answer = ask(simulator, native_body(), path=NATIVE, X_Sim_Fault="nonsense")
    assert error(answer)[:2] == (400, "SimulatorError")
