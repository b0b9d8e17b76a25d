from __future__ import annotations

import json
from dataclasses import fields
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glm_notebook import dialects
from glm_notebook.errors import ConfigError
from glm_notebook.messages import Message, Parameters, Request, ToolCall, ToolSpec
from glm_notebook.protocol import encoding
from glm_notebook.protocol.dashscope import DashScope
from glm_notebook.protocol.openai_compat import OpenAICompatible

DIALECTS = pytest.mark.parametrize("name", dialects.names())
ALL_SET: dict[str, Any] = {
    "thinking_budget": 9,
    "effort": "high",
    "max_tokens": 8,
    "max_completion_tokens": 7,
    "temperature": 0.0,
    "top_p": 0.5,
    "top_k": 0,
    "repetition_penalty": 1.1,
    "presence_penalty": 0.0,
    "seed": 0,
    "stop": ("\n", "END"),
    "json_mode": True,
    "tools": (ToolSpec("f"),),
    "tool_choice": "auto",
    "parallel_tool_calls": False,
    "tool_stream": False,
}
"""Every field that a dialect names; where it can be, with a value that is false and is sent all the same."""


def settings(name: str = "modelstudio", **parameters: Any) -> dict[str, Any]:
    return encoding.settings(Request("glm-5", (), **parameters), dialects.dialect(name))


def at(body: Any, path: str) -> Any:
    for key in path.split("."):
        body = body[key]
    return body


def test_every_parameter_is_a_field_or_has_a_place_of_its_own() -> None:
    elsewhere = {"stream", "strict", "thinking", "keep_thinking", "extra"}
    assert ALL_SET.keys() | elsewhere == {one.name for one in fields(Parameters)}


@DIALECTS
def test_a_dialect_writes_each_field_under_its_name_and_no_other(name: str) -> None:
    dialect = dialects.dialect(name)
    body = settings(name, **ALL_SET)
    for field, path in dialect.fields.items():
        assert field in ALL_SET
        if path:
            assert at(body, path) is not None, field
    assert body.keys() == {path.split(".")[0] for path in dialect.fields.values() if path}


@DIALECTS
def test_what_a_dialect_does_not_take_is_left_out(name: str) -> None:
    dialect = dialects.dialect(name)
    for field, value in ALL_SET.items():
        assert bool(settings(name, **{field: value})) is dialect.takes(field), field


@DIALECTS
def test_what_is_not_set_is_not_sent(name: str) -> None:
    assert settings(name) == {}


def test_values_are_sent_as_they_are_but_for_four() -> None:
    body = settings(**ALL_SET)
    assert body["stop"] == ["\n", "END"]
    assert body["response_format"] == {"type": "json_object"}
    assert (body["temperature"], body["seed"], body["tool_stream"]) == (0.0, 0, False)
    assert body["tool_choice"] == "auto"


@pytest.mark.parametrize("choice", ["auto", "none", "required"])
def test_a_choice_of_tools_by_word(choice: str) -> None:
    assert settings(tool_choice=choice) == {"tool_choice": choice}


def test_a_choice_of_tools_by_name() -> None:
    named = {"type": "function", "function": {"name": "get_weather"}}
    assert settings(tool_choice="get_weather") == {"tool_choice": named}


def test_tools_are_functions() -> None:
    schema = MappingProxyType({"type": "object", "properties": {"city": {"type": "string"}}})
    tools = (ToolSpec("get_weather", "Weather by city", schema), ToolSpec("now"))
    written = json.loads(encoding.to_json(settings(tools=tools)))
    assert written["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "get_weather",
                "description": "Weather by city",
                "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
            },
        },
        {
            "type": "function",
            "function": {
                "name": "now",
                "description": "",
                "parameters": {"type": "object", "properties": {}},
            },
        },
    ]


SWITCHED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("modelstudio", {"thinking": True}, {"enable_thinking": True}),
    ("modelstudio", {"thinking": False}, {"enable_thinking": False}),
    ("modelstudio", {"keep_thinking": True}, {"clear_thinking": False}),
    ("modelstudio", {"keep_thinking": False}, {"clear_thinking": True}),
    ("zai", {"thinking": False}, {"thinking": {"type": "disabled"}}),
    (
        "zai",
        {"thinking": True, "keep_thinking": True},
        {"thinking": {"type": "enabled", "clear_thinking": False}},
    ),
    (
        "vllm",
        {"thinking": False, "keep_thinking": False, "thinking_budget": 5},
        {
            "thinking_token_budget": 5,
            "chat_template_kwargs": {"enable_thinking": False, "clear_thinking": True},
        },
    ),
    ("sglang", {"thinking": True}, {"chat_template_kwargs": {"enable_thinking": True}}),
    (
        "openrouter",
        {"thinking": True, "effort": "high"},
        {"reasoning": {"enabled": True, "effort": "high"}},
    ),
    ("openrouter", {"thinking_budget": 5}, {"reasoning": {"max_tokens": 5}}),
    ("ollama", {"thinking": True, "effort": "low"}, {"reasoning_effort": "low"}),
    ("ollama", {"thinking": False, "effort": "low"}, {"reasoning_effort": "none"}),
    (
        "llamacpp",
        {"thinking": True, "thinking_budget": 5, "repetition_penalty": 1.1},
        {
            "thinking_budget_tokens": 5,
            "repeat_penalty": 1.1,
            "chat_template_kwargs": {"enable_thinking": True},
        },
    ),
    ("openai", {"thinking": True, "keep_thinking": True}, {}),
    ("openai", {"effort": "minimal"}, {"reasoning_effort": "minimal"}),
]


@pytest.mark.parametrize(("name", "asked", "body"), SWITCHED)
def test_thinking_is_switched_as_each_server_wants_it(
    name: str, asked: dict[str, Any], body: dict[str, Any]
) -> None:
    assert settings(name, **asked) == body


def test_extra_goes_into_what_is_there_and_wins() -> None:
    extra = MappingProxyType(
        {"chat_template_kwargs": MappingProxyType({"x": 1}), "temperature": 2, "n": None}
    )
    body = settings("vllm", thinking=True, temperature=1.0, extra=extra)
    assert body == {
        "chat_template_kwargs": {"enable_thinking": True, "x": 1},
        "temperature": 2,
        "n": None,
    }
    json.dumps(body)


def test_writing_a_request_changes_no_table() -> None:
    before = dialects.dialect("vllm").think.on["chat_template_kwargs"].copy()
    settings("vllm", thinking=True, extra={"chat_template_kwargs": {"x": 1}})
    assert dialects.dialect("vllm").think.on["chat_template_kwargs"] == before


ASKED = Message("assistant", "", thinking="I look.", tool_calls=(ToolCall("call_1", "f", "{}"),))
ANSWERED = Message("tool", "7", tool_call_id="call_1")
HISTORY = (
    Message("system", "Be brief."),
    Message("user", "a"),
    Message("assistant", "b", thinking="old"),
    Message("user", "c", thinking="none of a user's"),
    ASKED,
    ANSWERED,
)


def messages(name: str = "modelstudio", **parameters: Any) -> list[dict[str, Any]]:
    request = Request("glm-5", parameters.pop("messages", HISTORY), **parameters)
    return encoding.messages(request, dialects.dialect(name))


@pytest.mark.parametrize("keep", [None, False])
def test_only_the_thinking_of_the_turn_that_goes_on_is_sent(keep: bool | None) -> None:
    function = {"name": "f", "arguments": "{}"}
    assert messages(keep_thinking=keep) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
        {
            "role": "assistant",
            "content": "",
            "reasoning_content": "I look.",
            "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
        },
        {"role": "tool", "content": "7", "tool_call_id": "call_1"},
    ]


def test_all_thinking_is_sent_where_it_is_to_be_kept() -> None:
    kept = [one.get("reasoning_content") for one in messages(keep_thinking=True)]
    assert kept == [None, None, "old", None, "I look.", None]


def test_thinking_is_sent_unchanged() -> None:
    thinking = " \n a </think> \u2028 "
    sent = messages(messages=(Message("user", "a"), Message("assistant", "", thinking=thinking)))
    assert sent[1]["reasoning_content"] == thinking


@DIALECTS
def test_thinking_goes_under_the_name_of_the_dialect(name: str) -> None:
    history = dialects.dialect(name).history
    assert messages(name)[4][history] == "I look."
    assert messages(name)[4].keys() == {"role", "content", history, "tool_calls"}


def test_without_a_name_for_thinking_none_is_sent() -> None:
    assert encoding._message(ASKED, "").keys() == {"role", "content", "tool_calls"}


def test_a_history_without_a_user_is_one_turn() -> None:
    assert messages(messages=(ASKED,))[0]["reasoning_content"] == "I look."


def test_both_protocols_send_the_same_messages() -> None:
    request = Request("glm-5", HISTORY, keep_thinking=True)
    compat, native = (
        json.loads(one.encode(request).body) for one in (OpenAICompatible(), DashScope())
    )
    assert compat["messages"] == native["input"]["messages"]


@pytest.mark.parametrize("protocol", [OpenAICompatible(), DashScope()])
def test_a_lone_surrogate_can_be_sent(protocol: OpenAICompatible | DashScope) -> None:
    body = protocol.encode(Request("glm-5", (Message("user", "a\ud83d"),))).body
    assert b'"a?"' in body


@pytest.mark.parametrize("protocol", [OpenAICompatible(), DashScope()])
@pytest.mark.parametrize("extra", [{"x": {1}}, {"x": b"y"}, {"x": [object()]}])
def test_what_is_no_json_is_an_error_that_says_where_to_look(
    protocol: OpenAICompatible | DashScope, extra: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError, match="is no JSON") as raised:
        protocol.encode(Request("glm-5", (), extra=extra))
    assert "extra" in raised.value.remedy


def test_a_list_that_holds_itself_is_an_error_too() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(ConfigError):
        OpenAICompatible().encode(Request("glm-5", (), extra={"x": endless}))


TEXT = st.text(max_size=5)


@given(TEXT, TEXT, st.sampled_from(dialects.names()))
def test_property_any_text_comes_through(content: str, thinking: str, name: str) -> None:
    request = Request("m", (Message("user", "q"), Message("assistant", content, thinking)))
    body = json.loads(OpenAICompatible(dialects.dialect(name)).encode(request).body)
    sent = body["messages"][1]
    assert sent["content"] == content
    assert sent.get(dialects.dialect(name).history, "") == thinking
