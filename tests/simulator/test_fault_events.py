"""Faults of what is said, of its order, and of the JSON that it is said in, in both protocols."""

from __future__ import annotations

import json
from typing import Any

import pytest

from glm_notebook.simulator import Simulator
from glm_notebook.simulator.faults import known_faults
from glm_notebook.simulator.faults.registry import Kind
from glm_notebook.simulator.http import Incoming
from glm_notebook.simulator.sse import Cut, Stall

from .faulty import COMPAT, NATIVE, SCENARIO, Protocol
from .wire import (
    SSE,
    body,
    make_service,
    native_body,
    open_socket,
    parse_events,
    read_to_end,
    read_until,
    split_chunks,
)

ALL = {"tool_stream": False}
IN_PIECES = {"tool_stream": True}


# What is said.


def test_think_tags(protocol: Protocol) -> None:
    answer = protocol.ask(fault="think-tags")
    assert protocol.text(answer) == "<think>Hm.</think>\n\nHi!"
    assert protocol.text(answer, "reasoning_content") == ""
    without = protocol.ask(fault="think-tags", enable_thinking=False)
    assert protocol.text(without) == "Hi!"


def test_a_stray_tag(protocol: Protocol) -> None:
    assert protocol.text(protocol.ask(fault="stray-think")) == "Hm.</think>\n\nHi!"


def test_thinking_only(protocol: Protocol) -> None:
    answer = protocol.ask(fault="thinking-only")
    assert protocol.text(answer) == ""
    assert protocol.text(answer, "reasoning_content") == "Hm."
    assert protocol.reasons(answer)[-1] == "stop"
    if protocol.is_native:
        assert {frame["usage"]["output_tokens"] for frame in answer.frames} == {0}


@pytest.mark.parametrize("stream", [False, True])
def test_calls_that_are_announced_and_never_come(protocol: Protocol, stream: bool) -> None:
    answer = protocol.ask("call", "empty-tool-call", stream=stream)
    assert b'"finish_reason":"tool_calls"' in answer.body
    assert b'"tool_calls":[' not in answer.body


def test_calls_that_end_with_stop(protocol: Protocol) -> None:
    answer = protocol.ask("call", "stop-after-calls")
    assert b'"tool_calls":[' in answer.body
    assert [r for r in protocol.reasons(answer) if r] == ["stop"]


def test_line_separators(protocol: Protocol) -> None:
    answer = protocol.ask(fault="line-separators")
    for field in ("content", "reasoning_content"):
        assert set("\u2028\u2029\x85\x0b\x0c\x1c") <= set(protocol.text(answer, field))
    whole = protocol.ask(fault="line-separators", stream=False).body
    assert whole.count("\u2028\u2029\x85\\u000b\\f".encode()) == 2  # as JSON wants them
    without = protocol.ask(fault="line-separators", enable_thinking=False)
    assert protocol.text(without, "reasoning_content") == ""


@pytest.mark.parametrize("stream", [False, True])
def test_a_stream_answered_in_one_piece(protocol: Protocol, stream: bool) -> None:
    answer = protocol.ask(fault="plain-json, error-after:0", stream=stream)
    assert answer.headers["content-type"] == "application/json"
    assert answer.body == protocol.ask(stream=False).body


# The order.


def test_no_finish_reason(protocol: Protocol) -> None:
    assert not any(protocol.reasons(protocol.ask(fault="no-finish")))


def test_thinking_comes_back(protocol: Protocol) -> None:
    plain, broken = protocol.ask("long"), protocol.ask("long", "late-thinking")
    for field in ("content", "reasoning_content"):
        assert sorted(protocol.text(plain, field)) == sorted(protocol.text(broken, field))
    kinds = [bool(m.get("reasoning_content")) for m in protocol.messages(broken) if any(m.values())]
    answered = kinds.index(False, kinds.index(True))
    assert True in kinds[answered:]
    assert False in kinds[kinds.index(True, answered) :]


def test_thinking_comes_although_there_was_little(protocol: Protocol) -> None:
    answer = protocol.ask(fault="late-thinking")
    assert protocol.text(answer, "reasoning_content") == "Hm.Hm."


def test_whitespace(protocol: Protocol) -> None:
    texts = [m.get("content") for m in protocol.messages(protocol.ask("call", "whitespace"))]
    said = [text for text in texts if text]
    assert said == ["\n", "Wait", "\n", "\n"]


def test_a_surrogate_pair_in_two_deltas(protocol: Protocol) -> None:
    answer = protocol.ask(fault="split-surrogates")
    assert answer.body.count(b'"\\ud83d"') == answer.body.count(b'"\\ude00"') == 2
    halves = protocol.text(answer)
    assert halves.encode("utf-16", "surrogatepass").decode("utf-16") == "😀Hi!"


def test_half_a_surrogate_pair(protocol: Protocol) -> None:
    assert protocol.text(protocol.ask(fault="lone-surrogate")) == "\ud83dHi!"


def test_a_huge_delta(protocol: Protocol) -> None:
    answer = protocol.ask(fault="huge-delta:3000000")
    assert "x" * 3_000_000 in [m["content"] for m in protocol.messages(answer)]


def test_text_after_the_finish(protocol: Protocol) -> None:
    answer = protocol.ask(fault="late-text")
    assert protocol.reasons(answer)[-2:] == ["stop", None]
    assert protocol.messages(answer)[-1]["content"] == " Late."


def test_every_call_at_the_same_index(protocol: Protocol) -> None:
    answer = protocol.ask("call", "same-index", **ALL)
    calls = [c for m in protocol.messages(answer) for c in m.get("tool_calls", ())]
    assert [(call["index"], call["id"]) for call in calls] == [(0, "c1"), (0, "c2")]


def test_an_id_for_every_delta_of_a_call(protocol: Protocol) -> None:
    answer = protocol.ask("call", "new-call-ids", **IN_PIECES)
    calls = [c for m in protocol.messages(answer) for c in m.get("tool_calls", ()) if c["id"]]
    ids = [call["id"] for call in calls]
    assert len(ids) == len(set(ids)) >= 4
    for index, name, arguments in ((0, "a", '{"x": 1}'), (1, "b", '{"y": "é"}')):
        own = [call["function"] for call in calls if call["index"] == index]
        assert {function["name"] for function in own} == {name}
        assert "".join(function["arguments"] for function in own) == arguments


# The JSON of events.


@pytest.mark.parametrize("stream", [False, True])
def test_arguments_that_are_objects(protocol: Protocol, stream: bool) -> None:
    answer = protocol.ask("call", "object-arguments", stream=stream, **ALL)
    assert b'"arguments":{"x":1}' in answer.body
    assert '"arguments":{"y":"é"}'.encode() in answer.body
    in_pieces = protocol.ask("call", "object-arguments", **IN_PIECES)
    assert b'"arguments":"{' in in_pieces.body


def test_an_empty_finish_reason(protocol: Protocol) -> None:
    *before, last = protocol.reasons(protocol.ask(fault="empty-finish"))
    assert set(before) == {""}
    assert last == "stop"


def test_nulls(protocol: Protocol) -> None:
    broken = protocol.ask(fault="null-choices").frames
    assert protocol.choices(broken[1]) is None
    assert len(broken) == len(protocol.ask().frames) + 1
    broken = protocol.ask(fault="null-delta").frames
    (choice,) = protocol.choices(broken[1])
    assert choice["message" if protocol.is_native else "delta"] is None


@pytest.mark.parametrize("k", [1, 2, 99])
def test_no_choices(protocol: Protocol, k: int) -> None:
    plain, broken = protocol.ask(), protocol.ask(fault=f"no-choices:{k}")
    empty = [protocol.choices(frame) == [] for frame in broken.frames]
    assert empty.count(True) == 1
    assert empty.index(True) == min(k, len(plain.frames))
    assert protocol.text(broken) == protocol.text(plain)


@pytest.mark.parametrize("n", [0, 1, 1000])
def test_empty_deltas(protocol: Protocol, n: int) -> None:
    plain, broken = protocol.ask(), protocol.ask(fault=f"empty-deltas:{n}")
    added = [m for m in protocol.messages(broken) if m not in protocol.messages(plain)]
    assert len(broken.frames) == len(plain.frames) + n
    assert not any(any(message.values()) for message in added)
    assert protocol.text(broken) == protocol.text(plain)


def test_the_other_name_of_a_delta(protocol: Protocol) -> None:
    for frame in protocol.ask(fault="message-for-delta").frames:
        (choice,) = protocol.choices(frame)
        assert ("delta" if protocol.is_native else "message") in choice
        assert ("message" if protocol.is_native else "delta") not in choice


def test_two_ends(protocol: Protocol) -> None:
    reasons = protocol.reasons(protocol.ask(fault="finish-twice"))
    assert reasons[-2:] == ["stop", "stop"]
    assert reasons.count("stop") == 2


def test_the_usage_after_the_end(protocol: Protocol) -> None:
    last = protocol.ask(fault="usage-after-finish").frames[-1]
    assert protocol.choices(last) == []
    assert last["usage"]["total_tokens"] == 8


def test_the_usage_with_the_end(protocol: Protocol) -> None:
    *before, last = protocol.ask(fault="usage-with-finish").frames
    assert last["usage"]["total_tokens"] == 8
    assert protocol.is_native or not any(frame["usage"] for frame in before)


def test_the_end_of_the_stream(protocol: Protocol) -> None:
    plain = protocol.ask().body
    done = b"" if protocol.is_native else b"data: [DONE]\n\n"
    assert protocol.ask(fault="no-done").body == plain.removesuffix(done)
    assert protocol.ask(fault="after-done").body == plain + b"data: that was all\n\n"
    assert protocol.ask(fault="no-blank-line").body == plain.rstrip(b"\n")


@pytest.mark.parametrize(("fault", "broken"), [("bad-json:1", [1]), ("bad-json:0:3", [0, 1, 2])])
def test_bad_json(protocol: Protocol, fault: str, broken: list[int]) -> None:
    plain, answer = protocol.ask(), protocol.ask(fault=fault)
    assert len(answer.events) == len(plain.events)
    for number, (_, data) in enumerate(answer.events):
        whole = plain.events[number][1]
        if number in broken:
            assert data == whole[: len(data)] != whole
            with pytest.raises(json.JSONDecodeError):
                json.loads(data)
        else:
            assert data == whole


# A stream that stops, breaks or begins again.


def test_an_error_inside_the_stream() -> None:
    events = NATIVE.ask(fault="error-after:2").events
    assert events[2] == (
        ["id:3", "event:error", ":HTTP_STATUS/400"],
        '{"code":"DataInspectionFailed","message":"Output data may contain inappropriate content.",'
        '"request_id":"id-1"}',
    )
    assert len(events) == 3
    first = NATIVE.ask(fault="error-after:0:ModelUnavailable").events[0]
    assert first[0] == ["id:1", "event:error", ":HTTP_STATUS/503"]


def test_an_error_that_is_no_json(protocol: Protocol) -> None:
    *before, (head, data) = protocol.ask(fault="error-text:2").events
    assert len(before) == 2
    assert (head, data) == (["event: error"], "upstream connect error")


def test_a_restart(protocol: Protocol) -> None:
    plain, answer = protocol.ask(), protocol.ask(fault="restart:1")
    first, (_, glued), *again = answer.events
    half, mark, tail = glued.partition("data: {" if not protocol.is_native else "data:{")
    assert plain.events[1][1].startswith(half)
    begun = [json.loads("{" + tail), *[json.loads(d) for _, d in again if d != "[DONE]"]]
    assert mark
    key = "request_id" if protocol.is_native else "id"
    ids = {payload[key] for payload in begun}
    assert len(ids) == 1
    assert json.loads(first[1])[key] not in ids
    assert [{**payload, key: 0} for payload in begun] == [{**p, key: 0} for p in plain.frames]


def test_a_body_that_ends_within_an_event(protocol: Protocol) -> None:
    plain, broken = protocol.ask().body, protocol.ask(fault="cut-event:1").body
    assert plain.startswith(broken)
    assert broken.count(b"\n\n") == 1
    assert not broken.endswith(b"\n\n")


def test_it_ends_as_if_all_were_well() -> None:
    with (
        Simulator(SCENARIO, tokens_per_s=0, first_token_s=0) as simulator,
        open_socket(simulator, body("Hello", stream=True), "cut-event:1") as connection,
    ):
        read = read_until(connection, b"\r\n0\r\n\r\n")
    _, _, ended = split_chunks(read)
    assert ended


def test_comments_that_keep_the_connection_alive() -> None:
    with Simulator(SCENARIO, tokens_per_s=0, first_token_s=0) as simulator:
        fault = "keep-alive:2:3:0.01, cut-close:99"
        with open_socket(simulator, body("Hello", stream=True), fault) as connection:
            _, _, text = read_to_end(connection).partition(b"\r\n\r\n")
    assert text.count(b": keep-alive\n\n") == 3
    events = text.split(b"\n\n")
    assert [event.startswith(b": ") for event in events[:6]] == [
        False,
        False,
        True,
        True,
        True,
        False,
    ]
    assert parse_events(text)[-1] == ([], "[DONE]")


# All of them.

ARGUMENTS = {"status": "500", "value": "text/plain", "seconds": "0", "n": "2"}


@pytest.mark.parametrize("kind", known_faults(), ids=lambda kind: kind.name)
@pytest.mark.parametrize("prompt", ["call", "long"])
def test_every_fault_can_be_had_in_every_protocol(kind: Kind, prompt: str) -> None:
    """Nothing more than that: what it does is tested by name."""
    required = [p.name for p in kind.parameters if p.default is p.empty]
    fault = ":".join([kind.name, *[ARGUMENTS.get(name, "1") for name in required]])
    fields = {"tool_stream": True, "stream_options": {"include_usage": True}}
    for stream in (False, True):
        headers = {"X-Sim-Fault": f"{fault}, {fault}", **(SSE if stream else {})}
        for route, sent in (
            ("chat_compat", body(prompt, stream=stream, **fields)),
            ("chat_native", native_body(prompt, **fields)),
            ("chat_native", native_body(prompt, result_format="text", enable_thinking=False)),
            ("chat_zai", body(prompt, stream=stream, **fields)),
        ):
            incoming = Incoming({"Authorization": "Bearer k", **headers}, json.dumps(sent).encode())
            response = getattr(make_service(SCENARIO), route)(incoming)
            for item in response.items:
                assert isinstance(item, Cut | Stall) or isinstance(item.encode(), bytes)
            assert response.status in (200, 500, 502, 503, 504)


ONLY_STREAMS = ["bad-json:0", "finish-twice", "no-done", "comments", "late-text", "huge-delta:9"]


@pytest.mark.parametrize("fault", ONLY_STREAMS)
def test_what_only_a_stream_can_do_leaves_another_reply_alone(
    protocol: Protocol, fault: str
) -> None:
    assert protocol.ask(fault=fault, stream=False).body == protocol.ask(stream=False).body


def test_a_bare_text_has_no_choices_to_break() -> None:
    off: dict[str, Any] = {"result_format": "text", "enable_thinking": False}
    plain = NATIVE.ask(**off).body
    for fault in ("null-delta", "empty-finish", "finish-twice", "message-for-delta"):
        answer = NATIVE.ask(fault=fault, **off)
        assert {frame["output"].get("text") for frame in answer.frames} <= {"Hi!", ""}
    assert COMPAT.ask(**off).body != plain
