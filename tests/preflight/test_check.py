"""What is refused before it is sent, in which words, and what is not."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glm_notebook.catalogue import Model, model, models
from glm_notebook.dialects import Dialect, Switch, dialect, names
from glm_notebook.errors import ConfigError, RequestError
from glm_notebook.messages import Message, Request, ToolSpec
from glm_notebook.preflight import check
from glm_notebook.preflight.size import least_tokens

from .requests import (
    ANSWERED,
    AS_JSON,
    ASKED,
    MODELSTUDIO,
    WEATHER,
    call,
    calling,
    request,
    result,
    rounds,
)

TOOLS: dict[str, Any] = {"tools": (WEATHER,)}
FORCED: dict[str, Any] = {**TOOLS, "tool_choice": "get_weather"}


def refusal(
    asked: Request, to: Dialect = MODELSTUDIO, known: Model | None = None
) -> RequestError | None:
    try:
        check(asked, to, known or model(asked.model))
    except RequestError as error:
        return error
    return None


def named(name: str) -> dict[str, Any]:
    return {"tools": (ToolSpec(name),)}


# Each: a request, the field, and what the error has to say of limit, value and way out.
REFUSED: dict[str, tuple[Request, str, tuple[str, ...]]] = {
    "a budget over the model's": (
        request(thinking_budget=32_769),
        "thinking_budget",
        ("32,769", "glm-5", "at most 32,768", "leave it out"),
    ),
    "no budget": (request(thinking_budget=0), "thinking_budget", ("is 0", "at least 1")),
    "a budget on a model without": (
        request(model="ZHIPU/GLM-5", thinking_budget=1000),
        "thinking_budget",
        ("1000", "ZHIPU/GLM-5", "max_completion_tokens"),
    ),
    "an answer over the model's": (
        request(max_tokens=16_385),
        "max_tokens",
        ("16,385", "glm-5", "at most 16,384"),
    ),
    "no answer": (request(max_tokens=0), "max_tokens", ("is 0", "at least 1")),
    "no answer of an unknown model": (
        request(model="glm-9", max_tokens=0),
        "max_tokens",
        ("is 0", "Alibaba Cloud Model Studio", "at least 1"),
    ),
    "thinking and answer over the model's": (
        request(max_completion_tokens=49_153),
        "max_completion_tokens",
        ("49,153", "at most 49,152"),
    ),
    "both, counted as one": (
        request(model="glm-5.3", max_tokens=262_145),
        "max_tokens",
        ("262,145", "at most 262,144"),
    ),
    "too hot": (request(temperature=2), "temperature", ("is 2", "at least 0 and below 2")),
    "below zero": (request(temperature=-0.1), "temperature", ("-0.1", "at least 0")),
    "a temperature that is no number": (request(temperature="hot"), "temperature", ("'hot'",)),
    "a temperature that is a switch": (request(temperature=True), "temperature", ("True",)),
    "not a number": (request(temperature=math.nan), "temperature", ("nan",)),
    "no nucleus": (request(top_p=0), "top_p", ("is 0", "above 0 and at most 1")),
    "more than all": (request(top_p=1.01), "top_p", ("1.01", "at most 1")),
    "fewer than none": (request(top_k=-1), "top_k", ("-1", "at least 0")),
    "half a token": (request(top_k=1.5), "top_k", ("1.5", "a whole number")),
    "no repetition penalty": (
        request(repetition_penalty=0),
        "repetition_penalty",
        ("is 0", "above 0"),
    ),
    "an endless one": (request(repetition_penalty=math.inf), "repetition_penalty", ("inf",)),
    "presence, low": (request(presence_penalty=-2.1), "presence_penalty", ("-2.1", "least -2")),
    "presence, high": (request(presence_penalty=2.1), "presence_penalty", ("2.1", "at most 2")),
    "a seed below zero": (request(seed=-1), "seed", ("-1", "at least 0")),
    "a long seed": (request(seed=2**31), "seed", ("2,147,483,648", "at most 2,147,483,647")),
    "JSON while it thinks by default": (
        request(AS_JSON, json_mode=True),
        "json_mode",
        ("glm-5 thinks by default", "thinking=False"),
    ),
    "JSON while it thinks": (
        request(AS_JSON, json_mode=True, thinking=True),
        "json_mode",
        ("thinking is on", "thinking=False"),
    ),
    "JSON without the word": (
        request(json_mode=True, thinking=False),
        "json_mode",
        ("the word JSON", "Say in the prompt"),
    ),
    "JSON where it always thinks": (
        request(AS_JSON, model="glm-5.3", json_mode=True),
        "json_mode",
        ("glm-5.3 always thinks", "ask for JSON in the prompt"),
    ),
    "thinking off where it always thinks": (
        request(model="glm-5.3", thinking=False),
        "thinking",
        ("False", "glm-5.3 always thinks", "effort='low'"),
    ),
    "an effort of none where it always thinks": (
        request(model="glm-5.3", effort="none"),
        "effort",
        ("'none'", "glm-5.3 always thinks"),
    ),
    "a forced tool while it thinks": (
        request(**FORCED),
        "tool_choice",
        ("'get_weather'", "the model thinks", "auto or none only", "thinking=False"),
    ),
    "a required tool while it thinks": (
        request(**TOOLS, tool_choice="required"),
        "tool_choice",
        ("'required'", "the model thinks"),
    ),
    "a forced tool where it always thinks": (
        request(model="glm-5.3", **FORCED),
        "tool_choice",
        ("glm-5.3 always thinks", "ask for it in the prompt"),
    ),
    "a required tool": (
        request(**TOOLS, tool_choice="required", thinking=False),
        "tool_choice",
        ("'required'", "auto, none", "Name the tool"),
    ),
    "a tool that is not there": (
        request(**TOOLS, tool_choice="get_time", thinking=False),
        "tool_choice",
        ("'get_time'", "get_weather", "Name one"),
    ),
    "a tool where there is none": (
        request(tool_choice="get_time", thinking=False),
        "tool_choice",
        ("'get_time'", "it has none"),
    ),
    "a tool called search": (request(**named("search")), "tools", ("'search'", "another name")),
    "a tool with a space": (request(**named("get time")), "tools", ("'get time'", "letters")),
    "a tool without a name": (request(**named("")), "tools", ("''", "letters")),
    "a long name": (request(**named("x" * 65)), "tools", ("xxx", "at most 64")),
    "pieces of a whole": (
        request(**TOOLS, tool_stream=True, stream=False),
        "tool_stream",
        ("stream is off", "stream=True"),
    ),
    "web search": (
        request(extra={"enable_search": True}),
        "enable_search",
        ("glm-5 offers no web search", "a tool"),
    ),
    "web search, its options": (
        request(extra={"search_options": {"forced_search": True}}),
        "search_options",
        ("glm-5 offers no web search",),
    ),
    "partial mode": (request(extra={"partial": True}), "partial", ("glm-5 offers no partial",)),
    "partial mode of a message": (
        request(extra={"messages": [{"role": "assistant", "content": "A", "partial": True}]}),
        "partial",
        ("glm-5 offers no partial",),
    ),
    "several answers with tools": (
        request(**TOOLS, extra={"n": 2}),
        "n",
        ("is 2", "takes 1 only"),
    ),
    "an asynchronous call": (
        request(extra={"X-DashScope-Async": "enable"}),
        "X-DashScope-Async",
        ("takes no asynchronous calls", "Leave it out"),
    ),
    "nothing said": (Request("glm-5", ()), "messages", ("empty", "at least one")),
    "a user who says nothing": (request(Message("user", "")), "messages", ("[0]", "no content")),
    "nobody asks": (request(ASKED, ANSWERED), "messages", ("'assistant'", "user's or a tool's")),
    "only a system prompt": (request(Message("system", "Be brief.")), "messages", ("'system'",)),
    "no user": (
        request(calling(), result()),
        "messages",
        ("none of the role 'user'", "Add one"),
    ),
    "a result without a call": (
        request(ASKED, result("call_9")),
        "messages",
        ("[1]", "'call_9'", "not open"),
    ),
    "a result that came twice": (
        request(ASKED, calling(), result(), result()),
        "messages",
        ("[3]", "'call_1'", "exactly once"),
    ),
    "a call without a result": (
        request(ASKED, calling(call("a"), call("b")), result("b"), ASKED),
        "messages",
        ("no answer to the call 'a'",),
    ),
    "a call that is answered too late": (
        request(ASKED, calling(), ASKED, result()),
        "messages",
        ("no answer to the call 'call_1'",),
    ),
    "a call at the end": (request(ASKED, calling()), "messages", ("no answer to the call",)),
    "the same call again and again": (
        request(ASKED, *rounds(3)),
        "messages",
        ("get_weather", "3 rounds", "from 3 on"),
    ),
    "too long": (
        request(Message("user", "word " * 202_753)),
        "messages",
        ("an estimate of at least 202,753 tokens", "at most 202,752", "shorten"),
    ),
    "too long, in several messages": (
        request(*(Message("user", "word " * 50_689) for _ in range(4))),
        "messages",
        ("202,756", "an estimate"),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    asked, field, words = REFUSED[name]
    error = refusal(asked)
    assert error is not None
    said = str(error)
    assert error.field == field
    assert error.message.startswith(field)
    assert [word for word in words if word not in said] == []
    assert error.remedy.endswith("; strict=False sends it anyway (--no-strict in a cell).")
    assert error.source
    assert "\n" not in said
    assert len(said) < 300


@pytest.mark.parametrize("name", REFUSED)
def test_nothing_is_refused_that_is_not_to_be_checked(name: str) -> None:
    assert refusal(replace(REFUSED[name][0], strict=False)) is None


def test_a_refusal_is_an_error_of_configuration() -> None:
    with pytest.raises(ConfigError):
        check(request(temperature=2), MODELSTUDIO, None)


# At a limit, and cases next to those above.
TAKEN: dict[str, Request] = {
    "nothing set": request(),
    "the whole budget": request(thinking_budget=32_768),
    "a token of budget": request(thinking_budget=1),
    "a budget that is ignored": request(model="glm-5.3", thinking_budget=10**6),
    "the longest answer": request(max_tokens=16_384),
    "a token of answer": request(max_tokens=1),
    "the longest of both": request(max_completion_tokens=49_152),
    "both, counted as one": request(model="glm-5.3", max_tokens=262_144),
    "an unknown limit": request(model="glm-5.2", max_tokens=500_000),
    "an unknown model": request(
        AS_JSON, model="glm-9", json_mode=True, max_tokens=10**9, thinking_budget=10**9, **FORCED
    ),
    "cold": request(temperature=0),
    "nearly too hot": request(temperature=1.999),
    "all of it": request(top_p=1),
    "no top_k": request(top_k=0),
    "a large top_k": request(top_k=1000),
    "a small penalty": request(repetition_penalty=0.001),
    "presence, lowest": request(presence_penalty=-2),
    "presence, highest": request(presence_penalty=2),
    "the first seed": request(seed=0),
    "the last seed": request(seed=2**31 - 1),
    "JSON without thinking": request(AS_JSON, json_mode=True, thinking=False),
    "JSON with an effort of none": request(AS_JSON, model="glm-5.2", json_mode=True, effort="none"),
    "JSON where thinking is unknown": request(AS_JSON, model="ZHIPU/GLM-5", json_mode=True),
    "the word in a system prompt": request(
        Message("system", "Answer in json."), ASKED, json_mode=True, thinking=False
    ),
    "a forced tool without thinking": request(**FORCED, thinking=False),
    "auto while it thinks": request(**TOOLS, tool_choice="auto"),
    "none while it thinks": request(**TOOLS, tool_choice="none"),
    "auto without tools": request(tool_choice="auto"),
    "the longest name": request(**named("x" * 64)),
    "a name with everything": request(**named("Get-time_2")),
    "arguments in pieces": request(**TOOLS, tool_stream=True),
    "arguments whole": request(**TOOLS, tool_stream=False, stream=False),
    "thinking on where it always is": request(model="glm-5.3", thinking=True, effort="low"),
    "no web search": request(extra={"enable_search": False}),
    "web search where it is unknown": request(model="glm-5.3", extra={"enable_search": True}),
    "partial mode where it is unknown": request(model="glm-5.2", extra={"partial": True}),
    "one answer with tools": request(**TOOLS, extra={"n": 1}),
    "several answers without": request(extra={"n": 2}),
    "a tool turn": request(ASKED, calling(), result()),
    "an empty result": request(ASKED, calling(), result(content="")),
    "an answer that was only thought": request(ASKED, Message("assistant", "", "Hm."), ASKED),
    "results in another order": request(
        ASKED, calling(call("a"), call("b")), result("b"), result("a")
    ),
    "the same id in another round": request(
        ASKED, calling(), result(), calling(call(arguments="{}")), result()
    ),
    "the same call twice": request(ASKED, *rounds(2)),
    "the same call, the user in between": request(ASKED, *rounds(2), ASKED, *rounds(2)),
    "the same call, another in between": request(
        ASKED, *rounds(2), calling(call("z", "[]")), result("z"), *rounds(2)
    ),
    "the longest input": request(Message("user", "word " * 202_752)),
    "a long input of which nothing is known": request(
        Message("user", "word " * 400_000), model="glm-5.2"
    ),
    "long words": request(Message("user", "x" * 2_000_000)),
    "long white space": request(Message("user", "a" + " " * 2_000_000)),
    "long Chinese": request(Message("user", "中" * 2_000_000)),
    # what extra writes over is sent as it is
    "thinking off by its own name": request(
        AS_JSON, json_mode=True, extra={"enable_thinking": False}
    ),
    "an effort by its own name": request(
        AS_JSON, model="glm-5.2", json_mode=True, extra={"reasoning_effort": "none"}
    ),
    "a limit by its own name": request(max_tokens=0, extra={"max_tokens": 5}),
    "other messages": Request("glm-5", (), extra={"messages": [{"role": "user", "content": "A"}]}),
}


@pytest.mark.parametrize("name", TAKEN)
def test_taken(name: str) -> None:
    assert refusal(TAKEN[name]) is None


def limits() -> list[tuple[str, str, int]]:
    """Return model, field and highest value of every limit on a field that is known."""
    found = []
    for one in models():
        most_tokens = (
            one.limits.max_answer if one.limits.max_tokens == "answer" else one.limits.max_output
        )
        found.append((one.id, "max_tokens", most_tokens))
        found.append((one.id, "max_completion_tokens", one.limits.max_output))
        if one.features.thinking_budget == "yes":
            found.append((one.id, "thinking_budget", one.limits.max_thinking))
    return [(id, field, most) for id, field, most in found if most is not None]


@pytest.mark.parametrize(("id", "field", "most"), limits())
def test_at_a_limit_it_passes_and_one_over_it_is_refused(id: str, field: str, most: int) -> None:
    assert refusal(request(model=id, **{field: most})) is None
    error = refusal(request(model=id, **{field: most + 1}))
    assert error is not None
    assert f"at most {most:,}" in error.message


def inputs() -> list[tuple[str, int]]:
    return [(one.id, one.limits.max_input) for one in models() if one.limits.max_input]


@pytest.mark.parametrize(("id", "most"), inputs())
def test_so_it_is_with_the_input(id: str, most: int) -> None:
    def words(n: int) -> Request:
        return request(Message("user", "a " * n), model=id)

    assert refusal(words(most)) is None
    error = refusal(words(most + 1))
    assert error is not None
    assert f"at most {most:,}" in error.message


def test_an_estimate_counts_arguments_and_is_low_for_chinese() -> None:
    asked = request(ASKED, calling(call(arguments="1 2 3")), result())
    assert least_tokens(asked) == 6 + 3 + 1
    assert least_tokens(request(Message("user", "汉" * 1600))) == 100
    assert least_tokens(request(), of_interest=10**6) == 0


# Other places.


@pytest.mark.parametrize("place", [name for name in names() if name != "modelstudio"])
def test_elsewhere_neither_ranges_nor_the_catalogue_hold(place: str) -> None:
    to = dialect(place)
    asked = request(AS_JSON, temperature=2, top_p=0, max_tokens=10**9, json_mode=True)
    assert refusal(asked, to) is None
    assert refusal(request(Message("user", "word " * 300_000)), to) is None
    assert refusal(request(ASKED, *rounds(4)), to) is None


@pytest.mark.parametrize("place", names())
@pytest.mark.parametrize(
    "name", ["nothing said", "nobody asks", "a result that came twice", "a call at the end"]
)
def test_everywhere_messages_have_to_make_sense(place: str, name: str) -> None:
    assert refusal(REFUSED[name][0], dialect(place)) is not None


NOT_CARRIED = [
    ("openai", {"top_k": 5}, "top_k"),
    ("openai", {"thinking_budget": 5}, "thinking_budget"),
    ("zai", {"seed": 5}, "seed"),
    ("zai", {"parallel_tool_calls": False}, "parallel_tool_calls"),
    ("ollama", {**FORCED}, "tool_choice"),
    ("ollama", {"tool_choice": "none"}, "tool_choice"),
    ("vllm", {"tool_stream": True}, "tool_stream"),
    ("openai", {"thinking": False}, "thinking"),
    ("openai", {"thinking": True}, "thinking"),
]


@pytest.mark.parametrize(("place", "given", "field"), NOT_CARRIED)
def test_what_cannot_be_sent_is_refused(place: str, given: dict[str, Any], field: str) -> None:
    error = refusal(request(**given), dialect(place))
    assert error is not None
    assert error.field == field
    assert field in error.message
    assert dialect(place).title in error.message
    assert error.remedy.endswith("strict=False sends it anyway (--no-strict in a cell).")


def test_what_needs_no_field_is_not() -> None:
    ollama = dialect("ollama")
    assert refusal(request(thinking=True), ollama) is None  # it is on unless it is switched off
    assert refusal(request(thinking=False), ollama) is None
    assert refusal(request(**TOOLS, tool_choice="auto"), ollama) is None
    assert refusal(request(stream=False, keep_thinking=True), dialect("openai")) is None
    assert refusal(request(extra={"top_k": 5}), dialect("openai")) is None


def test_a_switch_that_only_turns_on_does_not_turn_off() -> None:
    to = replace(dialect("openai"), think=Switch(on={"think": True}))
    assert refusal(request(thinking=True), to) is None
    assert refusal(request(thinking=False), to) is not None


def test_thinking_is_kept_only_where_messages_have_a_place_for_it() -> None:
    without = replace(dialect("openai"), history="")
    error = refusal(request(keep_thinking=True), without)
    assert error is not None
    assert error.field == "keep_thinking"
    assert refusal(request(keep_thinking=False), without) is None


# Whatever is valid, passes.

KNOWN = [one for one in models() if one.limits.max_thinking and one.thinking == "hybrid"]
names_of_tools = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True).filter(
    lambda name: name not in ("search", "auto", "none", "required")
)


@st.composite
def valid_requests(draw: st.DrawFn) -> Request:
    """Make a request that no document says a word against."""
    one = draw(st.sampled_from(KNOWN))
    thinking = draw(st.sampled_from([None, True, False]))
    tools = draw(st.lists(names_of_tools, max_size=3, unique=True))
    choices = [None, "auto", "none", *(tools if thinking is False else ())]
    turns = draw(st.lists(st.sampled_from(["plain", "tools"]), max_size=4))
    history = [message for n, kind in enumerate(turns) for message in _turn(n, kind)]
    limits = one.limits
    settings: dict[str, Any] = {
        "stream": draw(st.booleans()),
        "thinking": thinking,
        "json_mode": thinking is False and draw(st.booleans()),
        "max_tokens": draw(st.none() | st.integers(1, limits.max_answer)),
        "max_completion_tokens": draw(st.none() | st.integers(1, limits.max_output)),
        "temperature": draw(st.none() | st.floats(0, 2, exclude_max=True)),
        "top_p": draw(st.none() | st.floats(0, 1, exclude_min=True)),
        "top_k": draw(st.none() | st.integers(0, 10**6)),
        "repetition_penalty": draw(st.none() | st.floats(0, 100, exclude_min=True)),
        "presence_penalty": draw(st.none() | st.floats(-2, 2)),
        "seed": draw(st.none() | st.integers(0, 2**31 - 1)),
        "stop": tuple(draw(st.lists(st.text(min_size=1), max_size=2))),
        "keep_thinking": draw(st.sampled_from([None, True, False])),
        "parallel_tool_calls": draw(st.sampled_from([None, True, False])),
        "tools": tuple(ToolSpec(name) for name in tools),
        "tool_choice": draw(st.sampled_from(choices)),
    }
    if one.features.thinking_budget == "yes":
        settings["thinking_budget"] = draw(st.none() | st.integers(1, limits.max_thinking))
    if settings["stream"]:
        settings["tool_stream"] = draw(st.sampled_from([None, True, False]))
    said = draw(st.text(min_size=1)) + " as JSON"
    return Request(one.id, (*history, Message("user", said)), **settings)


def _turn(n: int, kind: str) -> list[Message]:
    tools = [calling(call(f"c{n}", f'{{"n": {n}}}')), result(f"c{n}", "")]
    return [ASKED, *(tools if kind == "tools" else ()), ANSWERED]


@settings(max_examples=200)
@given(valid_requests())
def test_property_no_valid_request_is_refused(asked: Request) -> None:
    check(asked, MODELSTUDIO, model(asked.model))
