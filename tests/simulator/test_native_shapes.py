"""Every shape of a reply in the DashScope protocol, to the byte."""

from __future__ import annotations

import json
from typing import Any

import pytest

from glm_notebook.simulator import Rule, Scenario, ScriptedCall, Simulator

from .wire import NATIVE, SSE, WEATHER, ask, make_service, native_answer, native_body

SCENARIO = Scenario(
    rules=(
        Rule("call two", tool_calls=(ScriptedCall("a", {}, "c1"), ScriptedCall("b", "{", "c2"))),
        Rule(
            "call",
            thinking="Hm.",
            before_tools="Wait",
            tool_calls=(ScriptedCall("get_weather", {"city": "Oslo"}, "c1"),),
        ),
        Rule("long", answer="One two three four five six seven eight nine ten."),
        Rule(thinking="Hm.", answer="Hi!"),
    )
)
OFF: dict[str, Any] = {"enable_thinking": False}


def usage(total: int, output: int, input: int, thinking: int | None = 1) -> str:
    details = (
        "" if thinking is None else f'"output_tokens_details":{{"reasoning_tokens":{thinking}}},'
    )
    return (
        f'{{"total_tokens":{total},"output_tokens":{output},"input_tokens":{input},{details}'
        '"prompt_tokens_details":{"cached_tokens":0}}'
    )


def frames(*bodies: tuple[str, str, str]) -> bytes:
    """Return the bytes of frames of a message, a finish reason and a usage each."""
    texts = (
        f"id:{number}\nevent:result\n:HTTP_STATUS/200\n"
        f'data:{{"output":{{"choices":[{{"message":{message},"finish_reason":"{reason}"}}]}},'
        f'"usage":{used},"request_id":"id-1"}}\n\n'
        for number, (message, reason, used) in enumerate(bodies, start=1)
    )
    return "".join(texts).encode()


def thinks(text: str) -> str:
    return f'{{"content":"","reasoning_content":"{text}","role":"assistant"}}'


def says(text: str, reasoning: str = '"reasoning_content":"",') -> str:
    return f'{{"content":"{text}",{reasoning}"role":"assistant"}}'


def calls(*made: str, text: str = "") -> str:
    return f'{{"role":"assistant","content":"{text}","tool_calls":[{",".join(made)}]}}'


def call(index: int, id: str, arguments: str, name: str = "") -> str:
    named = f'"name":"{name}",' if name else ""
    function = f'{{{named}"arguments":{json.dumps(arguments)}}}'
    return f'{{"index":{index},"id":"{id}","type":"function","function":{function}}}'


END = '{"content":"","role":"assistant"}'

STREAMS: dict[str, tuple[dict[str, Any], bytes]] = {
    "thinking, then the answer": (
        native_body("Hello"),
        frames(
            (thinks("Hm."), "null", usage(7, 1, 6)),
            (says("Hi!"), "null", usage(8, 2, 6)),
            (END, "stop", usage(8, 2, 6)),
        ),
    ),
    "without thinking, the key is never there": (
        native_body("Hello", **OFF),
        frames(
            (says("Hi!", ""), "null", usage(7, 1, 6, None)),
            (END, "stop", usage(7, 1, 6, None)),
        ),
    ),
    "a call in one piece": (
        native_body("call"),
        frames(
            (thinks("Hm."), "null", usage(6, 1, 5)),
            (says("Wait"), "null", usage(7, 2, 5)),
            (calls(call(0, "c1", '{"city": "Oslo"}', "get_weather")), "null", usage(14, 9, 5)),
            (END, "tool_calls", usage(14, 9, 5)),
        ),
    ),
    "a call in pieces: its id once, its last fragment with the finish reason": (
        native_body("call", tool_stream=True, seed=1),
        frames(
            (thinks("Hm."), "null", usage(6, 1, 5)),
            (says("Wait"), "null", usage(7, 2, 5)),
            (calls(call(0, "c1", '{"city', "get_weather")), "null", usage(12, 7, 5)),
            (calls(call(0, "", '": "Os')), "null", usage(13, 8, 5)),
            (calls(call(0, "", 'lo"}')), "null", usage(14, 9, 5)),
            (calls(call(0, "", "")), "tool_calls", usage(14, 9, 5)),
        ),
    ),
    "two calls in pieces": (
        native_body("call two", tool_stream=True, **OFF),
        frames(
            (calls(call(0, "c1", "{}", "a")), "null", usage(8, 2, 6, None)),
            (calls(call(1, "c2", "{", "b")), "null", usage(10, 4, 6, None)),
            (calls(call(1, "", "")), "tool_calls", usage(10, 4, 6, None)),
        ),
    ),
    "every frame repeats the text so far": (
        native_body("long", incremental_output=False, seed=3, **OFF),
        frames(
            (says("One ", ""), "null", usage(6, 1, 5, None)),
            (says("One two three four five ", ""), "null", usage(11, 6, 5, None)),
            (
                says("One two three four five six seven eight nin", ""),
                "null",
                usage(16, 11, 5, None),
            ),
            (
                says("One two three four five six seven eight nine ten.", ""),
                "null",
                usage(18, 13, 5, None),
            ),
            (
                says("One two three four five six seven eight nine ten.", ""),
                "stop",
                usage(18, 13, 5, None),
            ),
        ),
    ),
    "every frame repeats the calls so far": (
        native_body("call", incremental_output=False, tool_stream=True, seed=1, **OFF),
        frames(
            (says("Wait", ""), "null", usage(6, 1, 5, None)),
            (
                calls(call(0, "c1", '{"c', "get_weather"), text="Wait"),
                "null",
                usage(10, 5, 5, None),
            ),
            (
                calls(call(0, "c1", '{"city": ', "get_weather"), text="Wait"),
                "null",
                usage(12, 7, 5, None),
            ),
            (
                calls(call(0, "c1", '{"city": "Oslo"}', "get_weather"), text="Wait"),
                "null",
                usage(13, 8, 5, None),
            ),
            (
                calls(call(0, "c1", '{"city": "Oslo"}', "get_weather"), text="Wait"),
                "tool_calls",
                usage(13, 8, 5, None),
            ),
        ),
    ),
}


@pytest.mark.parametrize("name", STREAMS)
def test_streams(name: str) -> None:
    sent, expected = STREAMS[name]
    answer = native_answer(make_service(SCENARIO), sent, **SSE)
    assert answer.body.decode() == expected.decode()
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/event-stream;charset=UTF-8"
    assert answer.headers["x-dashscope-finished"] == "false"


def test_the_documented_frames_word_for_word() -> None:
    """The three frames of the reference, as plain text; a model without a cache says nothing of it."""
    sent = {**native_body("Hello"), "model": "glm-4.7"}
    answer = native_answer(make_service(SCENARIO), sent, **SSE)
    assert answer.body == (
        b"id:1\nevent:result\n:HTTP_STATUS/200\n"
        b'data:{"output":{"choices":[{"message":{"content":"","reasoning_content":"Hm.",'
        b'"role":"assistant"},"finish_reason":"null"}]},"usage":{"total_tokens":7,'
        b'"output_tokens":1,"input_tokens":6,"output_tokens_details":{"reasoning_tokens":1}},'
        b'"request_id":"id-1"}\n\n'
        b"id:2\nevent:result\n:HTTP_STATUS/200\n"
        b'data:{"output":{"choices":[{"message":{"content":"Hi!","reasoning_content":"",'
        b'"role":"assistant"},"finish_reason":"null"}]},"usage":{"total_tokens":8,'
        b'"output_tokens":2,"input_tokens":6,"output_tokens_details":{"reasoning_tokens":1}},'
        b'"request_id":"id-1"}\n\n'
        b"id:3\nevent:result\n:HTTP_STATUS/200\n"
        b'data:{"output":{"choices":[{"message":{"content":"","role":"assistant"},'
        b'"finish_reason":"stop"}]},"usage":{"total_tokens":8,"output_tokens":2,"input_tokens":6,'
        b'"output_tokens_details":{"reasoning_tokens":1}},"request_id":"id-1"}\n\n'
    )


def test_a_bare_text() -> None:
    sent = native_body("Hello", result_format="text", **OFF)
    answer = native_answer(make_service(SCENARIO), sent, **SSE)
    first, last = answer.frames
    assert first["output"] == {"finish_reason": "null", "text": "Hi!"}
    assert last["output"] == {"finish_reason": "stop", "text": ""}


WHOLE = {
    "with thinking": (
        native_body("Hello"),
        '{"output":{"choices":[{"finish_reason":"stop","message":{"role":"assistant",'
        '"content":"Hi!","reasoning_content":"Hm."}}]},"usage":{"input_tokens":6,'
        '"output_tokens":2,"total_tokens":8,"output_tokens_details":{"reasoning_tokens":1},'
        '"prompt_tokens_details":{"cached_tokens":0}},"request_id":"id-1"}',
    ),
    "without, and with the default of increments": (
        native_body("Hello", incremental_output=None, **OFF),
        '{"output":{"choices":[{"finish_reason":"stop","message":{"role":"assistant",'
        '"content":"Hi!"}}]},"usage":{"input_tokens":6,"output_tokens":1,"total_tokens":7,'
        '"prompt_tokens_details":{"cached_tokens":0}},"request_id":"id-1"}',
    ),
    "a bare text is the default": (
        native_body("Hello", result_format=None, **OFF),
        '{"output":{"finish_reason":"stop","text":"Hi!"},"usage":{"input_tokens":6,'
        '"output_tokens":1,"total_tokens":7,"prompt_tokens_details":{"cached_tokens":0}},'
        '"request_id":"id-1"}',
    ),
    "a call is whole even with tool_stream": (
        native_body("call", tool_stream=True),
        '{"output":{"choices":[{"finish_reason":"tool_calls","message":{"role":"assistant",'
        '"content":"Wait","reasoning_content":"Hm.","tool_calls":[{"index":0,"id":"c1",'
        '"type":"function","function":{"name":"get_weather","arguments":'
        '"{\\"city\\": \\"Oslo\\"}"}}]}}]},"usage":{"input_tokens":5,"output_tokens":9,'
        '"total_tokens":14,"output_tokens_details":{"reasoning_tokens":1},'
        '"prompt_tokens_details":{"cached_tokens":0}},"request_id":"id-1"}',
    ),
}


@pytest.mark.parametrize("name", WHOLE)
def test_replies_that_are_not_streamed(name: str) -> None:
    sent, expected = WHOLE[name]
    answer = native_answer(make_service(SCENARIO), sent)
    assert answer.body.decode() == expected
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-dashscope-finished"] == "true"


# What counts in a request.


@pytest.mark.parametrize(
    ("headers", "streams"),
    [
        ({"X-DashScope-SSE": "enable"}, True),
        ({"x-dashscope-sse": "Enable"}, True),
        ({"Accept": "text/event-stream"}, True),
        ({"X-DashScope-SSE": "disable", "Accept": "*/*"}, False),
        ({}, False),
    ],
)
def test_a_stream_is_asked_for_by_a_header(headers: dict[str, str], streams: bool) -> None:
    sent = {**native_body("Hello", stream=not streams), "stream": not streams}
    answer = native_answer(make_service(SCENARIO), sent, **headers)
    assert answer.body.startswith(b"id:1\n") == streams


def test_what_stands_in_the_wrong_place_is_not_seen() -> None:
    sent = {**native_body("call Oslo"), "tools": [WEATHER], "temperature": 99}
    scenario = Scenario(rules=(Rule(answer="{prompt}", tool_calls="auto"),))
    answer = native_answer(make_service(scenario), sent)
    assert answer.json["output"]["choices"][0]["message"]["content"] == "call Oslo"
    inside = native_body("call Oslo", tools=[WEATHER])
    answer = native_answer(make_service(scenario), inside)
    assert answer.json["output"]["choices"][0]["finish_reason"] == "tool_calls"


def test_a_prompt_instead_of_messages() -> None:
    sent = {"model": "glm-5", "input": {"prompt": "Hello"}, "parameters": OFF}
    assert native_answer(make_service(SCENARIO), sent).json["output"]["text"] == "Hi!"


def test_figures_of_a_scenario_come_with_the_last_frame() -> None:
    usage = {"completion_tokens": 1000, "thinking_tokens": 0}
    scenario = Scenario(rules=(Rule(thinking="Hm.", answer="Hi!", usage=usage),))
    answer = native_answer(make_service(scenario), native_body("Hello"), **SSE)
    used = [frame["usage"] for frame in answer.frames]
    assert [one["output_tokens"] for one in used] == [1, 2, 1000]
    assert {one["output_tokens_details"]["reasoning_tokens"] for one in used} == {0}


def test_the_list_of_models(simulator: Simulator) -> None:
    answer = ask(simulator, method="GET", path="/api/v1/models?page_no=2&page_size=3")
    assert answer.json == {
        "code": None,
        "message": None,
        "success": True,
        "output": {
            "total": 8,
            "page_no": 2,
            "page_size": 3,
            "models": [
                {"model": id, "name": id} for id in ("glm-5.1", "glm-5.2", "glm-5.2-fast-preview")
            ],
        },
        "request_id": answer.headers["x-request-id"],
    }
    one = ask(simulator, method="GET", path="/api/v1/models?model=glm-5&page_size=none").json
    assert one["output"]["models"] == [{"model": "glm-5", "name": "glm-5"}]
    assert one["output"]["page_size"] == 10


def test_the_bytes_are_the_same_over_http() -> None:
    with Simulator(SCENARIO, tokens_per_s=0, first_token_s=0) as simulator:
        answer = ask(simulator, native_body("Hello"), path=NATIVE, X_DashScope_SSE="enable")
        assert simulator.native_url + "/services" in simulator.host_url + NATIVE
    id = answer.headers["x-request-id"]
    expected = STREAMS["thinking, then the answer"][1].decode().replace("id-1", id)
    assert answer.body.decode() == expected
    assert answer.headers["transfer-encoding"] == "chunked"


def test_the_built_in_scenario_speaks_it_too(simulator: Simulator) -> None:
    answer = ask(simulator, native_body("Who are you?"), path=NATIVE, X_DashScope_SSE="enable")
    messages = [frame["output"]["choices"][0]["message"] for frame in answer.frames]
    assert "glm_notebook" in "".join(one.get("reasoning_content", "") for one in messages)
    assert "simulator" in "".join(one["content"] for one in messages)
