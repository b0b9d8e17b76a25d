"""The simulator as seen by a client that others wrote: the ``dashscope`` package of the service."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import aiohttp
import dashscope
import pytest
import requests

from glm_notebook.simulator import Rule, Scenario, ScriptedCall, Simulator
from glm_notebook.simulator.refusals import DOCUMENTED

from .wire import KEY, WEATHER, round_of, user

SDK: Any = dashscope  # whose annotations say less than its pages
SCENARIO = Scenario(
    rules=(
        Rule(
            "weather",
            thinking="I should look it up, in both cities.",
            before_tools="Let me look.",
            tool_calls=(
                ScriptedCall("get_weather", {"city": "Oslo"}),
                ScriptedCall("get_weather", {"city": "西安"}),
            ),
            answer="It is {tool_results}",
        ),
        Rule(
            thinking="让我想想…… 🤔 Let me think.", answer="熵是**无序**的量度。\n\n$S = k \\ln W$"
        ),
    )
)
THINKING, ANSWER = str(SCENARIO.rules[1].thinking), str(SCENARIO.rules[1].answer)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(SCENARIO, tokens_per_s=0, first_token_s=0) as running:
        yield running


@pytest.fixture
def session(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[requests.Session]:
    """A session of the test's own: the package keeps one for the life of the process."""
    monkeypatch.setattr(dashscope, "base_http_api_url", simulator.native_url)
    with requests.Session() as one:
        yield one


def call(session: requests.Session, *said: Any, fault: str = "", **fields: Any) -> Any:
    """Ask as the service's own page does: with messages as the result, and increments."""
    messages = [user(one) if isinstance(one, str) else one for one in said]
    given = {"result_format": "message", "incremental_output": True, "api_key": KEY, **fields}
    headers = {"X-Sim-Fault": fault}
    return SDK.Generation.call(
        "glm-5", messages=messages, headers=headers, session=session, **given
    )


def stream(session: requests.Session, *said: Any, **fields: Any) -> list[Any]:
    return list(call(session, *said, stream=True, **fields))


def message(response: Any) -> Any:
    return response.output.choices[0].message


def joined(responses: list[Any], field: str) -> str:
    return "".join(message(one).get(field) or "" for one in responses)


def reasons(responses: list[Any]) -> list[str]:
    return [one.output.choices[0].finish_reason for one in responses]


def test_thinking_answer_and_usage(session: requests.Session) -> None:
    responses = stream(session, "What is entropy?", enable_thinking=True)
    assert joined(responses, "reasoning_content") == THINKING
    assert joined(responses, "content") == ANSWER
    assert reasons(responses) == [*["null"] * (len(responses) - 1), "stop"]
    used = [one.usage["output_tokens"] for one in responses]
    assert used == sorted(used)
    last = responses[-1].usage
    assert last["total_tokens"] == last["input_tokens"] + last["output_tokens"]
    assert last["output_tokens_details"]["reasoning_tokens"] == -(-len(THINKING.encode()) // 4)
    assert {one.status_code for one in responses} == {200}
    assert len({one.request_id for one in responses}) == 1


def test_without_thinking(session: requests.Session) -> None:
    responses = stream(session, "What is entropy?", enable_thinking=False)
    assert joined(responses, "content") == ANSWER
    assert not any("reasoning_content" in message(one) for one in responses)
    assert "output_tokens_details" not in responses[-1].usage


def test_a_reply_in_one_piece(session: requests.Session) -> None:
    response = call(session, "What is entropy?")
    assert message(response).content == ANSWER
    assert message(response).reasoning_content == THINKING
    assert reasons([response]) == ["stop"]
    assert response.usage["output_tokens"] > 0


def test_a_bare_text(session: requests.Session) -> None:
    response = call(session, "Hello", result_format="text", enable_thinking=False)
    assert (response.output.text, response.output.finish_reason) == (ANSWER, "stop")


def test_frames_that_repeat_the_text(session: requests.Session) -> None:
    """The default of the service; the package leaves it alone if nobody asked for either."""
    responses = stream(session, "Hello", enable_thinking=False, incremental_output=None)
    texts = [message(one).content for one in responses]
    assert len(set(texts)) > 1
    assert all(later.startswith(text) for text, later in pairwise(texts))
    assert texts[-1] == ANSWER


def test_the_packages_own_accumulation(session: requests.Session, simulator: Simulator) -> None:
    """Where repetition is asked for, it asks for increments and repeats by itself."""
    responses = stream(session, "The weather?", incremental_output=False, tool_stream=True)
    assert simulator.requests[-1].json["parameters"]["incremental_output"] is True
    assert message(responses[-1]).content == "Let me look."
    calls = message(responses[-1]).tool_calls
    assert [json.loads(one["function"]["arguments"]) for one in calls] == [
        {"city": "Oslo"},
        {"city": "西安"},
    ]


@pytest.mark.parametrize("tool_stream", [False, True])
def test_tool_calls(session: requests.Session, tool_stream: bool) -> None:
    responses = stream(session, "The weather?", tools=[WEATHER], tool_stream=tool_stream)
    assert joined(responses, "content") == "Let me look."
    assert reasons(responses)[-1] == "tool_calls"
    ids: dict[int, str] = {}
    arguments: dict[int, list[str]] = {}
    for response in responses:
        for one in message(response).get("tool_calls") or ():
            if one["id"]:
                ids[one["index"]] = one["id"]
                assert one["function"]["name"] == "get_weather"
            arguments.setdefault(one["index"], []).append(one["function"]["arguments"])
    assert len(set(ids.values())) == 2
    assert [json.loads("".join(parts)) for parts in arguments.values()] == [
        {"city": "Oslo"},
        {"city": "西安"},
    ]
    assert [len(parts) > 1 for parts in arguments.values()] == [tool_stream] * 2


def test_a_whole_round_of_tools(session: requests.Session) -> None:
    first = message(call(session, "The weather?", tools=[WEATHER]))
    results = [
        {"role": "tool", "tool_call_id": one["id"], "content": "-3 °C"} for one in first.tool_calls
    ]
    history: list[Any] = ["The weather?", dict(first), *results]
    then = call(session, *history, tools=[WEATHER])
    assert message(then).content == "It is > -3 °C\n\n> -3 °C"


def test_the_list_of_models(session: requests.Session) -> None:
    answer = SDK.Models.list(page=1, page_size=3, api_key=KEY)
    assert [one["model"] for one in answer.output["models"]] == ["glm-4.6", "glm-4.7", "glm-5"]
    assert SDK.Models.get("glm-5", api_key=KEY).output["model"] == "glm-5"
    assert SDK.Models.get("glm-9", api_key=KEY).status_code == 404


# Errors: the package raises none of them, but fills in status, code and message.


def test_a_wrong_key(session: requests.Session) -> None:
    response = call(session, "Hello", api_key="bad")
    assert (response.status_code, response.code) == (401, "InvalidApiKey")
    assert response.request_id
    (streamed,) = stream(session, "Hello", api_key="bad")
    assert (streamed.status_code, streamed.code) == (401, "InvalidApiKey")


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"temperature": 2.0}, "Temperature should be in [0.0, 2.0)"),
        ({"result_format": "text"}, 'The result_format parameter must be "message"'),
        ({"tool_choice": "required", "tools": [WEATHER]}, "does not support being set to required"),
    ],
)
def test_an_invalid_request(session: requests.Session, fields: dict[str, Any], text: str) -> None:
    """In JSON, and framed where a stream was asked for: the package reads either."""
    (streamed,) = stream(session, "Hello", **fields)
    for response in (call(session, "Hello", **fields), streamed):
        assert (response.status_code, response.code) == (400, "InvalidParameter")
        assert text in response.message
        assert response.output is None


def test_a_loop_of_tools(session: requests.Session) -> None:
    rounds = [one for _ in range(3) for one in round_of("{}", "nothing")]
    assert "Repetitive tool calls" in call(session, "The weather?", *rounds).message


@pytest.mark.parametrize("row", DOCUMENTED, ids=lambda row: f"{row.status}-{row.code}")
def test_every_documented_error(session: requests.Session, row: Any) -> None:
    fault = f"status:{row.status}:{row.code}"
    (streamed,) = stream(session, "Hello", fault=fault)
    for response in (call(session, "Hello", fault=fault), streamed):
        assert (response.status_code, response.code) == (row.status, row.code)
        assert response.message == row.message


def test_the_page_of_a_proxy(session: requests.Session) -> None:
    response = call(session, "Hello", fault="html-502")
    assert (response.status_code, response.code) == (502, "Unknown")
    assert response.message.startswith("<html>")


def test_an_error_inside_the_stream(session: requests.Session) -> None:
    """The package does not read the status in the comment: it reports one of its own."""
    *before, last = stream(session, "Hello", fault="error-after:3")
    assert {one.status_code for one in before} == {200}
    assert len(before) == 3
    assert (last.status_code, last.code) == (400, "DataInspectionFailed")
    assert last.message == "Output data may contain inappropriate content."


def test_a_retry_succeeds(session: requests.Session) -> None:
    fault = "fail-first:1:429:Throttling.RateQuota"
    codes = [call(session, "Once more", fault=fault).status_code for _ in range(2)]
    assert codes == [429, 200]


def test_a_cut_stream(session: requests.Session) -> None:
    got: list[Any] = []
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        got.extend(call(session, "Hello", stream=True, fault="cut:3"))
    assert reasons(got) == ["null"] * 3
    (first, *_) = responses = stream(session, "Hello", fault="cut-close:3")
    assert reasons(responses) == ["null"] * 3
    assert first.status_code == 200


# The asynchronous half.


def ask_async(simulator: Simulator, prompt: str, **fields: Any) -> list[Any]:
    """Ask for a stream, and return what came, with the package's asynchronous client."""

    async def ask() -> list[Any]:
        async with aiohttp.ClientSession() as session:
            given = {"api_key": KEY, "result_format": "message", "session": session, **fields}
            response = await SDK.AioGeneration.call("glm-5", messages=[user(prompt)], **given)
            if not given.get("stream"):
                return [response]
            return [one async for one in response]

    return asyncio.run(ask())


def test_an_asynchronous_stream(session: requests.Session, simulator: Simulator) -> None:
    responses = ask_async(simulator, "Entropy?", stream=True, incremental_output=True)
    assert joined(responses, "reasoning_content") == THINKING
    assert joined(responses, "content") == ANSWER
    assert reasons(responses)[-1] == "stop"


@pytest.mark.parametrize("tool_stream", [False, True])
def test_asynchronous_tool_calls(
    session: requests.Session, simulator: Simulator, tool_stream: bool
) -> None:
    fields = {"stream": True, "incremental_output": True, "tool_stream": tool_stream}
    responses = ask_async(simulator, "The weather?", tools=[WEATHER], **fields)
    calls = [one for r in responses for one in message(r).get("tool_calls") or ()]
    oslo = "".join(one["function"]["arguments"] for one in calls if one["index"] == 0)
    assert json.loads(oslo) == {"city": "Oslo"}


def test_an_asynchronous_reply_in_one_piece(
    session: requests.Session, simulator: Simulator
) -> None:
    (response,) = ask_async(simulator, "Entropy?")
    assert message(response).content == ANSWER


@pytest.mark.parametrize("stream", [False, True])
def test_an_asynchronous_refusal(
    session: requests.Session, simulator: Simulator, stream: bool
) -> None:
    (response,) = ask_async(
        simulator, "Entropy?", stream=stream, incremental_output=True, temperature=2.0
    )
    assert (response.status_code, response.code) == (400, "InvalidParameter")
    assert "Temperature should be in [0.0, 2.0)" in response.message
