"""What is said where a refusal touches something that the documents do not agree on."""

from __future__ import annotations

import pytest

from glm_notebook.catalogue import model
from glm_notebook.messages import Request
from glm_notebook.preflight import explain

from .requests import AS_JSON, WEATHER, request

TOO_LONG = "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 169984]"
THINKING = "Json mode response is not supported when enable_thinking is true"
NO_WORD = "'messages' must contain the word 'json' in some form, to use 'response_format'"
FORCED = (
    "The tool_choice parameter does not support being set to required or object in thinking mode"
)
JSON = "'response_format' of type 'json_object' is not supported by this model"

EXPLAINED: dict[str, tuple[str, Request, str]] = {
    "the max input of glm-5": (
        TOO_LONG,
        request(),
        "The documents disagree on the max input of glm-5: 202,752 tokens (taken here) or"
        " 169,984 tokens (Model Studio, model page of glm-5, 2026-11-23).",
    ),
    "JSON mode on glm-5": (
        JSON,
        request(AS_JSON, json_mode=True, thinking=False),
        "The documents disagree on JSON mode on glm-5: works with thinking off (taken here) or",
    ),
    "JSON mode while it thinks": (
        THINKING,
        request(AS_JSON, json_mode=True),
        "The documents disagree on JSON mode while the model thinks",
    ),
    "JSON mode of an unknown model": (
        THINKING,
        request(AS_JSON, model="glm-9", json_mode=True),
        "The documents disagree on JSON mode while the model thinks",
    ),
    "a long seed": (
        "Range of seed should be [0, 2147483647]",
        request(seed=2**31),
        "The documents disagree on a seed: up to 2,147,483,647 (taken here) or up",
    ),
    "a tool that is named": (
        'tool_choice is one of the strings that should be ["none", "auto"]',
        request(tools=(WEATHER,), tool_choice="get_weather", thinking=False),
        "The documents disagree on a tool_choice that names a tool",
    ),
    "a model that is gone": (
        "model_not_found",
        request(model="glm-4.7"),
        "glm-4.7 is documented to leave Model Studio on 2026-10-10; another page says 2026-07-09.",
    ),
    "a model that is denied": (
        "Endpoint.AccessDenied: Access denied.",
        request(model="glm-4.6"),
        "glm-4.6 is documented to leave Model Studio on 2026-10-10",
    ),
}


@pytest.mark.parametrize("name", EXPLAINED)
def test_explained(name: str) -> None:
    said, asked, sentence = EXPLAINED[name]
    explained = explain(said, asked, model(asked.model))
    assert explained.startswith(sentence)
    assert explained.endswith(".")
    assert "\n" not in explained


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("Throttling.RateQuota", request()),
        (TOO_LONG, request(model="glm-4.7")),
        (TOO_LONG, request(model="glm-9")),
        (JSON, request()),
        ("model_not_found", request()),
        ("model_not_found", request(model="glm-9")),
        ("tool_choice", request(tools=(WEATHER,))),
        ("", request(AS_JSON, json_mode=True)),
        (NO_WORD, request(json_mode=True, thinking=False)),
        (FORCED, request(tools=(WEATHER,), tool_choice="get_weather")),
    ],
)
def test_nothing_is_said_where_nothing_is_disputed(said: str, asked: Request) -> None:
    assert explain(said, asked, model(asked.model)) == ""
