from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence

import httpx
import pytest

from glm_notebook.client import AGAIN_NOTE, AsyncClient
from glm_notebook.errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    BillingError,
    ContentBlockedError,
    GLMError,
    ModelNotFoundError,
    PermissionDeniedError,
    ProtocolError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    StreamCutError,
    TransportError,
)
from glm_notebook.messages import Message, Request
from glm_notebook.protocol.deltas import Delta, NoteDelta, RetriedDelta, RetryDelta, TextDelta
from glm_notebook.retry import BURST_MIN_S, RetryPolicy, Tries
from tests.test_client import DONE, KEY, STOP, TEXT, Body, collect

ASK = Request("glm-5", (Message("user", "hi"),))
LONGEST = RetryPolicy(jitter=lambda: 1.0)
AT_ONCE = RetryPolicy(jitter=lambda: 0.0)


def burst(code: str = "limit_burst_rate") -> RateLimitError:
    return RateLimitError("", status=429, code=code)


@pytest.mark.parametrize(
    ("error", "waits"),
    [
        (ServerError("", status=503), [0.7, 1.5]),
        (TransportError(""), [0.7, 1.5]),
        (StreamCutError(""), [0.7, 1.5]),
        (RateLimitError("", status=429, code="limit_requests"), [2.0, 5.0]),
        (burst(), [6.0, 15.0]),
        (burst("Throttling.BurstRate"), [6.0, 15.0]),
        (RequestTimeoutError("", status=500), [0.7]),
        (BillingError("", status=429), []),
        (BadRequestError("", status=400), []),
        (ContentBlockedError("", status=400), []),
        (AuthenticationError("", status=401), []),
        (PermissionDeniedError("", status=403), []),
        (ModelNotFoundError("", status=404), []),
        (ProtocolError(""), []),
    ],
)
def test_each_class_of_errors_has_its_waits(error: GLMError, waits: Sequence[float]) -> None:
    seen = [LONGEST.wait_s(error, sent, 0.0) for sent in (1, 2, 3)]
    assert seen == [*waits, *[None] * (3 - len(waits))]


def test_a_wait_is_a_random_part_so_that_clients_do_not_come_back_together() -> None:
    error = RateLimitError("", status=429)
    waits = {RetryPolicy().wait_s(error, 2, 0.0) for _ in range(50)}
    assert len(waits) > 40
    assert all(wait is not None and 0 <= wait <= 5.0 for wait in waits)


def test_requests_that_came_too_suddenly_wait_at_least_some_seconds() -> None:
    assert AT_ONCE.wait_s(burst(), 1, 0.0) == BURST_MIN_S


def test_what_the_server_asks_for_is_waited() -> None:
    error = RateLimitError("", status=429, retry_after_s=7.5)
    assert AT_ONCE.wait_s(error, 1, 0.0) == 7.5
    assert AT_ONCE.wait_s(ServerError("", status=503, retry_after_s=0.0), 1, 0.0) == 0.0


def test_all_waits_together_are_capped() -> None:
    error = RateLimitError("", status=429, retry_after_s=30.0)
    assert AT_ONCE.wait_s(error, 1, 30.0) == 30.0
    assert AT_ONCE.wait_s(error, 1, 30.1) is None
    asked_too_long = RateLimitError("", status=429, retry_after_s=61.0)
    assert AT_ONCE.wait_s(asked_too_long, 1, 0.0) is None


def test_the_time_that_requests_take_counts() -> None:
    now = iter([0.0, 59.9, 60.1])
    tries = Tries(AT_ONCE, clock=lambda: next(now))
    assert isinstance(tries.again(ServerError("down", status=503), ASK), RetryDelta)
    assert tries.again(ServerError("down", status=503), ASK) is None


def answers(*responses: httpx.Response | Exception) -> tuple[AsyncClient, list[httpx.Request]]:
    """Return a client that is answered with these in turn, and what it sends."""
    sent: list[httpx.Request] = []
    left = iter(responses)

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        response = next(left)
        if isinstance(response, Exception):
            raise response
        return response

    transport = httpx.MockTransport(answer)
    client = AsyncClient(
        KEY,
        base_url="https://glm.example/v1",
        dialect="modelstudio",
        retry=AT_ONCE,
        transport=transport,
    )
    return client, sent


def whole() -> httpx.Response:
    return httpx.Response(200, stream=Body(TEXT, STOP, DONE))


def refused(status: int, code: str = "", message: str = "no", **headers: str) -> httpx.Response:
    body = {"error": {"message": message, "code": code}}
    return httpx.Response(status, json=body, headers=headers)


@pytest.mark.parametrize(
    "failure",
    [
        lambda: refused(503, "ModelUnavailable"),
        lambda: refused(429, "limit_requests"),
        lambda: httpx.Response(502, text="<html>Bad Gateway</html>"),
        lambda: httpx.Response(200, stream=Body()),
        lambda: httpx.Response(200, stream=Body(b'data: {"error":{"code":"internal_error"}}\n\n')),
        lambda: httpx.ConnectError("refused"),
        lambda: httpx.RemoteProtocolError("closed"),
    ],
)
def test_what_passes_by_itself_is_asked_again_before_anything_is_shown(
    failure: Callable[[], httpx.Response | Exception],
) -> None:
    client, sent = answers(failure(), whole())
    deltas = asyncio.run(collect(client))
    first, *later = [one for one in deltas if not isinstance(one, NoteDelta)]
    assert isinstance(first, RetryDelta)
    assert (first.attempt, first.attempts, first.delay_s) == (2, 3, 0.0)
    assert first.message
    assert isinstance(later[0], RetriedDelta)
    assert TextDelta("Hello") in later
    assert NoteDelta(AGAIN_NOTE) in deltas
    assert [request.content for request in sent] == [sent[0].content] * 2


def test_the_third_failure_is_the_last() -> None:
    client, sent = answers(*[refused(503)] * 3)
    with pytest.raises(ServerError):
        asyncio.run(collect(client))
    assert len(sent) == 3


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "Arrearage"), (429, "PrepaidBillOverdue"), (401, "invalid_api_key"), (400, "x")],
)
def test_what_does_not_pass_by_itself_is_not_asked_again(status: int, code: str) -> None:
    client, sent = answers(refused(status, code))
    with pytest.raises(APIError):
        asyncio.run(collect(client))
    assert len(sent) == 1


@pytest.mark.parametrize("end", [(), (httpx.RemoteProtocolError("cut"),)])
@pytest.mark.parametrize(
    "piece",
    [TEXT, b'data: {"id":"c1","choices":[{"delta":{"reasoning_content":"Hm"}}]}\n\n'],
)
def test_after_the_first_token_nothing_is_sent_again(
    piece: bytes, end: tuple[Exception, ...]
) -> None:
    client, sent = answers(httpx.Response(200, stream=Body(piece, *end)), whole())
    with pytest.raises(StreamCutError):
        asyncio.run(collect(client))
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [({"Retry-After": "0"}, 0.0), ({"Retry-After-Ms": "20", "Retry-After": "9"}, 0.02)],
)
def test_a_header_says_how_long_to_wait(headers: dict[str, str], wait_s: float) -> None:
    client, _ = answers(refused(429, **headers), whole())
    deltas = asyncio.run(collect(client))
    assert next(one for one in deltas if isinstance(one, RetryDelta)).delay_s == wait_s


@pytest.mark.parametrize("date", ["Wed, 21 Oct 2015 07:28:00 GMT", "rubbish", "1e999", "-5"])
def test_a_date_that_has_passed_and_what_is_no_time_do_not_hold_up(date: str) -> None:
    client, _ = answers(refused(429, "limit_requests", **{"Retry-After": date}), whole())
    waits = [one.delay_s for one in asyncio.run(collect(client)) if isinstance(one, RetryDelta)]
    assert waits == [0.0]


def test_a_wait_that_is_too_long_is_told_instead() -> None:
    client, sent = answers(refused(429, "limit_requests", **{"Retry-After": "120"}))
    with pytest.raises(RateLimitError, match="It asks to wait 120 s") as raised:
        asyncio.run(collect(client))
    assert raised.value.retry_after_s == 120.0
    assert len(sent) == 1


AMENDED = [
    (
        Request("glm-5", ASK.messages, thinking=True, strict=False),
        refused(400, "InvalidParameter.NotSupportEnableThinking"),
        "asked again without a thinking switch",
        {"enable_thinking": None},
    ),
    (
        Request("glm-5.3", ASK.messages, thinking=False, strict=False),
        refused(400, "", "The value of the enable_thinking parameter is restricted to True."),
        "asked again with thinking",
        {"enable_thinking": None},
    ),
    (
        Request("glm-5", ASK.messages, stream=False),
        refused(400, "", "This model only support stream mode, please enable the stream parameter"),
        "asked again as a stream",
        {"stream": True},
    ),
]


@pytest.mark.parametrize(("request_", "refusal", "note", "changed"), AMENDED)
def test_an_option_that_the_model_refuses_is_left_out_once(
    request_: Request, refusal: httpx.Response, note: str, changed: dict[str, object]
) -> None:
    client, sent = answers(refusal, whole())
    deltas: list[Delta] = asyncio.run(collect(client, request_))
    assert NoteDelta(note) in deltas
    assert TextDelta("Hello") in deltas
    body = json.loads(sent[1].content)
    assert {name: body.get(name) for name in changed} == changed


def test_an_option_that_was_not_set_is_not_left_out() -> None:
    client, sent = answers(refused(400, "InvalidParameter.NotSupportEnableThinking"))
    with pytest.raises(BadRequestError):
        asyncio.run(collect(client))
    assert len(sent) == 1


def test_stopping_during_the_wait_ends_it_at_once() -> None:
    async def stopped() -> list[Delta]:
        transport = httpx.MockTransport(lambda request: refused(503))
        policy = RetryPolicy(jitter=lambda: 1.0, delays_s={"server": (3600.0,)}, total_s=7200)
        client = AsyncClient(
            KEY, base_url="https://glm.example/v1", retry=policy, transport=transport
        )
        seen: list[Delta] = []
        waiting = asyncio.Event()

        async def read() -> None:
            async for batch in client.deltas(ASK):
                seen.extend(batch)
                waiting.set()

        task = asyncio.create_task(read())
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return seen

    assert [type(one) for one in asyncio.run(stopped())] == [RetryDelta]
