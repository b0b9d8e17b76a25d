from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

import httpx
import pytest

from glm_notebook.client import AsyncClient, Timeouts
from glm_notebook.errors import (
    APIError,
    AuthenticationError,
    ConfigError,
    ContentBlockedError,
    GLMError,
    ProtocolError,
    RateLimitError,
    StreamCutError,
    TransportError,
)
from glm_notebook.messages import Message, Request
from glm_notebook.protocol.deltas import (
    Delta,
    FinishDelta,
    NoteDelta,
    TextDelta,
    UsageDelta,
)
from glm_notebook.retry import RetryPolicy

KEY = "sk-0123456789abcdef"
ASK = Request("glm-5", (Message("user", "hi"),))
TEXT = b'data: {"id":"c1","choices":[{"index":0,"delta":{"content":"Hello"}}]}\n\n'
STOP = b'data: {"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
USAGE = b'data: {"id":"c1","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n'
DONE = b"data: [DONE]\n\n"


class Body(httpx.AsyncByteStream):
    """A body in pieces; an exception among them is raised, a future is waited for."""

    def __init__(self, *pieces: bytes | Exception | asyncio.Future[None]) -> None:
        self.pieces = pieces
        self.closed = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            if isinstance(piece, asyncio.Future):
                await piece
            else:
                yield piece

    async def aclose(self) -> None:
        self.closed.set()


ONCE = RetryPolicy(attempts=1)


def client_for(
    answer: Callable[[httpx.Request], httpx.Response],
    *,
    key: str | None = KEY,
    retry: RetryPolicy = ONCE,
) -> AsyncClient:
    return AsyncClient(
        key,
        base_url="https://glm.example/v1",
        dialect="modelstudio",
        retry=retry,
        transport=httpx.MockTransport(answer),
    )


def streaming(*pieces: bytes | Exception | asyncio.Future[None]) -> AsyncClient:
    return client_for(lambda request: httpx.Response(200, stream=Body(*pieces)))


async def collect(client: AsyncClient, request: Request = ASK) -> list[Delta]:
    return [delta async for batch in client.deltas(request) for delta in batch]


def test_an_answer_comes_as_deltas() -> None:
    deltas = asyncio.run(collect(streaming(TEXT, STOP, USAGE, DONE)))
    kinds = [type(delta) for delta in deltas]
    assert TextDelta("Hello") in deltas
    assert kinds[-2:] == [FinishDelta, UsageDelta]


def test_the_request_is_what_the_service_documents() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, stream=Body(TEXT, STOP, DONE))

    asked = Request("glm-5", (Message("user", "你好"),), thinking=True, max_tokens=5)
    asyncio.run(collect(client_for(answer), asked))
    (request,) = seen
    assert str(request.url) == "https://glm.example/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["accept-encoding"] == "identity"
    assert json.loads(request.content) == {
        "model": "glm-5",
        "messages": [{"role": "user", "content": "你好"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "enable_thinking": True,
        "max_tokens": 5,
    }


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, b'{"error":{"code":"invalid_api_key","message":"no"}}', AuthenticationError),
        (429, b'{"code":"Throttling","message":"slow down"}', RateLimitError),
        (
            400,
            b'data: {"error":{"code":"data_inspection_failed","message":"x"}}\n\n',
            ContentBlockedError,
        ),
        (502, b"<html><h1>502 Bad Gateway</h1></html>", APIError),
    ],
)
def test_a_refusal_is_one_exception(status: int, body: bytes, kind: type[APIError]) -> None:
    headers = {"x-request-id": "req-1", "retry-after": "7"}
    client = client_for(lambda request: httpx.Response(status, content=body, headers=headers))
    with pytest.raises(kind) as raised:
        asyncio.run(collect(client))
    error = raised.value
    assert (error.status, error.request_id, error.retry_after_s) == (status, "req-1", 7.0)
    assert error.remedy


BAD = b'data: {"error":{"code":"data_inspection_failed","message":"Output data may ..."}}\n\n'


@pytest.mark.parametrize(
    "pieces", [(TEXT, BAD), (TEXT + BAD,), (TEXT + BAD.rstrip(),)], ids=["two", "one", "unended"]
)
def test_an_error_inside_the_stream_is_an_error_and_what_came_before_is_kept(
    pieces: tuple[bytes, ...],
) -> None:
    client = streaming(*pieces)
    came: list[Delta] = []

    async def read() -> None:
        async for batch in client.deltas(ASK):
            came.extend(batch)

    with pytest.raises(ContentBlockedError):
        asyncio.run(read())
    assert TextDelta("Hello") in came


@pytest.mark.parametrize(
    "end", [(), (httpx.RemoteProtocolError("peer closed"),), (httpx.ReadError("reset"),)]
)
def test_a_body_that_ends_early_is_a_cut_stream(end: tuple[Exception, ...]) -> None:
    with pytest.raises(StreamCutError, match=r"glm\.example ended before the answer did"):
        asyncio.run(collect(streaming(TEXT, *end)))


def test_a_cut_after_the_models_end_is_none() -> None:
    deltas = asyncio.run(collect(streaming(TEXT, STOP, httpx.ReadError("reset"))))
    assert FinishDelta("stop") in deltas


def test_a_server_that_never_closes_does_not_hold_the_answer_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("glm_notebook.client.body.GRACE_S", 0.01)

    async def read() -> list[Delta]:
        never = asyncio.get_running_loop().create_future()
        return await collect(streaming(TEXT, STOP, never))

    assert FinishDelta("stop") in asyncio.run(read())


def test_silence_is_told_apart_from_a_refused_connection() -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("")

    def refused(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("[Errno 111] Connection refused")

    with pytest.raises(TransportError, match="sent nothing for 300 s"):
        asyncio.run(collect(client_for(silent)))
    with pytest.raises(TransportError, match=r"Cannot connect to glm\.example"):
        asyncio.run(collect(client_for(refused)))
    with pytest.raises(StreamCutError, match="sent nothing for 300 s"):
        asyncio.run(collect(streaming(TEXT, httpx.ReadTimeout(""))))


def test_an_undecodable_body_is_a_protocol_error() -> None:
    with pytest.raises(ProtocolError):
        asyncio.run(collect(streaming(TEXT, httpx.DecodingError("zlib"))))


def test_leaving_the_stream_closes_the_response() -> None:
    async def leave() -> None:
        body = Body(TEXT, asyncio.get_running_loop().create_future())
        client = client_for(lambda request: httpx.Response(200, stream=body))
        async with aclosing(client.deltas(ASK)) as batches:
            assert await anext(batches)
        assert body.closed.is_set()

    asyncio.run(leave())


def test_without_a_key_nothing_is_sent_and_two_lines_say_what_to_do() -> None:
    def never(request: httpx.Request) -> httpx.Response:
        raise AssertionError("a request was sent")

    with pytest.raises(ConfigError) as raised:
        asyncio.run(collect(client_for(never, key=None)))
    first, second = str(raised.value).splitlines()
    assert first == "There is no API key for glm.example."
    for way_out in ("DASHSCOPE_API_KEY", "%glm login", "%glm endpoint simulator"):
        assert way_out in second


def test_the_key_shows_nowhere() -> None:
    def refused(request: httpx.Request) -> httpx.Response:
        message = f"Incorrect API key provided: {KEY}"
        return httpx.Response(401, json={"error": {"code": "invalid_api_key", "message": message}})

    client = client_for(refused)
    assert KEY not in repr(client)
    with pytest.raises(GLMError) as raised:
        asyncio.run(collect(client))
    shown = "".join(
        traceback.TracebackException.from_exception(raised.value, capture_locals=True).format()
    )
    assert KEY not in shown + str(raised.value) + repr(raised.value) + repr(vars(client))


def test_one_pool_is_kept_for_each_loop() -> None:
    client = streaming(TEXT, STOP, DONE)

    async def twice() -> None:
        await collect(client)
        pool = client._pool()
        await collect(client)
        assert client._pool() is pool

    asyncio.run(twice())


def test_loopback_is_never_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")

    async def proxied(base_url: str) -> bool:
        pool = AsyncClient(KEY, base_url=base_url)._pool()
        return any(mount is not None for mount in pool._mounts.values())

    assert asyncio.run(proxied("https://dashscope.aliyuncs.com/compatible-mode/v1"))
    assert not asyncio.run(proxied("http://127.0.0.1:8000/v1"))
    assert not asyncio.run(proxied("http://localhost:8000/v1"))


def test_a_simulator_behind_another_address_says_so() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        headers = {"x-glm-simulator": "1"}
        return httpx.Response(200, stream=Body(TEXT, STOP, DONE), headers=headers)

    deltas = asyncio.run(collect(client_for(answer)))
    assert deltas[0] == NoteDelta("Simulated answer, no model was asked")


def test_cookies_of_the_gateway_are_not_kept() -> None:
    sent: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers.get("cookie"))
        headers = {"set-cookie": "acw_tc=1; path=/"}
        return httpx.Response(200, stream=Body(TEXT, STOP, DONE), headers=headers)

    async def twice() -> None:
        client = client_for(answer)
        await collect(client)
        await collect(client)

    asyncio.run(twice())
    assert sent == [None, None]


def test_timeouts_are_those_of_a_model_that_thinks() -> None:
    timeout = Timeouts().to_httpx()
    assert (timeout.connect, timeout.read, timeout.write, timeout.pool) == (10, 300, 30, 10)
    assert AsyncClient(KEY, timeout=5)._timeouts == Timeouts(read_s=5.0)


def test_an_unknown_protocol_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="Use one of openai"):
        AsyncClient(KEY, protocol="grpc")
