"""Every fault, as a client sees it that is nothing but a socket."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from http.client import IncompleteRead

import pytest

from glm_notebook.simulator import Rule, Scenario, Simulator
from glm_notebook.simulator.faults import known_faults, parse_faults

from .wire import (
    WEATHER,
    ask,
    body,
    open_socket,
    read_to_end,
    read_until,
    split_chunks,
)

SCENARIO = Scenario(
    rules=(
        Rule("hang", thinking="Hm.", answer="Hi!", fault="stall:2"),
        Rule("call", tool_calls="auto"),
        Rule(thinking="Hm.", answer="Hi!"),
    )
)
SENT = body("Hello", stream=True)  # five events: role, thinking, answer, finish, [DONE]
N_EVENTS = 5


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(SCENARIO, tokens_per_s=0, first_token_s=0) as running:
        yield running


def events_of(text: bytes) -> list[bytes]:
    return text.split(b"\n\n")[:-1]


@pytest.fixture(scope="module")
def whole(simulator: Simulator) -> list[bytes]:
    """The events of the reply without a fault."""
    events = events_of(ask(simulator, SENT).body)
    assert len(events) == N_EVENTS
    return events


def delta(event: bytes) -> object:
    return json.loads(event.removeprefix(b"data: "))["choices"][0]["delta"]


@pytest.mark.parametrize("k", [0, 1, 3, N_EVENTS, 99])
def test_cut_in_chunks(simulator: Simulator, whole: list[bytes], k: int) -> None:
    with open_socket(simulator, SENT, f"cut:{k}") as connection:
        head, chunks, ended = split_chunks(read_to_end(connection))
    assert b"Transfer-Encoding: chunked" in head
    assert [delta(e) for e in events_of(b"".join(chunks))[:4]] == [delta(e) for e in whole[:4][:k]]
    assert len(events_of(b"".join(chunks))) == min(k, N_EVENTS)
    assert not ended
    simulator.wait_until(lambda requests: requests[-1].state == "cut")


def test_a_cut_is_an_error_to_an_ordinary_client(simulator: Simulator) -> None:
    with pytest.raises(IncompleteRead):
        ask(simulator, SENT, X_Sim_Fault="cut:2")


@pytest.mark.parametrize("k", [0, 2, N_EVENTS])
def test_cut_where_only_the_end_of_the_connection_ends_the_body(
    simulator: Simulator, k: int
) -> None:
    with open_socket(simulator, SENT, f"cut-close:{k}") as connection:
        head, _, text = read_to_end(connection).partition(b"\r\n\r\n")
    assert b"chunked" not in head
    assert b"ontent-length" not in head.lower()
    assert b"x-glm-simulator: 1" in head
    assert head.endswith(b"connection: close")
    assert len(events_of(text)) == k
    assert text.startswith(b"data: {") or k == 0
    assert len(ask(simulator, SENT, X_Sim_Fault=f"cut-close:{k}").body) == len(text)  # no error


def test_a_stall_sends_headers_and_events_and_then_nothing(simulator: Simulator) -> None:
    with open_socket(simulator, body("hang", stream=True)) as connection:
        got = read_until(connection, b'"Hm."')
        got += read_until(connection, b"\r\n") if not got.endswith(b"\r\n") else b""
        _, chunks, ended = split_chunks(got)
        assert len(events_of(b"".join(chunks))) == 2
        assert not ended
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        assert simulator.requests[-1].state == "open"
    simulator.wait_until(lambda requests: requests[-1].state == "left")


def test_a_stall_before_the_first_event_sends_the_headers(simulator: Simulator) -> None:
    with open_socket(simulator, SENT, "stall:0") as connection:
        head = read_until(connection, b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert head.endswith(b"\r\n\r\n")
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_a_stall_that_ends(simulator: Simulator, whole: list[bytes]) -> None:
    answer = ask(simulator, SENT, X_Sim_Fault="stall:2:0.05")
    assert [delta(e) for e in events_of(answer.body)[:4]] == [delta(e) for e in whole[:4]]


def test_a_stalled_simulator_stops_at_once() -> None:
    with Simulator(SCENARIO, tokens_per_s=0, first_token_s=0) as simulator:
        connection = open_socket(simulator, body("hang", stream=True))
        read_until(connection, b'"Hm."')
    with connection:
        assert b"DONE" not in read_to_end(connection)
    assert simulator.requests[-1].state == "left"


def test_one_byte_at_a_time(simulator: Simulator, whole: list[bytes]) -> None:
    with open_socket(simulator, SENT, "one-byte") as connection:
        read = read_until(connection, b"\r\n0\r\n\r\n")
    _, chunks, ended = split_chunks(read)
    assert ended
    assert {len(chunk) for chunk in chunks} == {1}
    assert [delta(e) for e in events_of(b"".join(chunks))[:4]] == [delta(e) for e in whole[:4]]


def test_an_error_inside_the_stream(simulator: Simulator) -> None:
    events = events_of(ask(simulator, SENT, X_Sim_Fault="error-after:2").body)
    assert len(events) == 3
    assert events[2] == (
        b'data: {"error":{"message":"Output data may contain inappropriate content.",'
        b'"type":"data_inspection_failed","param":null,"code":"data_inspection_failed"}}'
    )


def test_another_error_inside_the_stream(simulator: Simulator) -> None:
    answer = ask(simulator, SENT, X_Sim_Fault="error-after:0:ModelServingError")
    assert answer.status == 200
    assert events_of(answer.body)[0].startswith(b'data: {"error":{"message":"Too many requests.')


def test_a_restart_is_glued_into_the_broken_line(simulator: Simulator, whole: list[bytes]) -> None:
    events = events_of(ask(simulator, SENT, X_Sim_Fault="restart:2").body)
    assert [delta(e) for e in events[:2]] == [delta(e) for e in whole[:2]]
    broken, first = events[2].split(b"data: ")[1:]
    assert whole[2].startswith(b"data: " + broken[:40])
    with pytest.raises(json.JSONDecodeError):
        json.loads(broken)
    again = [b"data: " + first, *events[3:]]
    assert [delta(e) for e in again[:4]] == [delta(e) for e in whole[:4]]
    assert again[4] == b"data: [DONE]"
    ids = {json.loads(e[6:])["id"] for e in again[:4]}
    assert len(ids) == 1
    assert json.loads(events[0][6:])["id"] not in ids


def test_a_restart_after_the_end_changes_nothing(simulator: Simulator) -> None:
    assert len(events_of(ask(simulator, SENT, X_Sim_Fault="restart:9").body)) == N_EVENTS


def test_no_finish_reason(simulator: Simulator, whole: list[bytes]) -> None:
    events = events_of(ask(simulator, SENT, X_Sim_Fault="no-finish").body)
    assert [delta(e) for e in events[:3]] == [delta(e) for e in whole[:3]]
    assert events[3:] == [b"data: [DONE]"]


def test_thinking_and_no_answer(simulator: Simulator) -> None:
    sent = {**SENT, "stream_options": {"include_usage": True}}
    *chunks, last = ask(simulator, sent, X_Sim_Fault="thinking-only").chunks
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert [d["reasoning_content"] for d in deltas] == ["", "Hm.", None]
    assert not any(d["content"] for d in deltas)
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert last["usage"]["completion_tokens"] == 0
    assert last["usage"]["completion_tokens_details"] == {"reasoning_tokens": 0}


def test_no_thinking_at_all_stays_none(simulator: Simulator) -> None:
    sent = {**SENT, "enable_thinking": False, "stream_options": {"include_usage": True}}
    for fault in ("thinking-only", "stray-think"):
        text = ask(simulator, sent, X_Sim_Fault=fault).body
        assert b"reasoning" not in text
        assert b"</think>" not in text


def test_a_stray_tag(simulator: Simulator) -> None:
    chunks = ask(simulator, SENT, X_Sim_Fault="stray-think").chunks
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert "".join(d["content"] or "" for d in deltas) == "Hm.</think>\n\nHi!"
    assert {d["reasoning_content"] for d in deltas} == {"", None}


def test_the_page_of_a_proxy(simulator: Simulator) -> None:
    answer = ask(simulator, SENT, X_Sim_Fault="html-502")
    assert answer.status == 502
    assert answer.headers["content-type"] == "text/html"
    assert answer.headers["x-glm-simulator"] == "1"
    assert answer.body.startswith(b"<html>")


def test_a_status(simulator: Simulator) -> None:
    answer = ask(simulator, SENT, X_Sim_Fault="status:429:Throttling.BurstRate")
    assert answer.status == 429
    assert answer.error["code"] == "limit_burst_rate"
    assert answer.json["request_id"] == answer.headers["x-request-id"]
    assert "retry-after" not in answer.headers


# Combinations, rules, and mistakes.


def test_faults_are_applied_in_their_order(simulator: Simulator) -> None:
    with open_socket(simulator, SENT, "error-after:1, cut:1") as connection:
        assert b'"error"' not in read_to_end(connection)
    assert b'"error"' in ask(simulator, SENT, X_Sim_Fault="cut:1, error-after:1").body


def test_faults_of_different_stages_go_together(simulator: Simulator) -> None:
    with open_socket(simulator, SENT, "cut:3,stray-think,one-byte") as connection:
        _, chunks, ended = split_chunks(read_to_end(connection))
    assert not ended
    assert {len(chunk) for chunk in chunks} == {1}
    _, second, _ = events_of(b"".join(chunks))
    assert b'"content":"Hm' in second


def test_a_rule_breaks_only_what_it_matches() -> None:
    rules = (Rule(match="Hello", fault=["status:429", "one-byte"]), Rule(answer="Hi!"))
    with Simulator(Scenario(rules=rules), tokens_per_s=0, first_token_s=0) as simulator:
        assert ask(simulator, body("Hello")).status == 429
        assert ask(simulator, body("Bye")).status == 200


@pytest.mark.parametrize("fault", ["error-after:0", "restart:0"])
def test_what_only_a_stream_can_do_leaves_another_reply_alone(
    simulator: Simulator, fault: str
) -> None:
    answer = ask(simulator, body("Hello"), X_Sim_Fault=fault)
    assert answer.json["choices"][0]["message"]["content"] == "Hi!"


@pytest.mark.parametrize("fault", ["cut:0", "cut-close:0"])
def test_a_reply_that_is_not_streamed_is_cut_too(simulator: Simulator, fault: str) -> None:
    with open_socket(simulator, body("Hello"), fault) as connection:
        head, _, text = read_to_end(connection).partition(b"\r\n\r\n")
    assert text == b""
    assert (b"Content-Length: " in head) == (fault == "cut:0")


def test_tool_calls_can_be_broken_too(simulator: Simulator) -> None:
    sent = body("call Oslo", stream=True, tools=[WEATHER], tool_stream=True)
    answer = ask(simulator, sent, X_Sim_Fault="no-finish")
    assert b'"tool_calls":[' in answer.body
    assert b'"finish_reason":"tool_calls"' not in answer.body


MISTAKES = {
    "nonsense": "No fault is called 'nonsense'; those that exist: python -m glm_notebook.simulator"
    " --faults.",
    "cuts:1": "No fault is called 'cuts'; did you mean 'cut'? All of them: python -m"
    " glm_notebook.simulator --faults.",
    "cut": "The fault is written cut:k.",
    "cut:1:2": "The fault is written cut:k.",
    "cut:-1": "The fault is written cut:k: '-1' is not a whole number.",
    "cut:x": "The fault is written cut:k: 'x' is not a whole number.",
    "stall:1:soon": "The fault is written stall:k[:seconds]: 'soon' is not a number of seconds.",
    "stall:1:nan": "The fault is written stall:k[:seconds]: 'nan' is not a number of seconds.",
    "error-after:1:Nothing": "The fault is written error-after:k[:code]: No documented error has"
    " the code 'Nothing'.",
}


@pytest.mark.parametrize("fault", MISTAKES)
def test_a_mistake_in_a_rule_is_found_when_it_is_written(fault: str) -> None:
    with pytest.raises(ValueError, match="fault") as raised:
        Rule(fault=f"one-byte, {fault}")
    assert str(raised.value) == MISTAKES[fault]


def test_a_mistake_in_the_header_is_answered(simulator: Simulator) -> None:
    answer = ask(simulator, SENT, X_Sim_Fault="nonsense")
    assert answer.status == 400
    assert answer.error["code"] == "SimulatorError"
    assert answer.error["message"] == MISTAKES["nonsense"]


def test_every_fault_says_how_it_is_written() -> None:
    usages = [fault.usage for fault in known_faults()]
    assert len(usages) == len(set(usages))
    assert {"cut:k", "error-after:k[:code]", "stall:k[:seconds]", "one-byte"} <= set(usages)
    assert "fail-first:n:status[:code]" in usages
    assert all(fault.summary.endswith(".") for fault in known_faults())


def test_no_fault() -> None:
    assert parse_faults("") == parse_faults(" , ") == parse_faults(()) == []


def test_a_client_that_goes_away_is_noticed() -> None:
    """In the middle of a reply at a pace, and before its first byte."""
    rules = (
        Rule("slow", answer="word " * 500, tokens_per_s=20, first_token_s=0),
        Rule("late", answer="word", first_token_s=1000),
    )
    with Simulator(Scenario(rules=rules)) as simulator:
        connection = open_socket(simulator, body("slow", stream=True))
        read_until(connection, b"word")
        connection.close()
        simulator.wait_until(lambda requests: requests[-1].state == "left")
        connection = open_socket(simulator, body("late", stream=True))
        simulator.wait_until(lambda requests: len(requests) == 2)
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()
        simulator.wait_until(lambda requests: requests[-1].state == "left")
