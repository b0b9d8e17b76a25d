"""Prepared streams: the bytes that the benchmarks read, in the dress of both protocols.

Two thirds of the events are thinking. Source: the frames of the protocol notes, 3.2 and 4.2.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

PIECE_BYTES = 16 * 1024
WORDS = (
    "The user",
    " asks",
    " about",
    " light",
    "，散射",
    "与波长的",
    "四次方成反比",
    ".\n\n",
    "`x`",
    " so",
)

Pieces: TypeAlias = Sequence[bytes]


def _words(n: int) -> Iterable[tuple[str, bool]]:
    """Return each word, and whether it is thinking."""
    return ((WORDS[i % len(WORDS)], i < 2 * n // 3) for i in range(n))


def said(n: int) -> tuple[str, str]:
    """Return the thinking and the answer that a stream of n words has to give."""
    thoughts = "".join(word for word, thinking in _words(n) if thinking)
    return thoughts, "".join(word for word, thinking in _words(n) if not thinking)


def openai_stream(n: int) -> list[bytes]:
    """Return n words as events of the OpenAI-compatible protocol, its usage and its end."""
    events = []
    for word, thinking in _words(n):
        delta = {
            "content": None if thinking else word,
            "reasoning_content": word if thinking else None,
        }
        events.append(
            _chunk([{"finish_reason": None, "logprobs": None, "delta": delta, "index": 0}])
        )
    delta = {"content": "", "reasoning_content": None}
    events.append(_chunk([{"finish_reason": "stop", "delta": delta, "index": 0, "logprobs": None}]))
    events.append(_chunk([], {"prompt_tokens": 9, "completion_tokens": n, "total_tokens": n + 9}))
    return [*events, b"data: [DONE]\n\n"]


def _chunk(choices: list[dict[str, Any]], usage: dict[str, int] | None = None) -> bytes:
    chunk = {
        "choices": choices,
        "object": "chat.completion.chunk",
        "usage": usage,
        "created": 1770000000,
        "system_fingerprint": None,
        "model": "glm-5",
        "id": "chatcmpl-0c1d3f5a-7b9c-4d2e-8f60-a1b2c3d4e5f6",
    }
    return f"data: {_json(chunk)}\n\n".encode()


def native_stream(n: int) -> list[bytes]:
    """Return n words as frames of the native protocol, each with its usage, and the frame that ends them."""
    frames = []
    thought = 0
    for count, (word, thinking) in enumerate(_words(n), start=1):
        thought += thinking
        message = {
            "content": "" if thinking else word,
            "reasoning_content": word if thinking else "",
            "role": "assistant",
        }
        frames.append(_frame(count, message, "null", (count, thought)))
    message = {"content": "", "reasoning_content": "", "role": "assistant"}
    return [*frames, _frame(n + 1, message, "stop", (n, thought))]


def _frame(number: int, message: Mapping[str, Any], reason: str, tokens: tuple[int, int]) -> bytes:
    output, thinking = tokens
    frame = {
        "output": {"choices": [{"message": message, "finish_reason": reason}]},
        "usage": {
            "total_tokens": 9 + output,
            "output_tokens": output,
            "input_tokens": 9,
            "output_tokens_details": {"reasoning_tokens": thinking},
        },
        "request_id": "6f0f3f5a-7b9c-4d2e-8f60-a1b2c3d4e5f6",
    }
    return f"id:{number}\nevent:result\n:HTTP_STATUS/200\ndata:{_json(frame)}\n\n".encode()


def large_event(protocol: str, size: int) -> bytes:
    """Return one event with an answer as long as makes it ``size`` bytes."""
    before, after = LARGE[protocol]
    return b"".join((before, b"x" * (size - len(before) - len(after)), after))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def in_pieces(body: bytes, size: int = PIECE_BYTES) -> list[bytes]:
    """Cut a body into pieces that know nothing of events."""
    return [body[at : at + size] for at in range(0, len(body), size)]


STREAMS: Mapping[str, Callable[[int], list[bytes]]] = {
    "openai": openai_stream,
    "dashscope": native_stream,
}
"""By the name of the protocol."""
LARGE = {
    "openai": (b'data: {"choices":[{"delta":{"content":"', b'"},"finish_reason":"stop"}]}\n\n'),
    "dashscope": (
        b'id:1\nevent:result\n:HTTP_STATUS/200\ndata:{"output":{"choices":[{"message":{"content":"',
        b'"},"finish_reason":"stop"}]}}\n\n',
    ),
}
