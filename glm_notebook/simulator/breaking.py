"""Applying faults, stage by stage, to what is answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from glm_notebook.simulator.faults import Context, Fault, Stage
from glm_notebook.simulator.http import Response
from glm_notebook.simulator.sse import Event, Item, Raw

T = TypeVar("T")


def apply_stage(faults: Sequence[Fault], stage: Stage, subject: T) -> T:
    """Return a subject after all faults of one stage, in their order."""
    for fault in faults:
        if fault.kind.stage == stage:
            subject = fault.apply(subject)
    return subject


def break_response(
    faults: Sequence[Fault], response: Response, context: Context | None
) -> Response:
    """Apply the faults that concern what has been encoded.

    Parameters
    ----------
    faults : sequence of Fault
        In their order.
    response : Response
        A reply or a refusal.
    context : Context or None
        None if it is no stream of a reply: faults of events leave it alone.
    """
    length = response.length
    if length is not None:  # promised before anything is cut
        length = sum(map(_size, apply_stage(faults, "bytes", iter(response.items))))
    items = apply_stage(faults, "bytes", _break_items(faults, iter(response.items), context))
    headers, wire = response.headers, response.wire
    for fault in faults:
        headers = {**headers, **fault.kind.headers}
        wire = replace(wire, **fault.kind.wire)
    headers, wire = apply_stage(faults, "headers", headers), apply_stage(faults, "wire", wire)
    return replace(response, headers=headers, items=items, length=length, wire=wire)


def _break_items(
    faults: Sequence[Fault], items: Iterator[Item], context: Context | None
) -> Iterator[Item]:
    for fault in faults:
        match fault.kind.stage:
            case "payload" if context is not None:
                items = map(partial(_with_payload, fault), items)
            case "events" if context is not None:
                items = fault.apply(items, context)
            case "items":
                items = fault.apply(items, context)
    return items


def _with_payload(fault: Fault, item: Item) -> Item:
    if not isinstance(item, Event) or isinstance(item.payload, str):
        return item
    payload: Mapping[str, Any] = fault.apply(item.payload)
    return replace(item, payload=payload)


def _size(item: Item) -> int:
    return len(item.encode()) if isinstance(item, Event | Raw) else 0
