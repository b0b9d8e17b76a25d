"""What the service refuses of a well-formed request, in the order in which it looks.

Source: Model Studio, "Error messages" and the reference of its chat interface (2026). The order of
the checks is an inference: first hit wins. A message that is marked *invented* has a documented rule
but no documented wording.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from glm_notebook.simulator.models import ModelFacts
from glm_notebook.simulator.refusals import Refusal, invalid
from glm_notebook.simulator.request import ChatRequest, Json, text_of
from glm_notebook.simulator.tokens import MESSAGE_OVERHEAD, count_tokens

Check = Callable[[ChatRequest, ModelFacts], Refusal | None]

_ROLES = ("system", "assistant", "user", "tool", "function")
_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_REPEATED_ROUNDS = 3
_MAX_SEED = 2**31 - 1
_MAX_SEED_NATIVE = 2**63 - 1
_FLAGS = ("enable_thinking", "clear_thinking", "tool_stream", "parallel_tool_calls")


def refuse(request: ChatRequest, facts: ModelFacts) -> Refusal | None:
    """Return the first thing that is wrong with a request, or None."""
    return next((r for check in _CHECKS if (r := check(request, facts)) is not None), None)


def prompt_tokens(request: ChatRequest, facts: ModelFacts) -> int:
    """Return the tokens that a request is charged as input."""
    overhead = MESSAGE_OVERHEAD * len(request.messages)
    return overhead + count_tokens(request.prompt_text(facts))


# Messages: present, well-formed, with content, in an order that makes sense.


def _check_presence(request: ChatRequest, facts: ModelFacts) -> Refusal | None:
    if not request.messages:
        return invalid("[] is too short - 'messages'", prefix=False)
    for index, message in enumerate(request.messages):
        refusal = _check_message(index, message)
        if refusal is None and request.native and isinstance(message.get("content"), list):
            refusal = invalid("input content must be a string.")
        if refusal is not None:
            return refusal
    if not request.user_texts:
        return invalid("The input messages do not contain elements with the role of user.")
    return None


def _check_message(index: int, message: Json) -> Refusal | None:
    role, content = message.get("role"), message.get("content")
    if role not in _ROLES:
        return invalid(f"'{role}' is not one of {list(_ROLES)} - 'messages.{index}.role'")
    calls = message.get("tool_calls")
    if calls is not None and not _are_calls(calls):
        return invalid(f"Invalid tool_calls - 'messages.{index}.tool_calls'")  # invented
    if content is None and not calls:
        return invalid("The content field is a required field.")
    if not (content is None or isinstance(content, str) or _are_parts(role, content)):
        return invalid("input content must be a string.")
    return None


def _are_parts(role: str, content: Any) -> bool:
    """Tell whether the content is a list of texts, which a tool may not send."""
    return role != "tool" and _are_objects(content, text=str)


def _are_calls(value: Any) -> bool:
    return _are_objects(value, id=str, function=dict) and all(
        _are_objects([call["function"]], name=str, arguments=str) for call in value
    )


def _are_objects(value: Any, **kinds: type) -> bool:
    """Tell whether a value is a list of objects that have these fields."""
    return isinstance(value, list) and all(
        isinstance(one, dict) and all(isinstance(one.get(key), kinds[key]) for key in kinds)
        for one in value
    )


def _check_order(request: ChatRequest, facts: ModelFacts) -> Refusal | None:
    open_calls: list[str] = []
    for message in request.messages:
        if message["role"] == "tool":
            if message.get("tool_call_id") not in open_calls:
                return invalid(
                    'messages with role "tool" must be a response to a preceding message with'
                    ' "tool_calls".'
                )
            open_calls.remove(message["tool_call_id"])
        elif open_calls:
            break
        else:
            open_calls = [call["id"] for call in message.get("tool_calls") or ()]
    if open_calls:
        return invalid(
            'An assistant message with "tool_calls" must be followed by tool messages responding to'
            ' each "tool_call_id". The following tool_call_ids did not have response messages: '
            + ", ".join(open_calls)
        )
    if request.messages[-1]["role"] not in ("user", "tool"):
        return invalid('The role of the last message must be "user" or "tool".')  # invented
    return None


# Ranges.


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _ranges(facts: ModelFacts, max_seed: int) -> Iterator[tuple[str, Callable[[Any], bool], str]]:
    """Yield field, predicate and message of every range."""
    for flag in _FLAGS:
        yield flag, lambda v: isinstance(v, bool), f"{flag} should be a boolean."  # invented
    answer, budget = facts.max_answer, facts.max_thinking
    yield (
        "temperature",
        lambda v: _is_number(v) and 0 <= v < 2,
        "Temperature should be in [0.0, 2.0)",
    )
    yield (
        "top_p",
        lambda v: _is_number(v) and 0 < v <= 1,
        "Range of top_p should be (0.0, 1.0]",
    )
    yield (
        "top_k",
        lambda v: _is_count(v) and v >= 0,
        "Parameter top_k be greater than or equal to 0",
    )
    yield (
        "repetition_penalty",
        lambda v: _is_number(v) and v > 0,
        "Repetition_penalty should be greater than 0.0",
    )
    yield (
        "presence_penalty",
        lambda v: _is_number(v) and -2 <= v <= 2,
        "Presence_penalty should be in [-2.0, 2.0]",
    )
    yield (
        "max_tokens",
        lambda v: _is_count(v) and 1 <= v <= answer,
        f"Range of max_tokens should be [1, {answer}]",
    )
    yield (
        "max_completion_tokens",
        lambda v: _is_count(v) and 1 <= v <= answer + budget,
        f"Range of max_completion_tokens should be [1, {answer + budget}]",  # invented
    )
    if not facts.thinking_only:  # which ignores the field
        yield (
            "thinking_budget",
            lambda v: _is_count(v) and 1 <= v <= budget,
            "The thinking_budget parameter must be a positive integer and not greater than"
            f" {budget}",
        )
    yield (
        "seed",
        lambda v: _is_count(v) and 0 <= v <= max_seed,
        f"Range of seed should be [0, {max_seed}]",
    )
    # The service allows up to four for some models; one is all that GLM is documented with.
    yield "n", lambda v: _is_count(v) and v == 1, "Range of n should be [1, 1]"
    yield (
        "stop",
        _is_stop,
        'The "stop" parameter must be of type "str", "list[str]", "list[int]", or "list[list[int]]",'
        " and all elements within the list must be of the same type.",
    )


def _is_stop(value: Any) -> bool:
    if isinstance(value, str):
        return True
    if not isinstance(value, list):
        return False
    kinds = {type(element) for element in value}
    return len(kinds) <= 1 and kinds <= {str, int, list}


def _check_ranges(request: ChatRequest, facts: ModelFacts) -> Refusal | None:
    max_seed = _MAX_SEED_NATIVE if request.native else _MAX_SEED
    for name, is_valid, message in _ranges(facts, max_seed):
        value = request.parameters.get(name)
        if value is not None and not is_valid(value):
            return invalid(message)
    return None


# Fields that exclude each other.


def _check_json_mode(request: ChatRequest, facts: ModelFacts) -> Refusal | None:
    wanted = request.parameters.get("response_format")
    kind = wanted.get("type") if isinstance(wanted, dict) else wanted
    if kind in (None, "text"):
        return None
    if kind != "json_object":
        return invalid(
            "Unknown format of response_format, response_format should be a dict, includes 'type'"
            " and an optional key 'json_schema'. The response_format type from user is"
            f" {kind}."
        )
    if request.thinking:
        return invalid("Json mode response is not supported when enable_thinking is true")
    if not any("json" in text_of(message).lower() for message in request.messages):
        return invalid(
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type"
            " 'json_object'."
        )
    return None


def _check_tools(request: ChatRequest, facts: ModelFacts) -> Refusal | None:
    tools = request.parameters.get("tools")
    if tools is not None and not _are_objects(tools, function=dict):
        return invalid("tools should be a list of functions.")  # invented
    for tool in request.tools:
        name = tool.get("name")
        if name == "search":
            return invalid("Tool names are not allowed to be [search]")
        if not isinstance(name, str) or not _TOOL_NAME.fullmatch(name):
            return invalid(f"Invalid tool name: {name}")  # invented
    return None


def _check_tool_choice(request: ChatRequest, facts: ModelFacts) -> Refusal | None:
    choice = request.parameters.get("tool_choice")
    forced = choice == "required" or isinstance(choice, dict)
    if forced and request.thinking:
        return invalid(
            "The tool_choice parameter does not support being set to required or object in thinking"
            " mode",
            prefix=False,
        )
    if isinstance(choice, dict) and _are_objects([choice], function=dict):
        names = [tool["name"] for tool in request.tools]
        if choice["function"].get("name") in names:
            return None
        return invalid("tool_choice names no function of tools.")  # invented
    if choice not in (None, "none", "auto"):
        return invalid('tool_choice is one of the strings that should be ["none", "auto"]')
    return None


def _check_thinking(request: ChatRequest, facts: ModelFacts) -> Refusal | None:
    if facts.thinking_only and not request.thinking:
        return invalid("The value of the enable_thinking parameter is restricted to True.")
    return None


def _check_native(request: ChatRequest, facts: ModelFacts) -> Refusal | None:
    """Refuse what the DashScope protocol cannot carry: its defaults fit a bare text only."""
    if not request.native:
        return None
    if request.parameters.get("result_format") not in (None, "text", "message"):
        return invalid('result_format should be "text" or "message".')  # invented
    if request.thinking and request.wants_text:
        return invalid('The result_format parameter must be "message" when enable_thinking is true')
    if request.tools and request.wants_text:
        return invalid(
            'The result_format parameter must be "message" when tools is set'
        )  # invented
    incremental = request.parameters.get("incremental_output")
    if incremental not in (None, True, False):
        return invalid("incremental_output should be a boolean.")  # invented
    if request.thinking and request.stream and not incremental:
        return invalid(
            'The incremental_output parameter must be "true" when enable_thinking is true'
        )
    return None


# Length, and loops.


def _check_length(request: ChatRequest, facts: ModelFacts) -> Refusal | None:
    if prompt_tokens(request, facts) > facts.max_input:
        return invalid(f"Range of input length should be [1, {facts.max_input}]")
    return None


def _check_repetition(request: ChatRequest, facts: ModelFacts) -> Refusal | None:
    rounds = list(_rounds(request.messages))
    longest = max((len(list(group)) for name, group in groupby(rounds) if name), default=0)
    if longest < _REPEATED_ROUNDS:
        return None
    return invalid(
        "Repetitive tool calls detected in the conversation history. The same tool call with"
        " identical name and arguments has been repeated across multiple consecutive rounds. Please"
        " modify your request or adjust the tool call arguments to avoid infinite loops."
    )


def _rounds(messages: Sequence[Json]) -> Iterator[str]:
    """Yield what each round called, and an empty string where the user spoke in between."""
    for message in messages:
        if message["role"] == "user":
            yield ""
        elif message.get("tool_calls"):
            yield _call_names(message["tool_calls"])


def _call_names(calls: Sequence[Json]) -> str:
    """Return what two rounds have in common if they call the same: names and arguments."""
    functions = [call["function"] for call in calls]
    return json.dumps([(one["name"], one["arguments"]) for one in functions])


_CHECKS: tuple[Check, ...] = (
    _check_presence,
    _check_order,
    _check_ranges,
    _check_json_mode,
    _check_tools,
    _check_tool_choice,
    _check_thinking,
    _check_native,
    _check_length,
    _check_repetition,
)
