"""Faults of framing and of bytes: what the standard allows must read the same, the rest must not."""

from __future__ import annotations

import gzip
import json

import pytest

from glm_notebook.simulator import Simulator

from .faulty import SCENARIO, Protocol
from .wire import (
    Answer,
    ask,
    body,
    open_socket,
    parse_events,
    read_to_end,
    read_until,
    split_chunks,
)


def payloads(answer: Answer) -> list[object]:
    return [json.loads(data) if data != "[DONE]" else data for _, data in answer.events]


@pytest.mark.parametrize(
    "fault", ["no-space", "space", "data-lines", "comments", "other-fields", "crlf", "cr"]
)
def test_what_the_standard_allows_reads_the_same(protocol: Protocol, fault: str) -> None:
    plain, broken = protocol.ask("long"), protocol.ask("long", fault)
    assert payloads(broken) == payloads(plain)
    changes = (fault == "no-space") != protocol.is_native or fault not in ("no-space", "space")
    assert (broken.body != plain.body) == changes


def test_the_space_after_the_colon(protocol: Protocol) -> None:
    with_space, without = protocol.ask(fault="space").body, protocol.ask(fault="no-space").body
    assert with_space.count(b"\ndata: ") + with_space.startswith(b"data: ") >= 3
    assert b"data:{" not in with_space
    assert b"data: " not in without
    if protocol.is_native:
        assert with_space.startswith(b"id: 1\nevent: result\n:HTTP_STATUS/200\ndata: {")


def test_several_lines_of_data(protocol: Protocol) -> None:
    answer = protocol.ask(fault="data-lines")
    assert answer.body.count(b"data:") > 20
    head, data = answer.events[0]
    assert "\n" in data
    assert head == (["id:1", "event:result", ":HTTP_STATUS/200"] if protocol.is_native else [])


def test_comments(protocol: Protocol) -> None:
    text = protocol.ask(fault="comments").body
    for comment in (b": ping", b": keep-alive", b":HTTP_STATUS/200", b": OPENROUTER PROCESSING"):
        assert b"\n" + comment + b"\n" in b"\n" + text
    assert b": among the lines\n" in text


def test_other_fields(protocol: Protocol) -> None:
    for number, (head, _) in enumerate(protocol.ask(fault="other-fields").events, start=1):
        assert head[0] == f"id: {number}"
        assert head[-4:] == ["retry: 3000", "status:200", "unknown: field", "unknown"]


def test_line_ends(protocol: Protocol) -> None:
    crlf = protocol.ask(fault="crlf").body
    assert crlf.count(b"\n") == crlf.count(b"\r") == crlf.count(b"\r\n") > 0
    cr = protocol.ask(fault="cr").body
    assert b"\n" not in cr
    assert cr.endswith(b"\r\r")


def test_cr_and_lf_come_apart() -> None:
    with (
        Simulator(SCENARIO, tokens_per_s=0, first_token_s=0) as simulator,
        open_socket(simulator, body("Hello", stream=True), "crlf, one-byte") as connection,
    ):
        read = read_until(connection, b"\r\n0\r\n\r\n")
    _, chunks, ended = split_chunks(read)
    assert ended
    assert {b"\r", b"\n"} <= set(chunks)
    assert parse_events(b"".join(chunks))[-1] == ([], "[DONE]")


def test_a_byte_order_mark(protocol: Protocol) -> None:
    plain = protocol.ask().body
    assert protocol.ask(fault="bom").body == b"\xef\xbb\xbf" + plain


@pytest.mark.parametrize("stream", [False, True])
def test_blank_lines_first(protocol: Protocol, stream: bool) -> None:
    plain = protocol.ask(stream=stream).body
    broken = protocol.ask(fault="blank-lines", stream=stream).body
    assert broken == b"\n\n  \n\n" + plain


@pytest.mark.parametrize("stream", [False, True])
def test_compressed(protocol: Protocol, stream: bool) -> None:
    answer = protocol.ask("long", "gzip", stream=stream)
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answer.body) == protocol.ask("long", stream=stream).body


@pytest.mark.parametrize("fault", ["gzip", "blank-lines", "bom", "odd-json"])
def test_the_length_is_that_of_what_is_sent(fault: str) -> None:
    with Simulator(SCENARIO, tokens_per_s=0, first_token_s=0) as simulator:
        answer = ask(simulator, body("Hello"), X_Sim_Fault=fault)
        assert int(answer.headers["content-length"]) == len(answer.body)
        refused = ask(simulator, body("Hello"), X_Sim_Fault=f"status:400, {fault}")
        assert int(refused.headers["content-length"]) == len(refused.body)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "value", ["text/plain", "application/json", "text/event-stream;charset=ISO-8859-1"]
)
def test_another_content_type(protocol: Protocol, stream: bool, value: str) -> None:
    answer = protocol.ask("long", f"content-type:{value}", stream=stream)
    assert answer.headers["content-type"] == value
    assert answer.body == protocol.ask("long", stream=stream).body


@pytest.mark.parametrize("stream", [False, True])
def test_odd_json(protocol: Protocol, stream: bool) -> None:
    text = protocol.ask(fault="odd-json", stream=stream).body
    assert text.count(b'{"odd":1,"odd":123456789') == (text.count(b"data:") or 1) - (
        not protocol.is_native and stream  # [DONE] is none
    )
    assert b'"odder":NaN,' in text


def test_what_json_forbids(protocol: Protocol) -> None:
    answer = protocol.ask(fault="raw-controls")
    assert b'"content":"\x0b\x0cHi!"' in answer.body
    assert b'"reasoning_content":"\x0b\x0cHm."' in answer.body
    loose = [json.loads(data, strict=False) for _, data in answer.events if data[0] == "{"]
    assert len(loose) >= 3
    with pytest.raises(json.JSONDecodeError):
        _ = answer.frames


def test_what_is_no_utf8(protocol: Protocol) -> None:
    text = protocol.ask(fault="bad-utf8").body
    assert b'"content":"\xffHi!"' in text
    assert b'"content":""' in text or b'"content":null' in text
    with pytest.raises(UnicodeDecodeError):
        text.decode()


def test_a_connection_that_ends_before_it_says_anything() -> None:
    with Simulator(SCENARIO, tokens_per_s=0, first_token_s=0) as simulator:
        for sent in (body("Hello"), body("Hello", stream=True)):
            with open_socket(simulator, sent, "hang-up") as connection:
                assert read_to_end(connection) == b""
        simulator.wait_until(lambda requests: requests[-1].state == "cut")


def test_faults_of_bytes_come_after_those_of_events(protocol: Protocol) -> None:
    answer = protocol.ask(fault="crlf, error-after:1")
    assert len(answer.events) == 2
    assert answer.body.count(b"\n") == answer.body.count(b"\r\n")
