"""What the service refuses: status, body and dress, and which of two mistakes it names."""

from __future__ import annotations

import json
from typing import Any

import pytest

from glm_notebook.simulator import Rule, Scenario
from glm_notebook.simulator.refusals import DOCUMENTED, documented
from glm_notebook.simulator.service import Service

from .wire import WEATHER, body, make_service, round_of, service_answer, user

PREFIX = "<400> InternalError.Algo.InvalidParameter: "
REPEATED = [m for _ in range(3) for m in round_of("{}", "nothing")]
TWO_IDS = {
    "role": "assistant",
    "content": "",
    "tool_calls": [
        {"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}}
        for id in ("a", "b")
    ],
}


def named(name: Any) -> list[dict[str, Any]]:
    return [{"type": "function", "function": {"name": name}}]


def without_content(role: str = "user") -> dict[str, Any]:
    return {"role": role}


INVALID: dict[str, tuple[dict[str, Any], str]] = {
    # messages
    "no messages": ({"model": "glm-5", "messages": []}, "[] is too short - 'messages'"),
    "messages that are no list": (
        {"model": "glm-5", "messages": "Hello"},
        "[] is too short - 'messages'",
    ),
    "an unknown role": (
        body({"role": "robot", "content": "Hi"}),
        f"{PREFIX}'robot' is not one of ['system', 'assistant', 'user', 'tool', 'function']"
        " - 'messages.0.role'",
    ),
    "no content": (body(without_content()), f"{PREFIX}The content field is a required field."),
    "content that is a number": (
        body({"role": "user", "content": 5}),
        f"{PREFIX}input content must be a string.",
    ),
    "a part that is no text": (
        body({"role": "user", "content": [{"type": "image_url"}]}),
        f"{PREFIX}input content must be a string.",
    ),
    "no user": (
        body({"role": "system", "content": "Be brief."}),
        f"{PREFIX}The input messages do not contain elements with the role of user.",
    ),
    "broken tool_calls": (
        body("Hi", {"role": "assistant", "tool_calls": [{"id": "a"}]}),
        f"{PREFIX}Invalid tool_calls - 'messages.1.tool_calls'",
    ),
    "a result without a call": (
        body("Hi", {"role": "tool", "tool_call_id": "a", "content": "1"}),
        f'{PREFIX}messages with role "tool" must be a response to a preceding message with'
        ' "tool_calls".',
    ),
    "a result that came twice": (
        body("Hi", *round_of("{}", "1"), {"role": "tool", "tool_call_id": "call_1", "content": ""}),
        f'{PREFIX}messages with role "tool" must be a response to a preceding message with'
        ' "tool_calls".',
    ),
    "a call without its result": (
        body("Hi", TWO_IDS, {"role": "tool", "tool_call_id": "b", "content": "1"}, "Go on"),
        f'{PREFIX}An assistant message with "tool_calls" must be followed by tool messages'
        ' responding to each "tool_call_id". The following tool_call_ids did not have response'
        " messages: a",
    ),
    "an answer comes last": (
        body("Hi", {"role": "assistant", "content": "Hello"}),
        f'{PREFIX}The role of the last message must be "user" or "tool".',
    ),
    # ranges
    "temperature": (body(temperature=2), f"{PREFIX}Temperature should be in [0.0, 2.0)"),
    "top_p": (body(top_p=0), f"{PREFIX}Range of top_p should be (0.0, 1.0]"),
    "top_k": (body(top_k=-1), f"{PREFIX}Parameter top_k be greater than or equal to 0"),
    "repetition_penalty": (
        body(repetition_penalty=0),
        f"{PREFIX}Repetition_penalty should be greater than 0.0",
    ),
    "presence_penalty": (
        body(presence_penalty=2.1),
        f"{PREFIX}Presence_penalty should be in [-2.0, 2.0]",
    ),
    "max_tokens": (
        body(max_tokens=16385),
        f"{PREFIX}Range of max_tokens should be [1, 16384]",
    ),
    "max_tokens of another model": (
        body(model="glm-5.1", max_tokens=131073),
        f"{PREFIX}Range of max_tokens should be [1, 131072]",
    ),
    "max_tokens that is no number": (
        body(max_tokens="100"),
        f"{PREFIX}Range of max_tokens should be [1, 16384]",
    ),
    "max_completion_tokens": (
        body(max_completion_tokens=0),
        f"{PREFIX}Range of max_completion_tokens should be [1, 49152]",
    ),
    "thinking_budget": (
        body(thinking_budget=32769),
        f"{PREFIX}The thinking_budget parameter must be a positive integer and not greater than"
        " 32768",
    ),
    "seed": (body(seed=2**31), f"{PREFIX}Range of seed should be [0, 2147483647]"),
    "n": (body(n=2), f"{PREFIX}Range of n should be [1, 1]"),
    "stop": (
        body(stop=["a", 1]),
        f'{PREFIX}The "stop" parameter must be of type "str", "list[str]", "list[int]", or'
        ' "list[list[int]]", and all elements within the list must be of the same type.',
    ),
    "enable_thinking": (
        body(enable_thinking="false"),
        f"{PREFIX}enable_thinking should be a boolean.",
    ),
    # conflicts
    "JSON mode while it thinks": (
        body("json, please", response_format={"type": "json_object"}),
        f"{PREFIX}Json mode response is not supported when enable_thinking is true",
    ),
    "JSON mode without the word": (
        body("Hi", response_format={"type": "json_object"}, enable_thinking=False),
        f"{PREFIX}'messages' must contain the word 'json' in some form, to use 'response_format'"
        " of type 'json_object'.",
    ),
    "a JSON schema": (
        body("json", response_format={"type": "json_schema"}, enable_thinking=False),
        f"{PREFIX}Unknown format of response_format, response_format should be a dict, includes"
        " 'type' and an optional key 'json_schema'. The response_format type from user is"
        " json_schema.",
    ),
    "a required tool while it thinks": (
        body(tools=[WEATHER], tool_choice="required"),
        "The tool_choice parameter does not support being set to required or object in thinking"
        " mode",
    ),
    "a named tool while it thinks": (
        body(
            tools=[WEATHER],
            tool_choice={"type": "function", "function": {"name": "get_weather"}},
        ),
        "The tool_choice parameter does not support being set to required or object in thinking"
        " mode",
    ),
    "a required tool": (
        body(tools=[WEATHER], tool_choice="required", enable_thinking=False),
        f'{PREFIX}tool_choice is one of the strings that should be ["none", "auto"]',
    ),
    "a tool that is not there": (
        body(
            tools=[WEATHER],
            tool_choice={"type": "function", "function": {"name": "other"}},
            enable_thinking=False,
        ),
        f"{PREFIX}tool_choice names no function of tools.",
    ),
    "a tool called search": (
        body(tools=named("search")),
        f"{PREFIX}Tool names are not allowed to be [search]",
    ),
    "a name with a dot": (body(tools=named("a.b")), f"{PREFIX}Invalid tool name: a.b"),
    "a name that is too long": (
        body(tools=named("a" * 65)),
        f"{PREFIX}Invalid tool name: {'a' * 65}",
    ),
    "tools that are none": (
        body(tools=["get_weather"]),
        f"{PREFIX}tools should be a list of functions.",
    ),
    "glm-5.3 without thinking": (
        body(model="glm-5.3", enable_thinking=False),
        f"{PREFIX}The value of the enable_thinking parameter is restricted to True.",
    ),
    # length, loops
    "too long": (
        body("word" * 170_000),
        f"{PREFIX}Range of input length should be [1, 169984]",
    ),
    "the same call three times": (
        body("Hi", *REPEATED),
        f"{PREFIX}Repetitive tool calls detected in the conversation history. The same tool call"
        " with identical name and arguments has been repeated across multiple consecutive rounds."
        " Please modify your request or adjust the tool call arguments to avoid infinite loops.",
    ),
}


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_request_that_is_not_streamed(service: Service, name: str) -> None:
    sent, message = INVALID[name]
    answer = service_answer(service, sent)
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/json"
    expected = (
        f'{{"error":{{"message":{json.dumps(message)},"type":"invalid_request_error",'
        '"param":null,"code":"invalid_parameter_error"},"request_id":"id-1"}'
    )
    assert answer.body.decode() == expected


@pytest.mark.parametrize("name", INVALID)
def test_an_invalid_request_that_is_streamed(service: Service, name: str) -> None:
    sent, message = INVALID[name]
    answer = service_answer(service, {**sent, "stream": True})
    assert answer.status == 400
    assert answer.headers["content-type"] == "text/event-stream;charset=UTF-8"
    assert answer.headers["x-request-id"] == "id-1"
    assert answer.headers["x-dashscope-finished"] == "true"
    expected = (
        'data: {"error":{"code":"invalid_parameter_error","param":null,'
        f'"message":{json.dumps(message)},"type":"invalid_request_error"}}}}\n\n'
    )
    assert answer.body.decode() == expected


VALID: dict[str, dict[str, Any]] = {
    "the edges of the ranges": body(
        temperature=0, top_p=1, top_k=0, presence_penalty=-2, max_tokens=16384, seed=2**31 - 1, n=1
    ),
    "null is not given": body(temperature=None, tools=None, stop=None, enable_thinking=None),
    "stop words": body(stop=["a", "b"]),
    "JSON mode": body("As JSON", response_format={"type": "json_object"}, enable_thinking=False),
    "a system message": body({"role": "system", "content": "Be brief."}, "Hi"),
    "text in parts": body({"role": "user", "content": [{"type": "text", "text": "Hi"}]}),
    "two rounds of the same call": body("Hi", *REPEATED[:4]),
    "three rounds, the user in between": body("Hi", *REPEATED[:4], "Again", *REPEATED[:2]),
    "three rounds of other arguments": body(
        "Hi", *REPEATED[:4], *round_of('{"city": "Oslo"}', "-3")
    ),
    "content that is null beside calls": body("Hi", {**REPEATED[0], "content": None}, REPEATED[1]),
    "glm-5.3 ignores a budget": body(model="glm-5.3", thinking_budget=10**6),
    "a long prompt for glm-5.3": body("word" * 170_000, model="glm-5.3"),
    "a named tool": body(
        tools=[WEATHER],
        tool_choice={"type": "function", "function": {"name": "get_weather"}},
        enable_thinking=False,
    ),
}


@pytest.mark.parametrize("name", VALID)
def test_a_valid_request(service: Service, name: str) -> None:
    answer = service_answer(service, VALID[name])
    assert answer.status == 200, answer.body


# Before the request itself: key, body, model.

NO_KEY = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header"
    " using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
)


def error(message: str, code: str, type: str = "invalid_request_error") -> dict[str, Any]:
    return {
        "error": {"message": message, "type": type, "param": None, "code": code},
        "request_id": "id-1",
    }


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("", NO_KEY),
        ("Bearer ", NO_KEY),
        ("Basic abc", NO_KEY),
        ("Bearer bad", "Incorrect API key provided."),
        ("Bearer sk-revoked", "Incorrect API key provided."),
    ],
)
def test_a_key_that_is_missing_or_wrong(key: str, message: str, stream: bool) -> None:
    service = make_service(Scenario(refused_keys=("sk-revoked",)))
    answer = service_answer(service, body(stream=stream), Authorization=key)
    assert answer.status == 401
    assert answer.json == error(message, "invalid_api_key")
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'"x"', b"\xff\xfe"])
def test_a_body_that_is_no_object(service: Service, data: bytes) -> None:
    answer = service_answer(service, data)
    assert answer.status == 400
    assert answer.json == error(
        "Required body invalid, check the request body format.", "invalid_parameter_error"
    )


@pytest.mark.parametrize("stream", [False, True])
def test_an_unknown_model(service: Service, stream: bool) -> None:
    answer = service_answer(service, body(model="glm-9", stream=stream))
    assert answer.status == 404
    assert answer.json == error(
        "The model `glm-9` does not exist or you do not have access to it.", "model_not_found"
    )


def test_a_model_of_the_scenario() -> None:
    service = make_service(Scenario(models=("glm-9",)))
    assert service_answer(service, body(model="glm-9")).json["model"] == "glm-9"


@pytest.mark.parametrize("sent", [{}, body(model=None), body(model=""), body(model=5)])
def test_no_model(service: Service, sent: dict[str, Any]) -> None:
    answer = service_answer(service, sent)
    assert answer.status == 400
    assert answer.json["error"]["code"] == "BadRequest.EmptyModel"


def test_asynchronous_calls(service: Service) -> None:
    answer = service_answer(service, body(), **{"X-DashScope-Async": "enable"})
    assert answer.status == 403
    assert answer.json == error(
        "Current user api does not support asynchronous calls.", "access_denied", "access_denied"
    )


# The order of the checks.

STEPS: list[tuple[str, dict[str, Any]]] = [
    ("invalid_api_key", {}),
    ("model_not_found", {"model": "glm-9"}),
    ("required field", {"messages": [user("Hi"), without_content()]}),
    ("Temperature", {"temperature": 3}),
    ("Json mode", {"response_format": {"type": "json_object"}}),
    ("Tool names", {"tools": named("search")}),
    ("input length", {"messages": [user("word" * 170_000), *REPEATED]}),
    ("Repetitive", {"messages": [user("Hi"), *REPEATED]}),
    ("Throttling", {}),
]


@pytest.mark.parametrize("first", range(len(STEPS)))
def test_the_first_mistake_is_named(first: int) -> None:
    """Every request has all the mistakes from one step on, as far as they can stand together."""
    service = make_service(Scenario(rules=(Rule(fault="status:429:Throttling"),)))
    sent = body()
    for _, mistake in reversed(STEPS[first:]):
        sent = {**sent, **mistake}
    headers = {"Authorization": "Bearer bad"} if first == 0 else {}
    answer = service_answer(service, sent, **headers)
    assert STEPS[first][0] in answer.body.decode()


# The table of documented errors.


@pytest.mark.parametrize("row", DOCUMENTED, ids=lambda row: f"{row.status}-{row.code}")
def test_every_documented_error_can_be_asked_for(service: Service, row: Any) -> None:
    for code in {row.code, row.alias or row.code}:
        fault = f"status:{row.status}:{code}"
        answer = service_answer(service, body(stream=True), **{"X-Sim-Fault": fault})
        assert answer.status == row.status
        assert answer.headers["content-type"] == "application/json"
        assert answer.error == row.error()
        assert answer.error["code"] == (row.alias or row.code)
        assert answer.error["message"]


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (429, "", ("Throttling", "Requests throttling triggered.")),
        (429, "LimitRequests", ("limit_requests", "Requests rate limit exceeded, try again later.")),
        (429, "FreeQuotaExceeded", ("insufficient_quota", "Free allocated quota exceeded.")),
        (400, "Arrearage", ("Arrearage", "Access denied, please make sure your account is in good standing.")),
        (418, "", ("HTTP418", "Simulated error 418.")),
        (500, "NewCode", ("NewCode", "Simulated error 500.")),
    ],
)  # fmt: skip
def test_errors_by_status_and_code(status: int, code: str, expected: tuple[str, str]) -> None:
    found = documented(status, code).error()
    assert (found["code"], found["message"]) == expected
