"""Every shape of a reply, to the byte."""

from __future__ import annotations

import json
from typing import Any

import pytest

from glm_notebook.simulator import Rule, Scenario, ScriptedCall, Simulator

from .wire import KEY, WEATHER, ask, body, make_service, service_answer

END = (
    '"object":"chat.completion.chunk","usage":null,"created":1770000000,'
    '"system_fingerprint":null,"model":"glm-5","id":"chatcmpl-id-1"}'
)
USAGE = END.replace('"usage":null', '"usage":{USAGE}')

SCENARIO = Scenario(
    rules=(
        Rule("call two", tool_calls=(ScriptedCall("a", {}, "c1"), ScriptedCall("b", "{", "c2"))),
        Rule(
            "call",
            thinking="Hm.",
            before_tools="Wait",
            tool_calls=(ScriptedCall("get_weather", {"city": "Oslo"}, "c1"),),
        ),
        Rule(thinking="Hm.", answer="Hi!"),
    )
)


def stream(*choices: str, usage: str = "") -> bytes:
    """Return the bytes of a stream with these choices."""
    events = [f'{{"choices":[{choice}],{END}' for choice in choices]
    if usage:
        events.append(f'{{"choices":[],{USAGE.replace("{USAGE}", usage)}')
    return "".join(f"data: {event}\n\n" for event in [*events, "[DONE]"]).encode()


FIRST = (
    '{"delta":{"content":null,"role":"assistant","reasoning_content":""},'
    '"index":0,"logprobs":null,"finish_reason":null}'
)
FIRST_WITHOUT_THINKING = (
    '{"delta":{"content":"","role":"assistant"},"index":0,"logprobs":null,"finish_reason":null}'
)
NEXT = '{"finish_reason":null,"logprobs":null,"delta":{DELTA},"index":0}'


def later(delta: str) -> str:
    return NEXT.replace("{DELTA}", delta)


def last(reason: str, delta: str = '{"content":"","reasoning_content":null}') -> str:
    return f'{{"finish_reason":"{reason}","delta":{delta},"index":0,"logprobs":null}}'


def call(index: int, id: str, name: str, arguments: str) -> str:
    function = f'{{"name":"{name}","arguments":{json.dumps(arguments)}}}'
    return (
        '{"content":null,"reasoning_content":null,"tool_calls":'
        f'[{{"index":{index},"id":"{id}","type":"function","function":{function}}}]}}'
    )


def more(index: int, arguments: str) -> str:
    function = f'{{"arguments":{json.dumps(arguments)}}}'
    return (
        '{"content":null,"reasoning_content":null,"tool_calls":'
        f'[{{"index":{index},"id":"","type":"function","function":{function}}}]}}'
    )


def calls_end(index: int) -> str:
    return (
        '{"delta":{"tool_calls":[{"function":{"arguments":""},'
        f'"index":{index},"id":"","type":"function"}}]}},"index":0}}'
    )


THINKING = later('{"content":null,"reasoning_content":"Hm."}')
WAIT = later('{"content":"Wait","reasoning_content":null}')

STREAMS: dict[str, tuple[dict[str, Any], bytes]] = {
    "thinking, then the answer, with usage": (
        body("Hello", stream_options={"include_usage": True}),
        stream(
            FIRST,
            THINKING,
            later('{"content":"Hi!","reasoning_content":null}'),
            last("stop"),
            usage='{"prompt_tokens":6,"completion_tokens":2,"total_tokens":8,'
            '"completion_tokens_details":{"reasoning_tokens":1},'
            '"prompt_tokens_details":{"cached_tokens":0}}',
        ),
    ),
    "no usage unless it is asked for": (
        body("Hello", stream_options={"include_usage": False}),
        stream(FIRST, THINKING, later('{"content":"Hi!","reasoning_content":null}'), last("stop")),
    ),
    "without thinking, the key is never there": (
        body("Hello", enable_thinking=False, stream_options={"include_usage": True}),
        stream(
            FIRST_WITHOUT_THINKING,
            later('{"content":"Hi!"}'),
            last("stop", '{"content":""}'),
            usage='{"prompt_tokens":6,"completion_tokens":1,"total_tokens":7,'
            '"prompt_tokens_details":{"cached_tokens":0}}',
        ),
    ),
    "a call in one piece": (
        body("call", tools=[WEATHER]),
        stream(
            FIRST,
            THINKING,
            WAIT,
            later(call(0, "c1", "get_weather", '{"city": "Oslo"}')),
            last("tool_calls"),
        ),
    ),
    "a call in pieces": (
        body("call", tools=[WEATHER], tool_stream=True, seed=1),
        stream(
            FIRST,
            THINKING,
            WAIT,
            later(call(0, "c1", "get_weather", "")),
            later(more(0, '{"city')),
            later(more(0, '": "Os')),
            later(more(0, 'lo"}')),
            calls_end(0),
            last("tool_calls"),
        ),
    ),
    "two calls, one with broken arguments": (
        body("call two", tools=[WEATHER]),
        stream(
            FIRST,
            later(call(0, "c1", "a", "{}")),
            later(call(1, "c2", "b", "{")),
            last("tool_calls"),
        ),
    ),
    "two calls in pieces end once": (
        body("call two", tools=[WEATHER], tool_stream=True),
        stream(
            FIRST,
            later(call(0, "c1", "a", "")),
            later(more(0, "{}")),
            later(call(1, "c2", "b", "")),
            later(more(1, "{")),
            calls_end(1),
            last("tool_calls"),
        ),
    ),
    "a call without thinking": (
        body("call", tools=[WEATHER], enable_thinking=False),
        stream(
            FIRST_WITHOUT_THINKING,
            later('{"content":"Wait"}'),
            later(call(0, "c1", "get_weather", '{"city": "Oslo"}')).replace(
                '"reasoning_content":null,', ""
            ),
            last("tool_calls", '{"content":""}'),
        ),
    ),
    "an answer that ends before a stop word": (
        body("Hello", max_tokens=1, stop=["!"], thinking_budget=1),
        stream(FIRST, THINKING, later('{"content":"Hi","reasoning_content":null}'), last("stop")),
    ),
}


@pytest.mark.parametrize("name", STREAMS)
def test_streams(name: str) -> None:
    sent, expected = STREAMS[name]
    answer = service_answer(make_service(SCENARIO), {**sent, "stream": True})
    assert answer.body == expected
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/event-stream;charset=UTF-8"
    assert answer.headers["x-dashscope-finished"] == "false"


def test_the_documented_stream_word_for_word() -> None:
    """The four chunks and the usage of the reference, here as plain text rather than put together."""
    answer = service_answer(
        make_service(SCENARIO), body("Hello", stream=True, stream_options={"include_usage": True})
    )
    assert answer.body == (
        b'data: {"choices":[{"delta":{"content":null,"role":"assistant","reasoning_content":""},'
        b'"index":0,"logprobs":null,"finish_reason":null}],"object":"chat.completion.chunk",'
        b'"usage":null,"created":1770000000,"system_fingerprint":null,"model":"glm-5",'
        b'"id":"chatcmpl-id-1"}\n\n'
        b'data: {"choices":[{"finish_reason":null,"logprobs":null,"delta":{"content":null,'
        b'"reasoning_content":"Hm."},"index":0}],"object":"chat.completion.chunk","usage":null,'
        b'"created":1770000000,"system_fingerprint":null,"model":"glm-5","id":"chatcmpl-id-1"}\n\n'
        b'data: {"choices":[{"finish_reason":null,"logprobs":null,"delta":{"content":"Hi!",'
        b'"reasoning_content":null},"index":0}],"object":"chat.completion.chunk","usage":null,'
        b'"created":1770000000,"system_fingerprint":null,"model":"glm-5","id":"chatcmpl-id-1"}\n\n'
        b'data: {"choices":[{"finish_reason":"stop","delta":{"content":"",'
        b'"reasoning_content":null},"index":0,"logprobs":null}],"object":"chat.completion.chunk",'
        b'"usage":null,"created":1770000000,"system_fingerprint":null,"model":"glm-5",'
        b'"id":"chatcmpl-id-1"}\n\n'
        b'data: {"choices":[],"object":"chat.completion.chunk","usage":{"prompt_tokens":6,'
        b'"completion_tokens":2,"total_tokens":8,"completion_tokens_details":'
        b'{"reasoning_tokens":1},"prompt_tokens_details":{"cached_tokens":0}},'
        b'"created":1770000000,"system_fingerprint":null,"model":"glm-5","id":"chatcmpl-id-1"}\n\n'
        b"data: [DONE]\n\n"
    )


WHOLE = {
    "with thinking": (
        body("Hello"),
        '"finish_reason":"stop","logprobs":null,"message":{"role":"assistant","content":"Hi!",'
        '"reasoning_content":"Hm."}}],"usage":{"prompt_tokens":6,"completion_tokens":2,'
        '"total_tokens":8,"completion_tokens_details":{"reasoning_tokens":1},'
        '"prompt_tokens_details":{"cached_tokens":0}}}',
    ),
    "without": (
        body("Hello", enable_thinking=False),
        '"finish_reason":"stop","logprobs":null,"message":{"role":"assistant","content":"Hi!",'
        '"reasoning_content":""}}],"usage":{"prompt_tokens":6,"completion_tokens":1,'
        '"total_tokens":7,"prompt_tokens_details":{"cached_tokens":0}}}',
    ),
    "a call is whole even with tool_stream": (
        body("call", tool_stream=True),
        '"finish_reason":"tool_calls","logprobs":null,"message":{"role":"assistant",'
        '"content":"Wait","reasoning_content":"Hm.","tool_calls":[{"index":0,"id":"c1",'
        '"type":"function","function":{"name":"get_weather","arguments":'
        '"{\\"city\\": \\"Oslo\\"}"}}]}}],"usage":{"prompt_tokens":5,"completion_tokens":9,'
        '"total_tokens":14,"completion_tokens_details":{"reasoning_tokens":1},'
        '"prompt_tokens_details":{"cached_tokens":0}}}',
    ),
}


@pytest.mark.parametrize("name", WHOLE)
def test_replies_that_are_not_streamed(name: str) -> None:
    sent, expected = WHOLE[name]
    answer = service_answer(make_service(SCENARIO), sent)
    head = (
        '{"id":"chatcmpl-id-1","object":"chat.completion","created":1770000000,"model":"glm-5",'
        '"system_fingerprint":null,"choices":[{"index":0,'
    )
    assert answer.body.decode() == head + expected
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-dashscope-finished"] == "true"


def test_a_model_without_cache_says_nothing_of_it() -> None:
    answer = service_answer(make_service(SCENARIO), body("Hello", model="glm-4.7"))
    assert "prompt_tokens_details" not in answer.json["usage"]


def test_what_utf8_cannot_carry_is_escaped() -> None:
    scenario = Scenario(rules=(Rule(answer="\u2028\ud83d"),))
    sent = body("Hello", stream=True, enable_thinking=False)
    streamed = service_answer(make_service(scenario), sent).body
    assert b'{"content":"\xe2\x80\xa8\\ud83d"}' in streamed
    assert b'"finish_reason":"stop"' in streamed
    whole = service_answer(make_service(scenario), body("Hello", enable_thinking=False))
    assert b'"content":"\xe2\x80\xa8\\ud83d"' in whole.body


def test_the_list_of_models(simulator: Simulator) -> None:
    answer = ask(simulator, method="GET", path="/compatible-mode/v1/models")
    assert answer.status == 200
    assert answer.json["object"] == "list"
    created = answer.json["data"][0]["created"]
    assert answer.json["data"][2] == {
        "id": "glm-5",
        "object": "model",
        "created": created,
        "owned_by": "system",
    }


def test_the_bytes_are_the_same_over_http() -> None:
    with Simulator(SCENARIO, tokens_per_s=0, first_token_s=0) as simulator:
        answer = ask(simulator, body("Hello", stream=True))
    id, created = answer.chunks[0]["id"], answer.chunks[0]["created"]
    expected = STREAMS["no usage unless it is asked for"][1].decode()
    expected = expected.replace("chatcmpl-id-1", id).replace("1770000000", str(created))
    assert answer.body.decode() == expected
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.headers["x-glm-simulator"] == "1"
    assert id == f"chatcmpl-{answer.headers['x-request-id']}"
    assert KEY not in str(answer.headers)
