from __future__ import annotations

import json
from typing import Any

import pytest

from glm_notebook import dialects
from glm_notebook.errors import ProtocolError
from glm_notebook.messages import Message, Request
from glm_notebook.protocol.base import Decoder, WireProtocol
from glm_notebook.protocol.deltas import ErrorDelta, ErrorInfo, FinishDelta, TextDelta
from glm_notebook.protocol.openai_compat import OpenAICompatible


def test_deltas_come_with_the_bytes_that_complete_them() -> None:
    decoder = OpenAICompatible().decoder()
    first = b'data: {"choices":[{"delta":{"content":"a"}}]}\n'
    assert decoder.feed(first) == []
    assert decoder.feed(b"\n" + first) == [TextDelta("a")]
    assert decoder.feed(b"\r") == [TextDelta("a")]
    assert decoder.close() == []


def test_the_end_is_known_before_the_body_ends() -> None:
    decoder = OpenAICompatible().decoder()
    decoder.feed(b'data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\n\n')
    assert (decoder.finished, decoder.done) == (True, False)
    decoder.feed(b"data: [DONE]\n\n")
    assert decoder.done


def test_nothing_comes_after_the_end_of_the_body() -> None:
    decoder = OpenAICompatible().decoder()
    decoder.feed(b'{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}')
    assert decoder.close() == [TextDelta("a"), FinishDelta("stop")]
    assert decoder.close() == []
    assert decoder.feed(b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n') == []


def test_junk_after_a_whole_answer_only_ends_it() -> None:
    decoder = OpenAICompatible().decoder(100)
    decoder.feed(b'data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\n\n')
    assert decoder.feed(b"x" * 101) == []
    assert decoder.done


def test_a_stream_that_failed_keeps_failing() -> None:
    decoder = OpenAICompatible().decoder(8)
    for again in (decoder.feed, decoder.feed, lambda _: decoder.close()):
        with pytest.raises(ProtocolError, match="larger than 8 bytes"):
            again(b"data: 123456789")


def test_an_error_waits_for_the_next_call_where_something_came_before_it() -> None:
    decoder = OpenAICompatible().decoder(60)
    event = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
    assert decoder.feed(event + b"data: " + b"x" * 99) == [TextDelta("a")]
    with pytest.raises(ProtocolError, match="larger than 60 bytes"):
        decoder.close()


def test_a_decoder_knows_the_endings_of_its_dialect() -> None:
    event = b'data: {"id":"c1","choices":[{"delta":{},"finish_reason":"sensitive"}]}\n\n'
    zai = OpenAICompatible(dialects.dialect("zai")).decoder()
    assert zai.feed(event)[-1] == ErrorDelta(ErrorInfo(None, "1301", "sensitive", "c1"))
    assert (zai.finished, zai.done) == (False, True)
    assert OpenAICompatible().decoder().feed(event)[-1] == FinishDelta("sensitive")


def test_the_seams_fit() -> None:
    protocol: WireProtocol = OpenAICompatible()
    decoder: Decoder = protocol.decoder()
    assert (protocol.name, decoder.finished) == ("openai", False)


def encoded(request: Request, dialect: str = "modelstudio") -> dict[str, Any]:
    body = json.loads(OpenAICompatible(dialects.dialect(dialect)).encode(request).body)
    assert isinstance(body, dict)
    return body


def test_a_request_says_only_what_was_set() -> None:
    assert encoded(Request("glm-5", (Message("user", "你好"),))) == {
        "model": "glm-5",
        "messages": [{"role": "user", "content": "你好"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_usage_is_asked_for_only_where_it_does_not_come_by_itself() -> None:
    assert encoded(Request("glm-5", ()), "zai") == {
        "model": "glm-5",
        "messages": [],
        "stream": True,
    }


def test_a_request_without_a_stream_says_nothing_of_one() -> None:
    request = Request("glm-5", (), stream=False)
    assert encoded(request) == {"model": "glm-5", "messages": []}
    headers = dict(OpenAICompatible().encode(request).headers)
    assert headers["accept"] == "application/json"


def test_extra_fields_come_last_and_at_the_top() -> None:
    extra = {"model": "other", "stream_options": {"x": 1}, "new": None}
    assert encoded(Request("glm-5", (), extra=extra)) == {
        "model": "other",
        "messages": [],
        "stream": True,
        "stream_options": {"include_usage": True, "x": 1},
        "new": None,
    }


def test_a_stream_is_asked_for_uncompressed() -> None:
    request = OpenAICompatible().encode(Request("glm-5", ()))
    assert request.path == "/chat/completions"
    assert dict(request.headers) == {
        "content-type": "application/json",
        "accept": "text/event-stream",
        "accept-encoding": "identity",
    }
