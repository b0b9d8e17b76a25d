"""The dialect of Z.ai, to the byte."""

from __future__ import annotations

from typing import Any

import pytest

from glm_notebook.simulator import Rule, Scenario, ScriptedCall, Simulator
from glm_notebook.simulator.service import Service

from .wire import WEATHER, ZAI, ask, body, make_service, round_of, zai_answer

SCENARIO = Scenario(
    rules=(
        Rule("call", thinking="Hm.", tool_calls=(ScriptedCall("get_weather", {"city": 1}, "c1"),)),
        Rule("blocked", answer="I", finish_reason="sensitive"),
        Rule(thinking="Hm.", answer="Hi!"),
    )
)
HEAD = (
    '{"id":"20260202024000id1","created":1770000000,"object":"chat.completion.chunk",'
    '"model":"glm-5","choices":[{"index":0,'
)
OFF = {"thinking": {"type": "disabled"}}


def stream(*chunks: str) -> str:
    return "".join(f"data: {chunk}\n\n" for chunk in [*chunks, "[DONE]"])


STREAMS = {
    "thinking, then the answer; the usage comes unasked": (
        body("Hello"),
        stream(
            f'{HEAD}"delta":{{"role":"assistant","reasoning_content":"Hm."}}}}]}}',
            f'{HEAD}"delta":{{"role":"assistant","content":"Hi!"}}}}]}}',
            f'{HEAD}"finish_reason":"stop","delta":{{"role":"assistant","content":""}}}}],'
            '"usage":{"prompt_tokens":6,"completion_tokens":2,"total_tokens":8,'
            '"completion_tokens_details":{"reasoning_tokens":1},'
            '"prompt_tokens_details":{"cached_tokens":0}}}',
        ),
    ),
    "without thinking": (
        body("blocked", **OFF),
        stream(
            f'{HEAD}"delta":{{"role":"assistant","content":"I"}}}}]}}',
            f'{HEAD}"finish_reason":"sensitive","delta":{{"role":"assistant","content":""}}}}],'
            '"usage":{"prompt_tokens":6,"completion_tokens":1,"total_tokens":7,'
            '"prompt_tokens_details":{"cached_tokens":0}}}',
        ),
    ),
    "a call": (
        body("call", **OFF),
        stream(
            f'{HEAD}"delta":{{"role":"assistant","tool_calls":[{{"index":0,"id":"c1",'
            '"type":"function","function":{"name":"get_weather","arguments":"{\\"city\\": 1}"}}]}}]}',
            f'{HEAD}"finish_reason":"tool_calls","delta":{{"role":"assistant","content":""}}}}],'
            '"usage":{"prompt_tokens":5,"completion_tokens":6,"total_tokens":11,'
            '"prompt_tokens_details":{"cached_tokens":0}}}',
        ),
    ),
}


@pytest.mark.parametrize("name", STREAMS)
def test_streams(name: str) -> None:
    sent, expected = STREAMS[name]
    answer = zai_answer(make_service(SCENARIO), {**sent, "stream": True})
    assert answer.body.decode() == expected


def test_arguments_in_pieces_end_with_the_finish_reason() -> None:
    sent = body("call", stream=True, tool_stream=True, tools=[WEATHER])
    chunks = zai_answer(make_service(SCENARIO), sent).chunks
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    calls = [call for delta in deltas for call in delta.get("tool_calls", ())]
    assert [call["id"] for call in calls] == ["c1", *[""] * (len(calls) - 1)]
    assert "".join(call["function"]["arguments"] for call in calls) == '{"city": 1}'
    assert {delta["role"] for delta in deltas} == {"assistant"}


def test_a_reply_in_one_piece() -> None:
    answer = zai_answer(make_service(SCENARIO), body("Hello")).json
    assert answer["id"] == answer["request_id"] == "20260202024000id1"
    message = answer["choices"][0]["message"]
    assert (message["content"], message["reasoning_content"]) == ("Hi!", "Hm.")


def test_the_switches_of_model_studio_are_not_known() -> None:
    answer = zai_answer(make_service(SCENARIO), body("Hello", enable_thinking=False))
    assert answer.json["choices"][0]["message"]["reasoning_content"] == "Hm."


def test_thinking_in_the_history_costs_tokens_only_where_it_is_kept() -> None:
    call, result = round_of("{}", "-3")
    said: list[Any] = ["Hi", {**call, "reasoning_content": "Hm. " * 100}, result]
    costs = [
        zai_answer(make_service(SCENARIO), body(*said, **fields)).json["usage"]["prompt_tokens"]
        for fields in ({}, {"thinking": {"type": "enabled", "clear_thinking": False}})
    ]
    assert costs[1] == costs[0] + 100


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("sent", "fault", "status", "number"),
    [
        (body(temperature=2), "", 400, "1210"),
        (body(model="glm-9"), "", 404, "1211"),
        (body(), "status:429", 429, "1302"),
        (body(), "status:400:Arrearage", 400, "1113"),
        (body(), "status:403", 403, "1220"),
        (body(), "status:500", 500, "500"),
    ],
)
def test_refusals_have_numbers(
    service: Service, sent: dict[str, Any], fault: str, status: int, number: str, stream: bool
) -> None:
    answer = zai_answer(service, {**sent, "stream": stream}, **{"X-Sim-Fault": fault})
    assert answer.status == status
    assert answer.json["error"]["code"] == number
    assert set(answer.json) == {"error"}
    assert not answer.json["error"]["message"].startswith("<400>")


def test_a_wrong_key(simulator: Simulator) -> None:
    answer = ask(simulator, body(), path=ZAI, Authorization="Bearer bad")
    assert (answer.status, answer.json["error"]["code"]) == (401, "1002")
    assert simulator.zai_url + "/chat/completions" == simulator.host_url + ZAI


def test_faults(service: Service) -> None:
    sent = body("Hello", stream=True)
    events = zai_answer(service, sent, **{"X-Sim-Fault": "error-after:1:Throttling"}).frames
    assert events[1] == {"error": {"code": "1302", "message": "Requests throttling triggered."}}
    events = zai_answer(service, sent, **{"X-Sim-Fault": "usage-after-finish"}).frames
    assert events[-1]["choices"] == []
    assert events[-1]["usage"] == events[-2]["usage"]
    again = zai_answer(service, sent, **{"X-Sim-Fault": "restart:1"}).body
    ids = {chunk.split(b'"', 1)[0] for chunk in again.split(b'"id":"')[1:]}
    assert len(ids) == 2
