"""Faults of the bytes: how events are framed, and how a body is written and read."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

from glm_notebook.simulator.faults.registry import Context, fault
from glm_notebook.simulator.sse import Event, Item, Raw, Wire

Items = Iterator[Item]

_COMMENTS = (b": ping", b": keep-alive", b":HTTP_STATUS/200", b": OPENROUTER PROCESSING", b":")
_TEXT = re.compile(rb'("(?:content|reasoning_content|text)":")(?=[^"])')
_GZIP = 31  # zlib's name for a window of the usual size with the head and the tail of gzip


def _each(items: Items, change: Callable[[bytes], bytes]) -> Items:
    """Change the bytes of every item."""
    for item in items:
        if isinstance(item, Event | Raw):
            item = Raw(change(item.encode()), item.at_token)
        yield item


# How events are framed.


@fault("no-space", "events")
def _no_space(items: Items, context: Context) -> Items:
    """Leave out the space after the colon; the DashScope protocol always does."""
    return (_with_colon(item, ":") for item in items)


@fault("space", "events")
def _space(items: Items, context: Context) -> Items:
    """Put a space after the colon; the OpenAI-compatible protocol always does."""
    return (_with_colon(item, ": ") for item in items)


def _with_colon(item: Item, colon: str) -> Item:
    if not isinstance(item, Event):
        return item
    head = [_respaced(line, colon) for line in item.head]
    return replace(item, head=head, colon=colon)


def _respaced(line: str, colon: str) -> str:
    """Return a line with another colon; comments, which begin with theirs, stay as they are."""
    name, _, value = line.partition(":")
    return f"{name}{colon}{value.lstrip()}" if name else line


@fault("data-lines", "events")
def _data_lines(items: Items, context: Context) -> Items:
    """Spread the JSON of each event over several lines of data."""
    for item in items:
        if isinstance(item, Event) and not isinstance(item.payload, str):
            item = replace(item, payload=json.dumps(item.payload, indent=0))
        yield item


@fault("comments", "events")
def _comments(items: Items, context: Context) -> Items:
    """Send comments before each event, and a comment among its lines."""
    for item in items:
        if isinstance(item, Event):
            yield Raw(b"\n".join(_COMMENTS) + b"\n\n", item.at_token)
            item = replace(item, head=(": among the lines", *item.head))
        yield item


@fault("other-fields", "events")
def _other_fields(items: Items, context: Context) -> Items:
    """Send fields that nobody asked for with each event: id, retry, status, and unknown ones."""
    for number, item in enumerate(items, start=1):
        if isinstance(item, Event):
            extra = ("retry: 3000", "status:200", "unknown: field", "unknown")
            item = replace(item, head=(f"id: {number}", *item.head, *extra))
        yield item


@fault("odd-json", "bytes")
def _odd_json(items: Items) -> Items:
    """Put a key that comes twice, a number of many digits, and NaN into each object."""
    odd = b'{"odd":1,"odd":12345678901234567890123456789012345678901234567890,"odder":NaN,'
    return _each(items, lambda data: data.replace(b"{", odd, 1))


@fault("raw-controls", "bytes")
def _raw_controls(items: Items) -> Items:
    """Put a vertical tab and a form feed into each text as they are, which JSON forbids."""
    return _each(items, lambda data: _TEXT.sub(b"\\1\x0b\x0c", data))


@fault("bad-utf8", "bytes")
def _bad_utf8(items: Items) -> Items:
    """Put a byte that is no UTF-8 before each text."""
    return _each(items, lambda data: _TEXT.sub(b"\\1\xff", data))


# How a body is written.


@fault("crlf", "bytes")
def _crlf(items: Items) -> Items:
    """End lines with CR LF; with `one-byte` they come apart."""
    return _each(items, lambda data: data.replace(b"\n", b"\r\n"))


@fault("cr", "bytes")
def _cr(items: Items) -> Items:
    """End lines with CR alone."""
    return _each(items, lambda data: data.replace(b"\n", b"\r"))


@fault("bom", "bytes")
def _bom(items: Items) -> Items:
    """Begin the body with a byte order mark."""
    yield Raw(b"\xef\xbb\xbf")
    yield from items


@fault("blank-lines", "bytes")
def _blank_lines(items: Items) -> Items:
    """Begin the body with blank lines and spaces."""
    yield Raw(b"\n\n  \n\n")
    yield from items


@fault("gzip", "bytes", headers={"content-encoding": "gzip"})
def _gzip(items: Items) -> Items:
    """Compress the body, event by event."""
    compress = zlib.compressobj(wbits=_GZIP)
    for item in items:
        if isinstance(item, Event | Raw):
            data = compress.compress(item.encode()) + compress.flush(zlib.Z_SYNC_FLUSH)
            item = Raw(data, item.at_token)
        yield item
    yield Raw(compress.flush())


@fault("one-byte", "wire")
def _one_byte(wire: Wire) -> Wire:
    """Write every byte by itself."""
    return replace(wire, one_byte=True)
