"""Scenarios as files, and what is said where one is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from glm_notebook.simulator import Match, Rule, Scenario, ScriptedCall, Simulator, Text
from glm_notebook.simulator.scenario import demo

from .wire import ask, body

TOML = """
name = "talk"
tokens_per_s = 40
first_token_s = 0.5
refused_keys = ["sk-old"]
models = ["glm-9"]

[[rules]]
match = "weather"
thinking = "I should look it up."
before_tools = "Let me look."
tool_calls = [{ name = "get_weather", arguments = { city = "Oslo" } }]
answer = "It is {tool_results}."

[[rules]]
match = { pattern = "(?i)^stop", turn = 2, after_tools = false }
answer = { text = "word ", tokens = 100 }
usage = { prompt_tokens = 5 }
fault = ["stall:2", "one-byte"]
tokens_per_s = 0
first_token_s = 1
finish_reason = "length"

[[rules]]
match = { contains = "anything", model = "glm-9", request = 3, round = 1 }
tool_calls = "auto"
"""

EXPECTED = Scenario(
    rules=(
        Rule(
            match="weather",
            thinking="I should look it up.",
            before_tools="Let me look.",
            tool_calls=(ScriptedCall("get_weather", {"city": "Oslo"}),),
            answer="It is {tool_results}.",
        ),
        Rule(
            match=Match(pattern="(?i)^stop", turn=2, after_tools=False),
            answer=Text("word ", tokens=100),
            usage={"prompt_tokens": 5},
            fault=("stall:2", "one-byte"),
            tokens_per_s=0,
            first_token_s=1,
            finish_reason="length",
        ),
        Rule(
            match=Match(contains="anything", model="glm-9", request=3, round=1),
            tool_calls="auto",
        ),
    ),
    name="talk",
    tokens_per_s=40,
    first_token_s=0.5,
    refused_keys=("sk-old",),
    models=("glm-9",),
)


def write(folder: Path, text: str, name: str = "talk.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_toml(tmp_path: Path) -> None:
    assert Scenario.load(write(tmp_path, TOML)) == EXPECTED


def test_json(tmp_path: Path) -> None:
    data = {"rules": [{"match": "熵", "answer": "S", "tool_calls": [{"name": "f"}]}]}
    path = write(tmp_path, json.dumps(data, ensure_ascii=False), "talk.json")
    rule = Rule(match="熵", answer="S", tool_calls=(ScriptedCall("f"),))
    assert Scenario.load(str(path)) == Scenario(rules=(rule,))


def test_the_scenario_answers_over_http(tmp_path: Path) -> None:
    scenario = Scenario.load(write(tmp_path, '[[rules]]\nmatch = "Hi"\nanswer = "Hello!"'))
    with Simulator(scenario, tokens_per_s=0, first_token_s=0) as simulator:
        assert ask(simulator, body("Hi")).json["choices"][0]["message"]["content"] == "Hello!"


RULES: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown key": (
        {"anser": "Hi"},
        "talk, rules #2: there is no key 'anser', only match, thinking, answer, tool_calls,"
        " before_tools, finish_reason, usage, fault, tokens_per_s, first_token_s",
    ),
    "an unknown condition": (
        {"match": {"prompt": "Hi"}},
        "talk, rules #2, match: there is no key 'prompt', only contains, pattern, model, request,"
        " turn, round, after_tools",
    ),
    "a number for a text": (
        {"answer": 5},
        "talk, rules #2, answer: 5 should be text or a table",
    ),
    "a text for a number": (
        {"tokens_per_s": "fast"},
        "talk, rules #2, tokens_per_s: 'fast' should be a number",
    ),
    "a truth for a number": (
        {"match": {"turn": True}},
        "talk, rules #2, match, turn: True should be a whole number",
    ),
    "a number for a truth": (
        {"match": {"after_tools": 1}},
        "talk, rules #2, match, after_tools: 1 should be true or false",
    ),
    "a call without a name": (
        {"tool_calls": [{"arguments": {}}]},
        "talk, rules #2, tool_calls #1: the key 'name' is missing",
    ),
    "calls by another word": (
        {"tool_calls": "some"},
        "talk, rules #2, tool_calls: 'some' should be a list or 'auto'",
    ),
    "a text without text": (
        {"answer": {"tokens": 5}},
        "talk, rules #2, answer: the key 'text' is missing",
    ),
    "a fault that does not exist": (
        {"fault": "explode"},
        "talk, rules #2: No fault is called 'explode'; those that exist: python -m"
        " glm_notebook.simulator --faults.",
    ),
    "a fault that is a number": (
        {"fault": ["one-byte", 5]},
        "talk, rules #2, fault #2: 5 should be text",
    ),
    "a pattern that is none": (
        {"match": {"pattern": "("}},
        "talk, rules #2, match: the pattern '(' is not valid: missing ), unterminated subpattern"
        " at position 0",
    ),
    "a figure that is not counted": (
        {"usage": {"tokens": 5}},
        "talk, rules #2: usage has no 'tokens', only prompt_tokens, completion_tokens,"
        " thinking_tokens, cached_tokens",
    ),
    "a figure that is a text": (
        {"usage": {"prompt_tokens": "5"}},
        "talk, rules #2, usage, prompt_tokens: '5' should be a whole number",
    ),
    "a negative pace": (
        {"first_token_s": -1},
        "talk, rules #2: first_token_s is -1; it should be 0 or more",
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_what_is_wrong_with_a_rule_and_where(name: str) -> None:
    data, message = RULES[name]
    with pytest.raises(ValueError, match="talk") as raised:
        Scenario.from_dict({"rules": [{"answer": "fine"}, data]}, "talk")
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"rules": "none"}, "scenario, rules: 'none' should be a list"),
        ({"rules": ["none"]}, "scenario, rules #1: 'none' should be a table"),
        ({"rule": []}, "scenario: there is no key 'rule', only rules, name, tokens_per_s,"
         " first_token_s, refused_keys, models"),
        ({"tokens_per_s": -1}, "scenario: tokens_per_s is -1; it should be 0 or more"),
        ({"models": [5]}, "scenario, models #1: 5 should be text"),
        ([], "scenario: [] should be a table"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_scenario(data: Any, message: str) -> None:
    with pytest.raises(ValueError, match="scenario") as raised:
        Scenario.from_dict(data)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("talk.toml", "rules = [", "talk.toml: "),
        ("talk.json", "{", "talk.json: Expecting property name"),
        ("talk.json", "[]", "talk.json: [] should be a table"),
        ("talk.yaml", "", "A scenario is a .toml or a .json file, not 'talk.yaml'."),
        ("talk.toml", "[[rules]]\nfault = 'x'", "talk.toml, rules #1: No fault is called 'x'"),
    ],
)
def test_what_is_wrong_with_a_file(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(ValueError, match="talk") as raised:
        Scenario.load(write(tmp_path, text, name))
    assert str(raised.value).startswith(message)


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "talk.toml"
    path.write_bytes(b'name = "\xff"')
    with pytest.raises(ValueError, match=r"^talk\.toml: 'utf-8' codec"):
        Scenario.load(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Scenario.load(tmp_path / "talk.toml")


def test_the_built_in_scenario_can_be_read() -> None:
    assert demo().name == "demo"
    assert demo().tokens_per_s == 60
    assert demo() is demo()
