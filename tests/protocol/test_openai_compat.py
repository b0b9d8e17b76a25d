from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from glm_notebook.errors import ProtocolError
from glm_notebook.messages import Message, Request, ToolCall
from glm_notebook.protocol.base import Decoder, WireProtocol
from glm_notebook.protocol.deltas import Delta, FinishDelta, TextDelta
from glm_notebook.protocol.openai_compat import OpenAICompatible
from tests.protocol.captures import Capture, captures, joined

CAPTURES = captures("openai")
ALL = pytest.mark.parametrize("capture", CAPTURES.values(), ids=CAPTURES.keys())

EXHAUSTIVE_BYTES = 1_200
"""Longest body that is cut in two at every place; longer ones are cut at random."""
CUTS = 1_000
BIG_CUTS = 20
"""For a body that takes long to decode at all."""


@dataclass
class Outcome:
    deltas: list[Delta]
    finished: bool
    error: str | None


def decode(pieces: Iterable[bytes], max_event_bytes: int) -> Outcome:
    """Decode as a client does: until the decoder is done, and with its error after what came before it."""
    decoder = OpenAICompatible().decoder(max_event_bytes)
    deltas: list[Delta] = []
    error = None
    try:
        for piece in pieces:
            if not decoder.done:
                deltas += decoder.feed(piece)
        deltas += decoder.close()
        assert decoder.done
    except ProtocolError as raised:
        error = raised.message
    return Outcome(joined(deltas), decoder.finished, error)


def expected(capture: Capture) -> Outcome:
    return Outcome(joined(capture.deltas), capture.finished, capture.error)


def two_way_cuts(body: bytes) -> Iterator[list[bytes]]:
    n = len(body)
    places: Iterable[int] = range(n + 1)
    if n > EXHAUSTIVE_BYTES:
        draw = random.Random(n)  # noqa: S311 - a seed makes a failure come again
        places = [draw.randrange(n) for _ in range(CUTS if n < 20_000 else BIG_CUTS)]
    return ([body[:at], body[at:]] for at in places)


def random_pieces(body: bytes, draw: random.Random) -> list[bytes]:
    places = sorted(draw.randrange(len(body) + 1) for _ in range(draw.randrange(1, 12)))
    return [body[a:b] for a, b in zip([0, *places], [*places, len(body)], strict=True)]


@ALL
def test_a_body_in_one_piece_gives_its_deltas(capture: Capture) -> None:
    assert decode([capture.body], capture.max_event_bytes) == expected(capture)


@ALL
def test_a_body_byte_by_byte_gives_the_same(capture: Capture) -> None:
    pieces = (bytes([byte]) for byte in capture.body)
    assert decode(pieces, capture.max_event_bytes) == expected(capture)


@ALL
def test_a_body_cut_in_two_anywhere_gives_the_same(capture: Capture) -> None:
    for pieces in two_way_cuts(capture.body):
        assert decode(pieces, capture.max_event_bytes) == expected(capture), len(pieces[0])


@ALL
def test_a_body_in_any_pieces_gives_the_same(capture: Capture) -> None:
    draw = random.Random(capture.name)  # noqa: S311
    for _ in range(20):
        pieces = random_pieces(capture.body, draw)
        assert decode(pieces, capture.max_event_bytes) == expected(capture), pieces


def test_every_case_of_the_protocol_notes_has_a_capture() -> None:
    elsewhere = {
        11,  # compression is httpx' business: the request asks for none, see below
        25,  # linear time: test_sse.py
    }
    numbered = {int(name[:2]) for name in CAPTURES if name[:2].isdigit()}
    assert numbered | elsewhere == set(range(1, 36))


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


def test_the_seams_fit() -> None:
    protocol: WireProtocol = OpenAICompatible()
    decoder: Decoder = protocol.decoder()
    assert (protocol.name, decoder.finished) == ("openai", False)


def encoded(request: Request) -> dict[str, Any]:
    body = json.loads(OpenAICompatible().encode(request).body)
    assert isinstance(body, dict)
    return body


def test_a_request_says_only_what_was_set() -> None:
    assert encoded(Request("glm-5", (Message("user", "你好"),))) == {
        "model": "glm-5",
        "messages": [{"role": "user", "content": "你好"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_a_request_says_all_that_was_set() -> None:
    settings: dict[str, Any] = {
        "thinking_budget": 9,
        "max_tokens": 8,
        "temperature": 0.0,
        "top_p": 0.5,
        "top_k": 3,
        "repetition_penalty": 1.1,
        "seed": 0,
    }
    request = Request(
        "glm-5", (), thinking=False, stop=("\n",), extra={"tool_stream": True}, **settings
    )
    assert encoded(request) == {
        "model": "glm-5",
        "messages": [],
        "stream": True,
        "stream_options": {"include_usage": True},
        "enable_thinking": False,
        "stop": ["\n"],
        "tool_stream": True,
        **settings,
    }


def test_history_is_sent_with_its_calls_and_without_its_thinking() -> None:
    asked = Message(
        "assistant", "", thinking="Hm", tool_calls=(ToolCall("call_1", "f", '{"a": 1}'),)
    )
    answered = Message("tool", "7", tool_call_id="call_1")
    assert encoded(Request("glm-5", (asked, answered)))["messages"] == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "f", "arguments": '{"a": 1}'},
                }
            ],
        },
        {"role": "tool", "content": "7", "tool_call_id": "call_1"},
    ]


def test_a_lone_surrogate_in_a_prompt_can_be_sent() -> None:
    assert encoded(Request("glm-5", (Message("user", "a\ud83d"),)))["messages"][0]["content"] == (
        "a?"
    )


def test_a_stream_is_asked_for_uncompressed() -> None:
    request = OpenAICompatible().encode(Request("glm-5", ()))
    assert request.path == "/chat/completions"
    assert dict(request.headers)["accept-encoding"] == "identity"
