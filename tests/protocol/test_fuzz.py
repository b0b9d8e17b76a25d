"""Whatever comes, a decoder gives deltas or one `ProtocolError`, in time and memory that the input bounds."""

from __future__ import annotations

import json
import random
import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from glm_notebook.errors import ProtocolError
from glm_notebook.events import fold
from glm_notebook.protocol.dashscope import FrameDecoder
from glm_notebook.protocol.deltas import (
    Delta,
    ErrorDelta,
    ErrorInfo,
    FinishDelta,
    NoteDelta,
    ResponseStarted,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
)
from glm_notebook.protocol.jsontext import parse
from glm_notebook.protocol.sse import SSEParser
from glm_notebook.protocol.stream import StreamDecoder
from glm_notebook.protocol.turn import TurnState
from tests.protocol.captures import DECODERS, Capture, captures, joined
from tests.protocol.turns import INFO

CAP = 2_000
SPOILT: list[Capture] = [
    one for protocol in DECODERS for one in captures(protocol).values() if len(one.body) < CAP
]
BODIES = [one.body for one in SPOILT]
BOTH = pytest.mark.parametrize("make", DECODERS.values(), ids=DECODERS.keys())
MakeDecoder = Callable[[int], StreamDecoder]
MUTATIONS: list[Callable[[bytes, random.Random], bytes]] = [
    lambda body, draw: body[: draw.randrange(len(body) + 1)],
    lambda body, draw: body[draw.randrange(len(body) + 1) :],
    lambda body, draw: _put(body, draw, bytes([draw.randrange(256)])),
    lambda body, draw: _put(
        body, draw, draw.choice((b"\n\n", b"\r", b"data: {", b'"', b"\\ud83d"))
    ),
    lambda body, draw: _put(body, draw, draw.choice(BODIES)),
    lambda body, draw: _replace(body, draw, b"null", (b"{}", b"[]", b"-1", b'""', b"NaN", b"true")),
    lambda body, draw: _replace(body, draw, b'"', (b"", b"[", b"\x00")),
    lambda body, draw: body.replace(b"content", draw.choice((b"tool_calls", b"id", b"error"))),
    lambda body, draw: body.replace(b"STATUS/200", draw.choice((b"STATUS/500", b"STATUS/", b"X"))),
]


def _put(body: bytes, draw: random.Random, new: bytes) -> bytes:
    at = draw.randrange(len(body) + 1)
    return body[:at] + new + body[at:]


def _replace(body: bytes, draw: random.Random, old: bytes, news: tuple[bytes, ...]) -> bytes:
    return body.replace(old, draw.choice(news), draw.randrange(1, 4))


def mutated(body: bytes, seed: int) -> bytes:
    draw = random.Random(seed)  # noqa: S311 - the seed is hypothesis'
    for _ in range(draw.randrange(1, 5)):
        body = draw.choice(MUTATIONS)(body, draw)
    return body


def decode(make: MakeDecoder, pieces: Iterable[bytes]) -> tuple[list[Delta], bool, str]:
    decoder = make(CAP)
    deltas: list[Delta] = []
    try:
        for piece in pieces:
            deltas += decoder.feed(piece)
        deltas += decoder.close()
    except ProtocolError as error:
        return joined(deltas), decoder.finished, error.message
    return joined(deltas), decoder.finished, ""


def check(make: MakeDecoder, body: bytes) -> None:
    """Decode whole and in pieces, and take the turn that comes of it to its end."""
    whole = decode(make, [body])
    assert decode(make, (bytes([byte]) for byte in body)) == whole
    third = len(body) // 3
    assert decode(make, [body[:third], body[third:]]) == whole
    for delta in whole[0]:
        check_text(delta)
    state = TurnState(INFO)
    empty = state.snapshot()
    events = [event for delta in whole[0] for event in state.apply(delta, 1.0)]
    events += state.finish("complete", 2.0)
    assert fold(empty, events) == state.snapshot()
    str(state.snapshot()).encode()


def check_text(delta: Delta) -> None:
    """See that a page could be sent the delta, and that it says something."""
    match delta:
        case TextDelta(text) | ThinkingDelta(text):
            assert text
            text.encode()
        case ToolCallDelta(_, id_, name, _):
            (id_ + name).encode()
        case ResponseStarted(id_, model):
            assert id_
            (id_ + model).encode()
        case FinishDelta(text) | NoteDelta(text):
            assert text
            text.encode()
        case ErrorDelta(ErrorInfo(_, code, message, request_id)):
            (code + message + request_id).encode()


@BOTH
@given(body=st.binary(max_size=400))
def test_fuzz_any_bytes_decode_or_are_a_protocol_error(make: MakeDecoder, body: bytes) -> None:
    check(make, body)


@given(st.sampled_from(SPOILT), st.integers(0))
@example(SPOILT[0], 0)
def test_fuzz_a_spoilt_capture_decodes_or_is_a_protocol_error(capture: Capture, seed: int) -> None:
    check(lambda cap: replace(capture, max_event_bytes=cap).decoder(), mutated(capture.body, seed))


@given(st.sampled_from(BODIES), st.integers(0))
def test_fuzz_the_wrong_protocol_decodes_or_is_a_protocol_error(body: bytes, seed: int) -> None:
    for make in DECODERS.values():
        check(make, mutated(body, seed))


KEYS = [
    "choices",
    "delta",
    "message",
    "output",
    "request_id",
    "content",
    "reasoning",
    "reasoning_content",
    "reasoning_details",
    "tool_calls",
    "function",
    "arguments",
    "name",
    "id",
    "index",
    "type",
    "text",
    "thinking",
    "finish_reason",
    "usage",
    "prompt_tokens",
    "input_tokens",
    "output_tokens_details",
    "error",
    "code",
    "model",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)
CHUNK = st.fixed_dictionaries(
    {"choices": st.lists(st.fixed_dictionaries({"delta": JSON, "finish_reason": JSON}), max_size=2)}
)
FRAME = st.fixed_dictionaries(
    {
        "output": st.fixed_dictionaries(
            {
                "choices": st.lists(
                    st.fixed_dictionaries({"message": JSON, "finish_reason": JSON}), max_size=2
                )
            }
        ),
        "usage": JSON,
    }
)


@BOTH
@given(values=st.lists(JSON | CHUNK | FRAME, max_size=4))
def test_fuzz_any_json_decodes(make: MakeDecoder, values: list[object]) -> None:
    check(make, b"".join(f"data: {json.dumps(value)}\n\n".encode() for value in values))


@given(st.lists(JSON | FRAME, max_size=4))
def test_fuzz_any_json_decodes_where_frames_repeat(values: list[object]) -> None:
    body = b"".join(f"data:{json.dumps(value)}\n\n".encode() for value in values)
    check(partial(FrameDecoder, cumulative=True), body)


@given(st.binary(max_size=300), st.integers(1, 50))
def test_fuzz_the_parser_takes_any_bytes(body: bytes, cap: int) -> None:
    parser = SSEParser(cap)
    try:
        for byte in body:
            parser.feed(bytes([byte]))
        parser.close()
    except ProtocolError:
        return


ENDLESS = {
    "a line": b"data: " + b"x" * 1_018,
    "a line of another field": b"x" * 1_024,
    "lines of one event": b"data: x\n" * 128,
    "lines without a colon": b"data\n" * 200,
    "empty lines of data": b"data:\n" * 170,
    "a plain body": b"[" * 1_024,
    "comments": b": ping\n\n" * 128,
    "blank lines": b"\n \r" * 340,
    "a comment": b":" * 1_024,
    "lines of a frame without data": b"id:1\nevent:result\n:HTTP_STATUS/200\n" * 28,
    "events without content": b'data: {"choices":[]}\n\n' * 46,
    "white space as text": b'data: {"choices":[{"delta":{"content":"\\n"}}]}\n\n' * 21,
    "frames without content": b'data:{"output":{"choices":[]},"usage":{"input_tokens":1}}\n\n' * 18,
    "frames of white space": b'data:{"output":{"choices":[{"message":{"content":"\\n"}}]}}\n\n'
    * 17,
}


@BOTH
@pytest.mark.parametrize("piece", ENDLESS.values(), ids=ENDLESS.keys())
def test_what_never_ends_is_held_up_to_the_cap(make: MakeDecoder, piece: bytes) -> None:
    """Feed 4 MB to a decoder whose cap is 64 kB."""
    cap = 64 * 1024
    decoder = make(cap)
    tracemalloc.start()
    try:
        for _ in range(4_096):
            decoder.feed(piece)
    except ProtocolError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 16 * cap


@BOTH
def test_an_event_that_holds_many_others_is_tried_a_bounded_number_of_times(
    make: MakeDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    def counted(text: str) -> object:
        tried.append(len(text))
        return parse(text)

    monkeypatch.setattr("glm_notebook.protocol.stream.parse", counted)
    make(1_000_000).feed(b"data: " + b"data: {" * 50_000 + b"\n\n")
    assert len(tried) < 12
