"""What is said: rules, limits, tool calls, usage."""

from __future__ import annotations

import json
from typing import Any

import pytest

from glm_notebook.simulator import Match, Rule, Scenario, ScriptedCall, Text
from glm_notebook.simulator.service import Service

from .wire import WEATHER, Answer, body, make_service, round_of, service_answer

TIME: dict[str, Any] = {
    "type": "function",
    "function": {"name": "get_time", "description": "Clock time by city", "parameters": {}},
}


def answered(rule: Rule | Scenario | None = None, **sent: Any) -> Answer:
    scenario = Scenario(rules=(rule,)) if isinstance(rule, Rule) else rule
    return service_answer(make_service(scenario), {**body(), **sent})


def message(answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = answer.json["choices"][0]["message"]
    return found


def finish(answer: Answer) -> str:
    reason: str = answer.json["choices"][0]["finish_reason"]
    return reason


def usage(answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = answer.json["usage"]
    return found


def calls(answer: Answer) -> list[tuple[str, Any]]:
    made = message(answer).get("tool_calls", [])
    functions = [call["function"] for call in made]
    return [(one["name"], json.loads(one["arguments"])) for one in functions]


# Rules.


def test_the_first_rule_that_matches_answers() -> None:
    scenario = Scenario(
        rules=(
            Rule(Match(contains="HELLO", turn=2), answer="again"),
            Rule("hello", answer="first"),
            Rule(Match(pattern="^B"), answer="bye"),
            Rule(Match(model="glm-4.7"), answer="old"),
            Rule(Match(request=5), answer="fifth"),
        )
    )
    service = make_service(scenario)

    def text(**sent: Any) -> str:
        content: str = message(service_answer(service, {**body(), **sent}))["content"]
        return content

    assert text() == "first"
    history = body("Hi", {"role": "assistant", "content": "Yes?"}, "Hello")["messages"]
    assert text(messages=history) == "again"
    assert text(**body("Bye")) == "bye"
    assert text(**body("tab B", model="glm-4.7")) == "old"
    assert text(**body("So?")) == "fifth"
    assert "You wrote" in text(**body("So?"))  # the built-in scenario


def test_placeholders() -> None:
    template = "{prompt}|{quote}|{previous}|{model}|{turn}|{characters}|{tokens}|{other}"
    said = body("One\nmore", {"role": "assistant", "content": "Yes?"}, "a  {model}\n b")
    answer = answered(Rule(answer=template), **said)
    assert message(answer)["content"] == (
        "a  {model}\n b|a {model} b|One more|glm-5|2|13|4|{other}"
    )


def test_a_long_prompt_is_quoted_in_short() -> None:
    content = message(answered(Rule(answer="{quote}"), **body("x" * 500)))["content"]
    assert content == "x" * 160 + "…"


def test_effort_and_switch_decide_whether_it_thinks() -> None:
    rule = Rule(thinking=" Hm.\n", answer="\nHi!\n")
    assert message(answered(rule))["reasoning_content"] == "Hm."
    assert message(answered(rule))["content"] == "Hi!"
    for fields in ({"enable_thinking": False}, {"reasoning_effort": "none"}):
        answer = answered(rule, **fields)
        assert message(answer)["reasoning_content"] == ""
        assert "completion_tokens_details" not in usage(answer)


def test_the_same_request_is_answered_in_the_same_pieces() -> None:
    def pieces(seed: int) -> list[Any]:
        chunks = answered(stream=True, seed=seed).chunks
        return [chunk["choices"][0]["delta"] for chunk in chunks]

    assert pieces(1) == pieces(1)
    assert pieces(1) != pieces(2)
    text = ["".join(d["content"] or "" for d in pieces(seed)) for seed in (1, 2)]
    assert text[0] == text[1]


def test_deltas_are_two_to_twenty_characters() -> None:
    chunks = answered(Rule(thinking="我想" * 200, answer="word " * 200), stream=True).chunks
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks[1:-1]]
    sizes = [len(d["content"] or d["reasoning_content"]) for d in deltas]
    assert min(sizes) == 2
    assert max(sizes) == 20


# Long texts.


def test_the_largest_reply_has_exactly_its_tokens() -> None:
    rule = Rule(thinking=Text("I wonder. ", tokens=32_768), answer=Text("好的。 ", tokens=16_384))
    answer = answered(rule)
    assert finish(answer) == "stop"
    assert usage(answer)["completion_tokens"] == 49_152
    assert usage(answer)["completion_tokens_details"] == {"reasoning_tokens": 32_768}


def test_a_repeated_text() -> None:
    assert message(answered(Rule(answer=Text("ab\n", repeat=3))))["content"] == "ab\nab\nab\n"


# Limits.

LONG = Rule(thinking="t" * 40, answer="a" * 40)  # ten tokens each


@pytest.mark.parametrize(
    ("fields", "thinking", "answer", "reason"),
    [
        ({}, 10, 10, "stop"),
        ({"max_tokens": 10}, 10, 10, "stop"),
        ({"max_tokens": 4}, 10, 4, "length"),
        ({"thinking_budget": 3}, 3, 10, "stop"),
        ({"max_completion_tokens": 20}, 10, 10, "stop"),
        ({"max_completion_tokens": 19}, 10, 9, "length"),
        ({"max_completion_tokens": 12}, 10, 2, "length"),
        ({"max_completion_tokens": 6}, 6, 0, "length"),
        ({"model": "glm-5.2", "max_tokens": 12}, 10, 2, "length"),
        ({"model": "glm-5.2", "max_tokens": 12, "thinking_budget": 3}, 3, 10, "stop"),
        ({"model": "glm-5.3", "max_tokens": 12, "thinking_budget": 3}, 10, 2, "length"),
        ({"stop": "aaa"}, 10, 0, "stop"),
        ({"stop": ["zz", "a"]}, 10, 0, "stop"),
    ],
)
def test_limits(fields: dict[str, Any], thinking: int, answer: int, reason: str) -> None:
    got = answered(LONG, **fields)
    assert message(got)["reasoning_content"] == "t" * 4 * thinking
    assert message(got)["content"] == "a" * 4 * answer
    assert finish(got) == reason
    assert usage(got)["completion_tokens"] == thinking + answer


def test_thinking_that_is_cut_is_a_reply_that_is_cut() -> None:
    answer = answered(Rule(thinking="t" * 40), max_completion_tokens=5)
    assert message(answer)["reasoning_content"] == "t" * 20
    assert finish(answer) == "length"


def test_a_limit_does_not_cut_a_character_in_two() -> None:
    assert message(answered(Rule(answer="好好好"), max_tokens=1))["content"] == "好"


# Usage.


def test_thinking_in_the_history_costs_unless_it_is_cleared() -> None:
    history = body("Hi", {"role": "assistant", "content": "Yes?"}, "Go on")["messages"]
    thought = [history[0], {**history[1], "reasoning_content": "x" * 400}, history[2]]
    plain = usage(answered(messages=history))["prompt_tokens"]
    assert usage(answered(messages=thought))["prompt_tokens"] == plain + 100
    assert usage(answered(messages=thought, clear_thinking=True))["prompt_tokens"] == plain
    assert usage(answered(messages=thought, model="glm-5.3"))["prompt_tokens"] == plain


def test_tools_cost() -> None:
    plain = usage(answered())["prompt_tokens"]
    assert usage(answered(tools=[WEATHER]))["prompt_tokens"] > plain + 30


def test_a_shared_beginning_is_cached_in_whole_blocks(service: Service) -> None:
    def cached(prompt: str, model: str = "glm-5") -> Any:
        answer = service_answer(service, body(prompt, model=model))
        return usage(answer)["prompt_tokens_details"]["cached_tokens"]

    long = "".join(f"{n:04}" for n in range(300))  # a token each
    assert cached(long) == 0
    assert cached(long) == 256
    assert cached(long[:800] + "x" * 400) == 192
    assert cached(long, model="glm-5.1") == 0
    assert cached("short") == cached("short") == 0


def test_figures_of_a_rule_replace_the_counted_ones() -> None:
    figures = {"prompt_tokens": 1000, "cached_tokens": 512, "thinking_tokens": 7}
    assert usage(answered(Rule(answer="word", usage=figures))) == {
        "prompt_tokens": 1000,
        "completion_tokens": 1,
        "total_tokens": 1001,
        "completion_tokens_details": {"reasoning_tokens": 7},
        "prompt_tokens_details": {"cached_tokens": 512},
    }


# Tool calls.


def test_no_tools_no_calls() -> None:
    assert finish(answered(**body("Weather in Oslo?"))) == "stop"
    forbidden = body("Weather in Oslo?", tools=[WEATHER], tool_choice="none")
    assert finish(answered(**forbidden)) == "stop"


@pytest.mark.parametrize(
    ("prompt", "parallel", "expected"),
    [
        ("What is the weather in Oslo?", False, [("get_weather", {"city": "Oslo"})]),
        ("Weather in Oslo, in New York?", False, [("get_weather", {"city": "Oslo"})]),
        ("Clock, in Oslo, in New York", True, [("get_time", {})]),
        ("The clock time in Oslo?", False, [("get_time", {})]),
        (
            'The weather, in “Xi\'an” and "Ürümqi" and 「长安」',
            True,
            [("get_weather", {"city": city}) for city in ("Xi'an", "Ürümqi", "长安")],
        ),
        (
            "The weather in Oslo, in New York?",
            True,
            [("get_weather", {"city": "Oslo"}), ("get_weather", {"city": "New York"})],
        ),
        (
            "weather and time",
            True,
            [("get_weather", {"city": "weather and time"}), ("get_time", {})],
        ),
        ("x", False, [("get_weather", {"city": "x"})]),
    ],
)
def test_made_up_calls(prompt: str, parallel: bool, expected: list[tuple[str, Any]]) -> None:
    answer = answered(**body(prompt, tools=[WEATHER, TIME], parallel_tool_calls=parallel))
    assert finish(answer) == "tool_calls"
    assert calls(answer) == expected


def test_a_named_tool_is_the_one_that_is_called() -> None:
    choice = {"type": "function", "function": {"name": "get_time"}}
    sent = body(
        "Weather in Oslo?", tools=[WEATHER, TIME], tool_choice=choice, enable_thinking=False
    )
    assert calls(answered(**sent)) == [("get_time", {})]


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, "Oslo"),
        ({"type": "integer"}, 3),
        ({"type": "number"}, 3.0),
        ({"type": "boolean"}, True),
        ({"type": "null"}, None),
        ({"enum": ["celsius", "kelvin"]}, "kelvin"),
        ({"enum": ["mild", "cold"]}, "mild"),
        ({"type": "array", "items": {"type": "string"}}, ["Oslo"]),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, {"a": "Oslo"}),
        ({"properties": {"a": {}, "b": {}}, "required": ["b"]}, {"b": "Oslo"}),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, 3),
        ({"type": ["integer", "null"]}, 3),
    ],
)
def test_arguments_follow_the_schema(schema: dict[str, Any], expected: Any) -> None:
    function = {"name": "f", "parameters": {"type": "object", "properties": {"x": schema}}}
    tools = [{"type": "function", "function": function}]
    answer = answered(**body("Is it warmer than 3 kelvin in Oslo", tools=tools))
    assert calls(answer) == [("f", {"x": expected})]


def test_numbers_are_taken_in_their_order() -> None:
    schema = {"type": "object", "properties": {n: {"type": "integer"} for n in "abc"}}
    tools = [{"type": "function", "function": {"name": "add", "parameters": schema}}]
    assert calls(answered(**body("Add 17 and -4", tools=tools))) == [
        ("add", {"a": 17, "b": -4, "c": 1})
    ]


def test_the_round_after_the_tools_quotes_them() -> None:
    messages = [*body("Weather in Oslo?")["messages"], *round_of('{"city": "Oslo"}', "-3 °C")]
    answer = answered(messages=messages, tools=[WEATHER])
    assert finish(answer) == "stop"
    assert "> -3 °C" in message(answer)["content"]
    chinese = [*body("奥斯陆天气？")["messages"], *round_of("{}", "零下三度")]
    assert "零下三度" in message(answered(messages=chinese, tools=[WEATHER]))["content"]


def test_a_new_question_after_tools_may_call_them_again() -> None:
    before = [*body("Weather in Oslo?")["messages"], *round_of("{}", "-3")]
    sent = body(*before, {"role": "assistant", "content": "Cold."}, "In Paris?", tools=[WEATHER])
    assert finish(answered(Rule(tool_calls="auto"), **sent)) == "tool_calls"


def test_only_the_results_of_the_latest_round_are_quoted() -> None:
    rounds = [*round_of('{"n": 1}', "first", id="a"), *round_of('{"n": 2}', "second", id="b")]
    content = message(answered(**body("Weather?", *rounds)))["content"]
    assert "second" in content
    assert "first" not in content


def test_scripted_calls_come_once_and_then_the_answer() -> None:
    rule = Rule(
        "weather",
        before_tools="Let me look.",
        answer="It is {tool_results}",
        tool_calls=(ScriptedCall("f", {"a": 1}), ScriptedCall("g", '{"b": ', id="mine")),
    )
    first = answered(rule, **body("weather"))
    assert message(first)["content"] == "Let me look."
    made = message(first)["tool_calls"]
    assert made[0]["id"].startswith("call_")
    assert made[1]["id"] == "mine"
    assert [call["function"]["arguments"] for call in made] == ['{"a": 1}', '{"b": ']
    then = answered(rule, **body("weather", *round_of("{}", "cold")))
    assert message(then)["content"] == "It is > cold"
    assert "tool_calls" not in message(then)


def test_calls_of_a_later_round() -> None:
    scenario = Scenario(
        rules=(
            Rule(Match(round=2), tool_calls=(ScriptedCall("second"),)),
            Rule(Match(round=1), tool_calls=(ScriptedCall("first"),)),
            Rule(answer="done"),
        )
    )
    rounds = [*round_of('{"n": 1}', "1", id="a"), *round_of('{"n": 2}', "2", id="b")]
    assert calls(answered(scenario, **body("x"))) == [("first", {})]
    assert calls(answered(scenario, **body("x", *rounds[:2]))) == [("second", {})]
    assert message(answered(scenario, **body("x", *rounds)))["content"] == "done"


def test_a_rule_with_calls_only_leaves_the_next_round_to_others() -> None:
    rule = Rule(tool_calls=(ScriptedCall("f"),))
    then = answered(rule, **body("x", *round_of("{}", "cold")))
    assert "> cold" in message(then)["content"]


def test_ids_of_calls_are_different_in_every_round_and_turn() -> None:
    rule = Rule(tool_calls=(ScriptedCall("f"), ScriptedCall("f")), match=Match(contains="x"))
    first = answered(rule, **body("x"))
    again = answered(rule, **body("x", {"role": "assistant", "content": "Yes?"}, "x"))
    ids = [call["id"] for one in (first, again) for call in message(one)["tool_calls"]]
    assert len(set(ids)) == 4


def test_a_finish_reason_of_the_rule() -> None:
    rule = Rule(answer="Hi!", finish_reason="tool_calls")
    assert finish(answered(rule)) == "tool_calls"
    assert "tool_calls" not in message(answered(rule))


# The built-in scenario.


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("Who are you?", "I am the **simulator**"),
        ("你是谁？", "`glm_notebook` 的**模拟器**"),
        ("What is entropy?", "> What is entropy?"),
        ("什么是熵？", "> 什么是熵？"),
    ],
)
def test_the_demo_says_what_it_is(prompt: str, said: str) -> None:
    answer = answered(**body(prompt))
    assert said in message(answer)["content"]
    assert "imulator" in message(answer)["content"] or "模拟器" in message(answer)["content"]
    assert message(answer)["reasoning_content"]
    assert finish(answer) == "stop"


@pytest.mark.parametrize("prompts", [("What is entropy?", "And now?"), ("熵", "现在呢？")])
def test_the_demo_remembers_the_question_before(prompts: tuple[str, str]) -> None:
    sent = body(prompts[0], {"role": "assistant", "content": "…"}, prompts[1])
    content = message(answered(**sent))["content"]
    assert all(prompt in content for prompt in prompts)
