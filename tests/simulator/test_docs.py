"""``docs/simulator.md`` tells the truth."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from glm_notebook.simulator import Match, Rule, Scenario, Simulator
from glm_notebook.simulator.__main__ import parser
from glm_notebook.simulator.faults import known_faults

from .wire import CHAT, NATIVE, WEATHER, ZAI, ask, body, native_body, open_socket, read_until

MULTIMODAL = "/api/v1/services/aigc/multimodal-generation/generation"
ROUTES = {
    CHAT: 200,
    "/compatible-mode/v1/models": 200,
    NATIVE: 200,
    MULTIMODAL: 400,
    "/api/v1/models": 200,
    ZAI: 200,
}
PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert isinstance(found, str)
    return found


def text(answer: Any) -> str:
    content: str = answer.json["choices"][0]["message"]["content"]
    return content


def test_the_scenario_does_what_its_comments_say(tmp_path: Path) -> None:
    path = tmp_path / "talk.toml"
    path.write_text(block("toml"), encoding="utf-8")
    scenario = Scenario.load(path)
    assert (scenario.tokens_per_s, scenario.first_token_s) == (80, 0.3)
    with Simulator(scenario, tokens_per_s=0, first_token_s=0) as simulator:
        said = body("The WEATHER in Oslo?", tools=[WEATHER])
        first = ask(simulator, said)
        assert text(first) == "Let me look."
        message = first.json["choices"][0]["message"]
        assert message["tool_calls"][0]["function"]["arguments"] == '{"city": "Oslo"}'
        result = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "-3"}
        history = [*said["messages"], message, result]
        refused = ask(simulator, body("entropy"))
        assert (refused.status, refused.error["code"]) == (429, "limit_requests")
        assert text(ask(simulator, body(*history))) == "This is what I found:\n\n> -3"
        again = ask(
            simulator, body("First.", {"role": "assistant", "content": "Yes?"}, "什么是熵？")
        )
        assert text(again) == "Entropy measures how many ways there are.\n\n$$S = k \\ln W$$"
        assert "“First.”" in again.json["choices"][0]["message"]["reasoning_content"]
        assert again.json["usage"]["prompt_tokens_details"] == {"cached_tokens": 128}
        long = ask(simulator, body("Give me a long one", model="glm-next", enable_thinking=False))
        assert long.json["usage"]["completion_tokens"] == 2000
        assert ask(simulator, body(), Authorization="Bearer sk-expired").status == 401
        assert "You wrote" in text(ask(simulator, body("So?")))


def test_the_example_for_tests() -> None:
    def ask_and_go(simulator: Simulator) -> None:
        with open_socket(simulator, body("hang", stream=True)) as connection:
            read_until(connection, b"data: ")

    code = block("python").replace("...", "ask_and_go(simulator)", 1)
    exec(code, {"ask_and_go": ask_and_go})  # noqa: S102


def test_every_fault_is_listed_as_it_describes_itself() -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+[^`]*)` \| ([A-Z].*\.) \|$", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted((fault.usage, fault.summary) for fault in known_faults())


@pytest.mark.parametrize("name", [f.name for cls in (Rule, Match, Scenario) for f in fields(cls)])
def test_every_key_is_named(name: str) -> None:
    assert re.search(rf"\b{name}\b", PAGE)


def test_every_option_is_listed() -> None:
    listed = re.findall(r"^\| `(--[a-z-]+)", PAGE, re.MULTILINE)
    options = [action.option_strings[-1] for action in parser()._actions]
    assert sorted(listed) == sorted(set(options) - {"--help", "--version"})


def test_the_routes_are_there(simulator: Simulator) -> None:
    routes = re.findall(r"^\| `(GET|POST) (/[^`]+)` \|", PAGE, re.MULTILINE)
    assert ("POST", CHAT) in routes
    assert {path for _, path in routes} == set(ROUTES)
    for method, path in routes:
        sent = native_body() if path == NATIVE else body()
        assert ask(simulator, sent, method, path).status == ROUTES[path]


def test_the_place_of_a_mistake_reads_as_on_the_page() -> None:
    data = {"rules": [{}, {"match": {"prompt": "x"}}]}
    with pytest.raises(ValueError, match="talk") as raised:
        Scenario.from_dict(data, "talk.toml")
    example = re.search(r"`(talk\.toml, rules.*?)…`", PAGE, re.DOTALL)
    assert example is not None
    assert str(raised.value).startswith(example[1].rstrip())
