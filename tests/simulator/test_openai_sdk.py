"""The simulator as seen by a client that others wrote: the ``openai`` package."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionChunk

from glm_notebook.simulator import Rule, Scenario, ScriptedCall, Simulator

from .wire import WEATHER, round_of, user

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
def client(simulator: Simulator) -> Iterator[OpenAI]:
    with OpenAI(api_key="sk-simulated", base_url=simulator.base_url, max_retries=0) as one:
        yield one


def create(client: OpenAI, *said: Any, fault: str = "", extra: Any = None, **fields: Any) -> Any:
    """Ask for a completion, with what the service adds to the interface in `extra`."""
    messages: list[Any] = [user(one) if isinstance(one, str) else one for one in said]
    return client.chat.completions.create(
        model="glm-5",
        messages=messages,
        extra_body=extra,
        extra_headers={"X-Sim-Fault": fault},
        **fields,
    )


def stream(client: OpenAI, *said: Any, **fields: Any) -> list[ChatCompletionChunk]:
    return list(create(client, *said, stream=True, **fields))


def joined(chunks: list[ChatCompletionChunk], field: str) -> str:
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    return "".join(getattr(delta, field, None) or "" for delta in deltas)


def test_thinking_answer_and_usage(client: OpenAI) -> None:
    options = {"include_usage": True}
    chunks = stream(client, "What is entropy?", stream_options=options)
    assert joined(chunks, "reasoning_content") == THINKING
    assert joined(chunks, "content") == ANSWER
    *before, finish, last = chunks
    assert {chunk.choices[0].finish_reason for chunk in before} == {None}
    assert finish.choices[0].finish_reason == "stop"
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.total_tokens == last.usage.prompt_tokens + last.usage.completion_tokens
    assert last.usage.completion_tokens_details is not None
    thinking_tokens = last.usage.completion_tokens_details.reasoning_tokens
    assert thinking_tokens == -(-len(THINKING.encode()) // 4)
    assert len({chunk.id for chunk in chunks}) == 1


def test_without_thinking(client: OpenAI) -> None:
    chunks = stream(client, "What is entropy?", extra={"enable_thinking": False})
    assert joined(chunks, "reasoning_content") == ""
    assert joined(chunks, "content") == ANSWER
    assert all(chunk.usage is None for chunk in chunks)


def test_a_reply_in_one_piece(client: OpenAI) -> None:
    completion = create(client, "What is entropy?")
    assert completion.choices[0].message.content == ANSWER
    assert completion.choices[0].message.reasoning_content == THINKING
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage.completion_tokens > 0


@pytest.mark.parametrize("tool_stream", [False, True])
def test_tool_calls(client: OpenAI, tool_stream: bool) -> None:
    extra = {"tool_stream": tool_stream}
    chunks = stream(client, "The weather?", tools=[WEATHER], extra=extra)
    assert joined(chunks, "content") == "Let me look."
    assert chunks[-1].choices[0].finish_reason == "tool_calls"
    ids: dict[int, str] = {}
    arguments: dict[int, list[str]] = {}
    for chunk in chunks:
        for call in chunk.choices[0].delta.tool_calls or ():
            assert call.function is not None
            if call.id:
                ids[call.index] = call.id
                assert call.function.name == "get_weather"
            arguments.setdefault(call.index, []).append(call.function.arguments or "")
    assert len(set(ids.values())) == 2
    assert [json.loads("".join(parts)) for parts in arguments.values()] == [
        {"city": "Oslo"},
        {"city": "西安"},
    ]
    assert [len(parts) > 1 for parts in arguments.values()] == [tool_stream] * 2


def test_a_whole_round_of_tools(client: OpenAI) -> None:
    first = create(client, "The weather?", tools=[WEATHER]).choices[0]
    assert first.finish_reason == "tool_calls"
    call = first.message.tool_calls[0]
    assert json.loads(call.function.arguments) == {"city": "Oslo"}
    results = [
        {"role": "tool", "tool_call_id": one.id, "content": "-3 °C"}
        for one in first.message.tool_calls
    ]
    history = ["The weather?", first.message.model_dump(exclude_none=True), *results]
    then = create(client, *history, tools=[WEATHER]).choices[0]
    assert then.message.content == "It is > -3 °C\n\n> -3 °C"


def test_the_packages_own_accumulator(client: OpenAI) -> None:
    with client.chat.completions.stream(
        model="glm-5", messages=[{"role": "user", "content": "The weather?"}]
    ) as events:
        completion = events.get_final_completion()
    calls = completion.choices[0].message.tool_calls or []
    assert [json.loads(call.function.arguments) for call in calls] == [
        {"city": "Oslo"},
        {"city": "西安"},
    ]


def test_the_list_of_models(client: OpenAI) -> None:
    assert [model.id for model in client.models.list()][:3] == ["glm-4.6", "glm-4.7", "glm-5"]


# Errors, by the class that the package makes of them.


def test_a_wrong_key(simulator: Simulator) -> None:
    with (
        OpenAI(api_key="bad", base_url=simulator.base_url) as client,
        pytest.raises(openai.AuthenticationError) as raised,
    ):
        create(client, "Hello")
    assert raised.value.code == "invalid_api_key"
    assert raised.value.request_id


def test_an_invalid_request(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match=r"Temperature should be in \[0\.0, 2\.0\)"):
        create(client, "Hello", temperature=2)


def test_an_invalid_request_in_a_stream_is_framed(client: OpenAI) -> None:
    """The package expects JSON in an error, and keeps what it cannot parse."""
    with pytest.raises(openai.BadRequestError) as raised:
        stream(client, "Hello", temperature=2)
    frame = str(raised.value.body)
    assert frame.startswith('data: {"error":{"code":"invalid_parameter_error"')
    assert "Temperature should be in [0.0, 2.0)" in frame


def test_an_unknown_model(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        client.chat.completions.create(model="glm-9", messages=[{"role": "user", "content": "Hi"}])
    assert raised.value.code == "model_not_found"


def test_a_loop_of_tools(client: OpenAI) -> None:
    rounds = [message for _ in range(3) for message in round_of("{}", "nothing")]
    with pytest.raises(openai.BadRequestError, match="Repetitive tool calls"):
        create(client, "The weather?", *rounds)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("status:429:Throttling.RateQuota", openai.RateLimitError),
        ("status:403:AccessDenied", openai.PermissionDeniedError),
        ("status:503", openai.InternalServerError),
        ("html-502", openai.InternalServerError),
    ],
)
def test_other_refusals(client: OpenAI, fault: str, kind: type[openai.APIStatusError]) -> None:
    with pytest.raises(kind):
        create(client, "Hello", fault=fault)


def test_a_retry_succeeds(client: OpenAI) -> None:
    scenario = Scenario(rules=(Rule("once", answer="Fine."),))
    with (
        Simulator(scenario, tokens_per_s=0, first_token_s=0) as simulator,
        OpenAI(api_key="k", base_url=simulator.base_url, max_retries=0) as one,
    ):
        with pytest.raises(openai.InternalServerError):
            create(one, "once", fault="status:500")
        assert create(one, "once").choices[0].message.content == "Fine."


def test_an_error_inside_the_stream(client: OpenAI) -> None:
    got: list[ChatCompletionChunk] = []
    with pytest.raises(openai.APIError, match="inappropriate content") as raised:
        got.extend(stream(client, "Hello", fault="error-after:3"))
    assert raised.value.code == "data_inspection_failed"


def test_a_cut_stream(client: OpenAI) -> None:
    got: list[ChatCompletionChunk] = []
    with pytest.raises(openai.APIConnectionError):
        got.extend(create(client, "Hello", stream=True, fault="cut:3"))
    assert len(got) == 3


def test_a_cut_that_looks_like_an_end(client: OpenAI) -> None:
    chunks = stream(client, "Hello", fault="cut-close:3")
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * 3


def test_a_client_that_leaves(client: OpenAI, simulator: Simulator) -> None:
    with create(client, "Hello", stream=True, fault="stall:2") as events:
        next(iter(events))
        assert simulator.requests[-1].state == "open"
    simulator.wait_until(lambda requests: requests[-1].state == "left")
