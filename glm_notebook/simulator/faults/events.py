"""Faults of the JSON in the events of a stream, and of events too many or too few."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import cycle, islice
from typing import Any, cast

from glm_notebook.simulator.faults import payloads
from glm_notebook.simulator.faults.registry import Context, fault
from glm_notebook.simulator.sse import Event, Item, Raw

Json = Mapping[str, Any]
Items = Iterator[Item]

_EMPTY: tuple[Json, ...] = (
    {},
    {"content": ""},
    {"content": None, "reasoning_content": None, "tool_calls": None, "role": None},
)


def _each(items: Items, change: Callable[[Json], Json]) -> Items:
    """Change what every event with a choice holds."""
    for item in items:
        if payloads.is_choice(item):
            event = cast(Event, item)
            item = replace(event, payload=change(cast(Json, event.payload)))
        yield item


def _after(items: Items, k: int, make: Callable[[Event], Items]) -> Items:
    """Add items after the k-th event, made from it, or after the last event if there are fewer."""
    last: Event | None = None
    for number, item in enumerate(items, start=1):
        yield item
        if isinstance(item, Event) and item.is_json:
            last = item
            if number == k:
                yield from make(item)
                yield from items
                return
    if last is not None:
        yield from make(last)


@fault("empty-finish", "payload")
def _empty_finish(payload: Json) -> Json:
    """Write an empty string where the finish reason is null."""
    return payloads.with_choices(payload, [_with_reason(c) for c in payloads.choices(payload)])


def _with_reason(choice: Json) -> Json:
    reason = choice.get("finish_reason")
    return {**choice, "finish_reason": "" if reason in (None, "null") else reason}


@fault("object-arguments", "payload")
def _object_arguments(payload: Json) -> Json:
    """Write the arguments of tool calls as objects rather than strings, where they are complete."""
    for choice in payloads.choices(payload):
        message = choice[payloads.message_key(choice)]
        if calls := message.get("tool_calls"):
            message = {**message, "tool_calls": [_with_object(call) for call in calls]}
            payload = payloads.with_message(payload, message)
    return payload


def _with_object(call: Json) -> Json:
    function = call["function"]
    try:
        arguments = json.loads(function["arguments"])
    except (TypeError, ValueError):  # an object already, or only a part
        return call
    return {**call, "function": {**function, "arguments": arguments}}


@fault("null-choices", "events")
def _null_choices(items: Items, context: Context) -> Items:
    """Send an event whose choices are null after the first event."""
    return _after(items, 1, lambda e: _copy(e, payloads.with_choices(_json(e), None)))


@fault("null-delta", "events")
def _null_delta(items: Items, context: Context) -> Items:
    """Send an event whose delta or message is null after the first event."""
    return _after(items, 1, lambda e: _copy(e, payloads.with_message(_json(e), None)))


@fault("no-choices", "events")
def _no_choices(items: Items, context: Context, k: int) -> Items:
    """Send an event with an empty list of choices after k events."""
    return _after(items, k, lambda e: _copy(e, payloads.with_choices(_json(e), [])))


@fault("empty-deltas", "events")
def _empty_deltas(items: Items, context: Context, n: int) -> Items:
    """Send n events that say nothing after the first event: empty, empty strings, nulls."""
    return _after(items, 1, lambda e: _without_words(e, n))


def _without_words(event: Event, n: int) -> Items:
    for message in islice(cycle(_EMPTY), n):
        yield from _copy(event, payloads.with_message(_json(event), message))


def _json(event: Event) -> Json:
    return cast(Json, event.payload)


def _copy(event: Event, payload: Json) -> Items:
    yield replace(event, payload=payload)


@fault("message-for-delta", "events")
def _message_for_delta(items: Items, context: Context) -> Items:
    """Call the delta of each event `message`, or the message `delta` where that is the protocol's."""
    return _each(items, _swapped)


def _swapped(payload: Json) -> Json:
    names = {"delta": "message", "message": "delta"}
    swapped = [{names.get(k, k): v for k, v in c.items()} for c in payloads.choices(payload)]
    return payloads.with_choices(payload, swapped)


@fault("finish-twice", "events")
def _finish_twice(items: Items, context: Context) -> Items:
    """Send the event with the finish reason twice."""
    for item in items:
        yield item
        if payloads.is_finish(item):
            yield item


@fault("usage-after-finish", "events")
def _usage_after_finish(items: Items, context: Context) -> Items:
    """Send the usage by itself after the finish reason, whether it was asked for or not."""
    for number, item in enumerate(items, start=1):
        yield item
        if payloads.is_finish(item):
            yield replace(context.usage(number), at_token=cast(Event, item).at_token)


@fault("usage-with-finish", "events")
def _usage_with_finish(items: Items, context: Context) -> Items:
    """Send the usage with the finish reason, whether it was asked for or not."""
    for item in items:
        if payloads.is_finish(item):
            event = cast(Event, item)
            usage = _json(context.usage(0))["usage"]
            item = replace(event, payload={**_json(event), "usage": usage})
        yield item


@fault("no-done", "events")
def _no_done(items: Items, context: Context) -> Items:
    """End without [DONE]; the DashScope protocol always does."""
    return (item for item in items if not (isinstance(item, Event) and item.payload == "[DONE]"))


@fault("after-done", "events")
def _after_done(items: Items, context: Context) -> Items:
    """Send a line of text after the end of the stream."""
    yield from items
    yield Raw(b"data: that was all\n\n")


@fault("bad-json", "events")
def _bad_json(items: Items, context: Context, k: int, n: int = 1) -> Items:
    """Break the JSON of n events off in the middle (1 unless given), after k events."""
    for number, item in enumerate(items):
        if isinstance(item, Event) and k <= number < k + n:
            data = item.data()
            text = data[: len(data) // 2].decode("utf-8", "ignore")
            item = replace(item, payload=text)
        yield item
