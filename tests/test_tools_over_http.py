"""Turns with tools over real HTTP, in both protocols, against the simulator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from glm_notebook import AsyncClient, Conversation
from glm_notebook.runner import runner
from glm_notebook.simulator import Match, Rule, Scenario, ScriptedCall, Simulator

SCENARIO = Scenario(
    rules=(
        Rule(
            "two cities",
            thinking="Both are needed, and each has its own weather.",
            before_tools="Let me look.",
            tool_calls=(
                ScriptedCall("weather", {"city": "西安"}),
                ScriptedCall("weather", {"city": "Oslo"}),
            ),
        ),
        Rule(
            Match(contains="two cities", after_tools=True),
            thinking="Now I know.",
            answer="I was told: {tool_results}",
        ),
        Rule("Thanks", answer="You are welcome."),
    ),
    tokens_per_s=0,
    first_token_s=0,
)


def weather(city: str) -> str:
    """Tell the weather.

    Parameters
    ----------
    city : str
        Its name.
    """
    return f"{city}: clear"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(SCENARIO) as running:
        yield running


@pytest.fixture(params=["openai", "dashscope"])
def client(simulator: Simulator, request: pytest.FixtureRequest) -> Iterator[AsyncClient]:
    client = AsyncClient("sk-tools", base_url=simulator.base_url, protocol=request.param)
    yield client
    runner().submit(client.aclose()).result(5)


def bodies(simulator: Simulator, since: int) -> list[Mapping[str, Any]]:
    """The parameters of the requests, and their messages, wherever the protocol has them."""
    found: list[Mapping[str, Any]] = []
    for one in simulator.requests[since:]:
        body = one.json
        found.append(
            {
                **body,
                **body.get("parameters", {}),
                "messages": body.get("messages") or body["input"]["messages"],
            }
        )
    return found


@pytest.mark.parametrize("thinking", [True, False])
@pytest.mark.parametrize("tool_stream", [True, False])
@pytest.mark.parametrize("parallel", [True, False])
def test_a_turn_with_tools(
    simulator: Simulator, client: AsyncClient, thinking: bool, tool_stream: bool, parallel: bool
) -> None:
    since = len(simulator.requests)
    conversation = Conversation(
        client,
        tools=[weather],
        thinking=thinking,
        tool_stream=tool_stream,
        parallel_tool_calls=parallel,
    )
    turn = conversation.ask_sync("two cities")
    assert turn.status == "complete"
    assert "西安: clear" in turn.text
    assert "Oslo: clear" in turn.text
    first, second = bodies(simulator, since)
    assert (
        first["tools"][0]["function"]["parameters"]["properties"]["city"]["description"]
        == "Its name."
    )
    assert (first["tool_stream"], first["parallel_tool_calls"]) == (tool_stream, parallel)
    _, assistant, *answers = second["messages"]
    assert [one["role"] for one in answers] == ["tool", "tool"]
    assert [one["content"] for one in answers] == ["西安: clear", "Oslo: clear"]
    assert [one["tool_call_id"] for one in answers] == [
        one["id"] for one in assistant["tool_calls"]
    ]
    assert assistant["content"] == "Let me look."
    assert assistant.get("reasoning_content", "") == (
        "Both are needed, and each has its own weather." if thinking else ""
    )
    conversation.ask_sync("Thanks")
    later = bodies(simulator, since)[-1]["messages"]
    assert [one["role"] for one in later] == [
        "user",
        "assistant",
        "tool",
        "tool",
        "assistant",
        "user",
    ]
    assert not any("reasoning_content" in one for one in later)  # of an earlier turn


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ("weather", {"type": "function", "function": {"name": "weather"}}),
    ],
)
def test_a_choice_of_tools_is_sent(
    simulator: Simulator, client: AsyncClient, choice: str, sent: object
) -> None:
    since = len(simulator.requests)
    conversation = Conversation(client, tools=[weather], thinking=False, tool_choice=choice)
    turn = conversation.ask_sync("Hello")
    assert turn.status == "complete"
    first, *later = bodies(simulator, since)
    assert first["tool_choice"] == sent
    forced = choice == "weather"
    assert [one.get("tool_choice", "auto") for one in later] == ["auto"] * len(later)
    assert bool(turn.tool_calls) or not forced


def test_a_forced_tool_while_the_model_thinks_is_refused_unsent(
    simulator: Simulator, client: AsyncClient
) -> None:
    since = len(simulator.requests)
    with pytest.raises(Exception, match="tool_choice"):
        Conversation(client, tools=[weather], tool_choice="weather").ask_sync("Hello")
    assert len(simulator.requests) == since
