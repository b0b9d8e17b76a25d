from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from glm_notebook.errors import ConfigError
from glm_notebook.messages import Message, ToolCall, Usage
from glm_notebook.record import TURN_MIME, Timing, TurnRecord

RECORD = TurnRecord(
    id="t-5f0c",
    conversation="default",
    endpoint="dashscope.aliyuncs.com",
    protocol="openai",
    model="glm-5",
    status="complete",
    timing=Timing("2026-11-23T20:48:00Z", 0.61, 14.2, 12.29),
    parent_id="t-4e00",
    parameters={"temperature": 0.00001, "stop": ("END",), "thinking": False},
    messages=(
        Message("user", "How do the prices differ?"),
        Message(
            "assistant",
            "",
            thinking="I should look.",
            tool_calls=(ToolCall("call_9", "describe", '{"df": "sales"}'),),
        ),
        Message("tool", "median 4.2", tool_call_id="call_9"),
        Message("assistant", "The median is **4.2**."),
    ),
    usage=Usage(1204, 0, 2113, None),
    finish_reason="stop",
    error={"kind": "ServerError", "message": "It broke.", "remedy": "", "status": 500},
    simulated=True,
)
LEAST = TurnRecord(
    id="t-1",
    conversation="default",
    endpoint="",
    protocol="dashscope",
    model="glm-4.5",
    status="failed",
    timing=Timing("2026-11-23T20:48:00Z"),
)


@pytest.mark.parametrize("record", [RECORD, LEAST])
def test_a_record_comes_back_from_a_notebook(record: TurnRecord) -> None:
    parameters = {"temperature": 0.00001, "stop": ["END"], "thinking": False}
    expected = replace(record, parameters=parameters) if record.parameters else record
    assert TurnRecord.from_json(json.loads(json.dumps(record.to_json()))) == expected


def test_the_mime_type_is_json_that_notebooks_leave_whole() -> None:
    assert TURN_MIME.startswith("application/")
    assert TURN_MIME.endswith("+json")


def test_what_is_unknown_is_left_out() -> None:
    assert LEAST.to_json() == {
        "version": 1,
        "id": "t-1",
        "conversation": "default",
        "endpoint": "",
        "protocol": "dashscope",
        "model": "glm-4.5",
        "status": "failed",
        "timing": {"started_at": "2026-11-23T20:48:00Z"},
    }


def test_a_zero_is_not_unknown() -> None:
    assert RECORD.to_json()["usage"] == {
        "input_tokens": 1204,
        "cached_tokens": 0,
        "output_tokens": 2113,
    }


def test_a_parameter_that_was_switched_off_is_kept() -> None:
    assert RECORD.to_json()["parameters"]["thinking"] is False


def test_any_text_and_any_parameter_can_be_saved() -> None:
    record = replace(
        LEAST,
        messages=(Message("user", "\ud83d half an emoji"),),
        parameters={"extra": {"a": float("nan"), "b": {1, 2}, 3: b"x"}},
    )
    text = json.dumps(record.to_json(), ensure_ascii=False, allow_nan=False)
    assert "\ufffd half an emoji" in text.encode().decode()


@pytest.mark.parametrize(
    "endpoint", ["https://dashscope.aliyuncs.com/v1", "sk-123@host", "host/path", "host?key=1"]
)
def test_a_url_is_refused_because_it_may_hold_a_key(endpoint: str) -> None:
    with pytest.raises(ConfigError, match="by host, not by URL"):
        replace(RECORD, endpoint=endpoint)


@pytest.mark.parametrize("endpoint", ["127.0.0.1:8080", "[::1]:80", "localhost"])
def test_a_host_may_have_a_port(endpoint: str) -> None:
    assert replace(RECORD, endpoint=endpoint).to_json()["endpoint"] == endpoint


@pytest.mark.parametrize("name", ["api_key", "apiKey", "Authorization", "access_token", "password"])
def test_a_parameter_named_like_a_secret_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name}.*looks like a secret"):
        replace(RECORD, parameters={name: "sk-1"})


def test_max_tokens_is_no_secret() -> None:
    assert replace(RECORD, parameters={"max_tokens": 9}).parameters == {"max_tokens": 9}


def broken(**changes: Any) -> dict[str, Any]:
    return RECORD.to_json() | changes


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "The whole of a turn record is not an object."),
        ([], "The whole of a turn record is not an object."),
        ({}, "A turn record without 'version' cannot be read."),
        (broken(version=2), "has version 2; this glm_notebook reads version 1."),
        (broken(version=True), "'version' of a turn record is not a whole number."),
        (broken(id=None), "A turn record without 'id' cannot be read."),
        (broken(id=7), "'id' of a turn record is not a text."),
        (broken(status="running"), "'status' of a turn record cannot be 'running'."),
        (broken(messages="hello"), "'messages' of a turn record is not a list."),
        (broken(messages=["hello"]), "A message of a turn record is not an object."),
        (
            broken(messages=[{"role": "root", "content": ""}]),
            "'role' of a turn record cannot be 'root'.",
        ),
        (broken(messages=[{"role": "user"}]), "A turn record without 'content' cannot be read."),
        (
            broken(messages=[{"role": "assistant", "content": "", "tool_calls": [1]}]),
            "A tool call of a turn record is not an object.",
        ),
        (
            broken(usage={"input_tokens": "12"}),
            "'input_tokens' of a turn record is not a whole number.",
        ),
        (broken(timing={}), "A turn record without 'started_at' cannot be read."),
        (
            broken(timing={"started_at": "2026", "elapsed_s": "9"}),
            "'elapsed_s' of a turn record is not a number.",
        ),
        (broken(simulated=1), "'simulated' of a turn record is not true or false."),
        (broken(endpoint="https://x/?key=1"), "by host, not by URL"),
        (broken(parameters={"api_key": "sk-1"}), "looks like a secret"),
    ],
)
def test_a_bad_record_is_refused_by_its_fault(value: object, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        TurnRecord.from_json(value)
    assert says in caught.value.message


def test_whole_seconds_are_numbers_too() -> None:
    timing = {"started_at": "2026", "elapsed_s": 9}
    assert TurnRecord.from_json(broken(timing=timing)).timing.elapsed_s == 9.0
