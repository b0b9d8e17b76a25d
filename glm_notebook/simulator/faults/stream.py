"""Faults of a stream that stops, breaks or begins again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from glm_notebook.simulator.faults.registry import Context, fault
from glm_notebook.simulator.refusals import Refusal, documented_code
from glm_notebook.simulator.sse import Cut, Event, Item, Raw, Stall

Items = Iterator[Item]


def _first(items: Items, k: int) -> Items:
    """Yield the first `k` items and leave the others."""
    for _ in range(k):
        item = next(items, None)
        if item is None:
            return
        yield item


@fault("cut", "items")
def _cut(items: Items, context: Context, k: int) -> Items:
    """Break the connection after k events, in the middle of a chunked body."""
    yield from _first(items, k)
    yield Cut()


@fault("cut-close", "items", close_delimited=True)
def _cut_close(items: Items, context: Context, k: int) -> Items:
    """Break the connection after k events of a body that is delimited by its end only."""
    return _cut(items, context, k)


@fault("hang-up", "items", speechless=True)
def _hang_up(items: Items, context: Context) -> Items:
    """Break the connection before any response."""
    yield Cut()


@fault("cut-event", "items")
def _cut_event(items: Items, context: Context, k: int) -> Items:
    """End the body, as if all were well, in the middle of event k+1."""
    yield from _first(items, k)
    item = next(items, None)
    if isinstance(item, Event | Raw):
        data = item.encode()
        yield Raw(data[: len(data) // 2], item.at_token)


@fault("no-blank-line", "events")
def _no_blank_line(items: Items, context: Context) -> Items:
    """End without the line break and the blank line that end the last event."""
    last = next(items, None)
    for item in items:
        if last is not None:
            yield last
        last = item
    if isinstance(last, Event):
        yield Raw(last.encode().rstrip(b"\n"), last.at_token)


@fault("stall", "items")
def _stall(items: Items, context: Context, k: int, seconds: float | None = None) -> Items:
    """Fall silent after k events, for some seconds or until the client goes."""
    yield from _first(items, k)
    yield Stall(seconds)
    yield from items


@fault("keep-alive", "events")
def _keep_alive(items: Items, context: Context, k: int, n: int, seconds: float) -> Items:
    """Send nothing but n comments after k events, each after some seconds."""
    yield from _first(items, k)
    for _ in range(n):
        yield Stall(seconds)
        yield Raw(b": keep-alive\n\n")
    yield from items


_INSPECTED = replace(
    documented_code("data_inspection_failed"),
    message="Output data may contain inappropriate content.",
)


@fault("error-after", "events")
def _error_after(items: Items, context: Context, k: int, code: Refusal = _INSPECTED) -> Items:
    """Send an error inside the stream after k events, and end without [DONE]."""
    return _ending(items, k, lambda: context.error(code, k))


@fault("error-text", "events")
def _error_text(items: Items, context: Context, k: int) -> Items:
    """Send an event called error that holds no JSON after k events, and end."""
    return _ending(items, k, lambda: Event("upstream connect error", head=("event: error",)))


def _ending(items: Items, k: int, make: Callable[[], Event]) -> Items:
    """Yield the first `k` items and then, when the next is due, one that ends it all."""
    at_token = 0
    for item in _first(items, k):
        at_token = getattr(item, "at_token", at_token)
        yield item
    yield replace(make(), at_token=at_token)


@fault("restart", "events")
def _restart(items: Items, context: Context, k: int) -> Items:
    """Break event k+1 off in the middle and begin again in the same line, with a new id."""
    every = list(items)
    yield from every[:k]
    broken = every[k] if k < len(every) else None
    if not isinstance(broken, Event):
        return
    data = broken.encode_data().rstrip(b"\n")
    half = broken.encode_head() + data[: len(data) // 2]
    again = _renamed(every, context.renamed, context.new_id())
    first = next(again)
    yield Raw(half + replace(first, head=()).encode(), broken.at_token)
    for event in again:
        yield replace(event, at_token=event.at_token + broken.at_token)


def _renamed(
    items: list[Item], rename: Callable[[Mapping[str, Any], str], Mapping[str, Any]], id: str
) -> Iterator[Event]:
    """Yield the events of a stream as if they belonged to the reply to another request."""
    for item in items:
        if isinstance(item, Event):
            known = item.payload
            yield item if isinstance(known, str) else replace(item, payload=rename(known, id))
