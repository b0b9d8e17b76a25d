"""The JSON of a chunk, a frame or a whole reply, whichever protocol it is in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from glm_notebook.simulator.sse import Event, Item

Json = Mapping[str, Any]


def choices(payload: Json) -> Sequence[Json]:
    """Return the choices: in the DashScope protocol they stand in the output."""
    return payload.get("output", payload).get("choices") or ()


def with_choices(payload: Json, value: Sequence[Json] | None) -> Json:
    """Return a payload with other choices."""
    if "output" in payload:
        return {**payload, "output": {**payload["output"], "choices": value}}
    return {**payload, "choices": value}


def message_key(choice: Json) -> str:
    """Return what the message is called in a choice."""
    return "delta" if "delta" in choice else "message"


def with_message(payload: Json, message: Json | None) -> Json:
    """Return a payload with another message, if it has a choice."""
    return with_choices(payload, [{**c, message_key(c): message} for c in choices(payload)])


def is_choice(item: Item) -> bool:
    """Tell whether an item is an event with a choice."""
    return isinstance(item, Event) and item.is_json and bool(choices(cast(Json, item.payload)))


def is_finish(item: Item) -> bool:
    """Tell whether an item is an event with a finish reason."""
    if not is_choice(item):
        return False
    payload = cast(Json, cast(Event, item).payload)
    return choices(payload)[0].get("finish_reason") not in (None, "null", "")
