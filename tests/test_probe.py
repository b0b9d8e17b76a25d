from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from glm_notebook.client import AsyncClient
from glm_notebook.errors import AuthenticationError, ConfigError
from glm_notebook.messages import ListedModel, Usage
from glm_notebook.probe import PROMPT, Probe, probe
from glm_notebook.protocol.models import listed_models
from glm_notebook.retry import RetryPolicy

THINKS = b'data: {"id":"c","choices":[{"delta":{"reasoning_content":"One word."}}]}\n\n'
OK = b'data: {"id":"c","choices":[{"delta":{"content":"ok"},"finish_reason":"stop"}]}\n\n'
USED = (
    b'data: {"id":"c","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4}}\n\n'
    b"data: [DONE]\n\n"
)
LIST = {"object": "list", "data": [{"id": "glm-5", "owned_by": "vllm"}, {"id": "other"}]}


def probed(answer: Callable[[httpx.Request], httpx.Response]) -> Probe:
    client = AsyncClient(
        "sk-1",
        base_url="https://glm.example/v1",
        retry=RetryPolicy(attempts=1),
        transport=httpx.MockTransport(answer),
    )
    return asyncio.run(probe(client, "glm-5"))


def serving(models: httpx.Response, chat: httpx.Response) -> Callable[..., httpx.Response]:
    return lambda request: models if request.method == "GET" else chat


def test_one_small_request_shows_what_there_is() -> None:
    asked: list[dict[str, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            assert request.url == "https://glm.example/v1/models"
            return httpx.Response(200, json=LIST)
        asked.append(json.loads(request.content))
        return httpx.Response(200, content=THINKS + OK + USED)

    found = probed(answer)
    assert [one["messages"] for one in asked] == [[{"role": "user", "content": PROMPT}]]
    assert asked[0]["max_tokens"] <= 64
    assert (found.text, found.thinking, found.finish_reason) == ("ok", "One word.", "stop")
    assert found.usage == Usage(9, None, 4, None)
    assert found.first_token_s is not None
    assert found.models == (ListedModel("glm-5", "vllm"), ListedModel("other"))
    assert found.dialect == "vllm"
    assert found.error is None


@pytest.mark.parametrize(
    "models",
    [httpx.Response(404), httpx.Response(200, text="<html>"), httpx.Response(200, json=[1])],
)
def test_an_endpoint_without_a_list_of_models_is_tried_all_the_same(
    models: httpx.Response,
) -> None:
    found = probed(serving(models, httpx.Response(200, content=OK)))
    assert (found.models, found.dialect, found.text) == ((), "", "ok")


def test_a_refusal_is_what_is_reported() -> None:
    refusal = httpx.Response(401, json={"error": {"message": "no", "code": "invalid_api_key"}})
    found = probed(serving(refusal, refusal))
    assert isinstance(found.error, AuthenticationError)
    assert found.text == ""


def test_without_a_key_nothing_is_sent() -> None:
    client = AsyncClient(base_url="modelstudio")
    with pytest.raises(ConfigError, match="There is no API key"):
        asyncio.run(probe(client, "glm-5"))


@pytest.mark.parametrize(
    ("body", "listed"),
    [
        (b'{"data":[{"id":"a","owned_by":"b"}]}', (ListedModel("a", "b"),)),
        (b'{"data":[{"id":1},{"id":""},null,{"id":"a","owned_by":7}]}', (ListedModel("a"),)),
        (b'{"data":{}}', ()),
        (b'{"models":[]}', ()),
        (b"", ()),
        (b"\xff\xfe", ()),
        (b"[]", ()),
    ],
)
def test_a_list_of_models_is_read_whatever_it_is(
    body: bytes, listed: tuple[ListedModel, ...]
) -> None:
    assert listed_models(body) == listed
