from __future__ import annotations

import json
from typing import Any

import pytest

from glm_notebook.errors import ProtocolError
from glm_notebook.messages import Message, Request, ToolSpec, Usage
from glm_notebook.protocol.base import Decoder, WireProtocol
from glm_notebook.protocol.dashscope import DashScope
from glm_notebook.protocol.deltas import (
    ErrorDelta,
    FinishDelta,
    ResponseStarted,
    TextDelta,
    UsageDelta,
)
from glm_notebook.protocol.stream import USAGE_EVERY


def frame(text: str, reason: str = "null", tokens: int = 0) -> bytes:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": reason}
    usage = {"usage": {"output_tokens": tokens}} if tokens else {}
    value = {"output": {"choices": [choice]}, **usage, "request_id": "r1"}
    return f"id:1\nevent:result\n:HTTP_STATUS/200\ndata:{json.dumps(value)}\n\n".encode()


STARTED = ResponseStarted("r1", "")


def used(tokens: int) -> UsageDelta:
    return UsageDelta(Usage(output_tokens=tokens))


def test_of_many_usages_only_some_are_told_until_the_last() -> None:
    decoder = DashScope().decoder()
    assert decoder.feed(frame("a", tokens=1) + frame("b", tokens=2)) == [STARTED, TextDelta("ab")]
    told = [decoder.feed(frame("c", tokens=n)) for n in range(3, 2 * USAGE_EVERY + 3)]
    after = [at for at, deltas in enumerate(told, 3) if deltas != [TextDelta("c")]]
    assert after == [USAGE_EVERY, 2 * USAGE_EVERY]
    assert told[USAGE_EVERY - 3] == [TextDelta("c"), used(USAGE_EVERY)]
    assert decoder.feed(frame("", "stop", tokens=70)) == [FinishDelta("stop"), used(70)]
    assert decoder.feed(frame("", "stop", tokens=71)) == [used(71)]
    assert decoder.close() == []


def test_usage_is_told_at_the_end_of_a_body_that_was_cut() -> None:
    decoder = DashScope().decoder()
    assert decoder.feed(frame("a", tokens=1)) == [STARTED, TextDelta("a")]
    assert decoder.close() == [used(1)]
    assert not decoder.finished


def test_usage_is_told_though_the_stream_breaks_in_the_same_piece() -> None:
    decoder = DashScope().decoder(300)
    piece = frame("a", tokens=1) + b"data:" + b"x" * 300
    assert decoder.feed(piece) == [STARTED, TextDelta("a"), used(1)]
    with pytest.raises(ProtocolError):
        decoder.close()


def test_an_answer_goes_on_after_its_end_until_the_connection_closes() -> None:
    decoder = DashScope().decoder()
    decoder.feed(frame("a", "stop"))
    assert (decoder.finished, decoder.done) == (True, False)
    assert decoder.close() == []
    assert decoder.done


def test_an_error_ends_the_stream() -> None:
    decoder = DashScope().decoder()
    deltas = decoder.feed(b'event:error\n:HTTP_STATUS/429\ndata:{"code":"Throttling"}\n\n')
    assert isinstance(deltas[0], ErrorDelta)
    assert (deltas[0].info.status, deltas[0].info.code) == (429, "Throttling")
    assert (decoder.finished, decoder.done) == (False, True)
    assert decoder.feed(frame("a")) == []


def test_the_seams_fit() -> None:
    protocol: WireProtocol = DashScope()
    decoder: Decoder = protocol.decoder()
    assert (protocol.name, decoder.finished) == ("dashscope", False)


def encoded(request: Request) -> dict[str, Any]:
    body = json.loads(DashScope().encode(request).body)
    assert isinstance(body, dict)
    return body


def test_a_request_says_only_what_was_set_and_what_thinking_needs() -> None:
    assert encoded(Request("glm-5", (Message("user", "你好"),))) == {
        "model": "glm-5",
        "input": {"messages": [{"role": "user", "content": "你好"}]},
        "parameters": {"result_format": "message", "incremental_output": True},
    }


def test_everything_that_was_set_is_a_parameter() -> None:
    request = Request(
        "glm-5",
        (),
        thinking=True,
        thinking_budget=9,
        temperature=0.0,
        json_mode=True,
        tools=(ToolSpec("f"),),
        tool_choice="f",
        tool_stream=True,
        keep_thinking=False,
        extra={"incremental_output": False, "new": 1},
    )
    body = encoded(request)
    assert body.keys() == {"model", "input", "parameters"}
    assert body["parameters"].pop("tools")[0]["function"]["name"] == "f"
    assert body["parameters"] == {
        "result_format": "message",
        "incremental_output": False,
        "enable_thinking": True,
        "thinking_budget": 9,
        "temperature": 0.0,
        "response_format": {"type": "json_object"},
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "tool_stream": True,
        "clear_thinking": True,
        "new": 1,
    }


def test_a_stream_is_asked_for_by_a_header() -> None:
    request = DashScope().encode(Request("glm-5", ()))
    assert request.path == "/services/aigc/text-generation/generation"
    assert dict(request.headers) == {
        "content-type": "application/json",
        "accept": "text/event-stream",
        "x-dashscope-sse": "enable",
        "accept-encoding": "identity",
    }


def test_without_a_stream_there_is_no_such_header_and_the_same_body() -> None:
    streamed, plain = (DashScope().encode(Request("glm-5", (), stream=on)) for on in (True, False))
    assert plain.body == streamed.body
    assert dict(plain.headers) == {
        "content-type": "application/json",
        "accept": "application/json",
        "accept-encoding": "identity",
    }
