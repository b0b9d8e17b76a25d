from __future__ import annotations

import tracemalloc
from collections.abc import Iterable
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glm_notebook.errors import ProtocolError
from glm_notebook.protocol.sse import SSEEvent, SSEParser


def parse(pieces: Iterable[bytes], max_event_bytes: int = 1_000) -> list[SSEEvent]:
    parser = SSEParser(max_event_bytes)
    events = [event for piece in pieces for event in parser.feed(piece)]
    return events + parser.close()


def event(data: str, name: str = "", status: int | None = None) -> SSEEvent:
    return SSEEvent(name, data, status)


class Row(NamedTuple):
    says: str
    body: bytes
    events: list[SSEEvent]


TABLE = (
    Row("nothing", b"", []),
    Row("one event", b"data: a\n\n", [event("a")]),
    Row("no space after the colon", b"data:a\n\n", [event("a")]),
    Row("one space is dropped, another kept", b"data:  a \n\n", [event(" a ")]),
    Row("a tab is kept", b"data:\ta\n\n", [event("\ta")]),
    Row("two events", b"data: a\n\ndata: b\n\n", [event("a"), event("b")]),
    Row("lines of one event", b"data: a\ndata:b\ndata\ndata:\n\n", [event("a\nb\n\n")]),
    Row("an event with an empty line of data", b"data\n\n", [event("")]),
    Row("CRLF", b"data: a\r\ndata: b\r\n\r\n", [event("a\nb")]),
    Row("CR", b"data: a\rdata: b\r\r", [event("a\nb")]),
    Row("LF CR", b"data: a\n\rdata: b\n\r", [event("a"), event("b")]),
    Row("CR CRLF", b"data: a\r\r\ndata: b\r\n\n", [event("a"), event("b")]),
    Row("several blank lines", b"\n\ndata: a\n\n\n\ndata: b\n\n", [event("a"), event("b")]),
    Row("a name", b"event: error\ndata: a\n\n", [event("a", "error")]),
    Row("a name of its own event only", b"event:x\n\ndata: a\n\n", [event("a")]),
    Row("the last name", b"event:x\nevent: y\ndata: a\n\n", [event("a", "y")]),
    Row("a name without a colon is empty", b"event:x\nevent\ndata: a\n\n", [event("a")]),
    Row("a name that is no UTF-8", b"event:\xff\ndata: a\n\n", [event("a", "\ufffd")]),
    Row("id and retry are not kept", b"id: 1\nretry: 5\ndata: a\n\nid: 2\n\n", [event("a")]),
    Row("fields nobody knows", b"foo: b\ndata2: c\n data: d\ndata: a\n\n", [event("a")]),
    Row("comments", b": ping\n\n:\ndata: a\n: data: b\n\n", [event("a")]),
    Row("a status in a comment", b":HTTP_STATUS/400\ndata: a\n\n", [event("a", status=400)]),
    Row("with white space", b":HTTP_STATUS/ 429 \ndata: a\n\n", [event("a", status=429)]),
    Row("a status in a field", b"status: 500\ndata: a\n\n", [event("a", status=500)]),
    Row("no status", b":HTTP_STATUS/4000\nstatus:abc\nstatus:\ndata: a\n\n", [event("a")]),
    Row("digits of other scripts", ":HTTP_STATUS/٤٠٠\ndata: a\n\n".encode(), [event("a")]),
    Row("a status of its own event only", b":HTTP_STATUS/400\n\ndata: a\n\n", [event("a")]),
    Row("BOM", b"\xef\xbb\xbfdata: a\n\n", [event("a")]),
    Row(
        "a second BOM is the line's",
        b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n",
        [event("b")],
    ),
    Row("a BOM elsewhere is text", b"data: \xef\xbb\xbfa\n\n", [event("\ufeffa")]),
    Row("half a BOM", b"\xef\xbb", []),
    Row("what only begins like a BOM", b"\xef\xbbx\ndata: a\n\n", [event("a")]),
    Row(
        "characters that are line ends elsewhere",
        "data: a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg\x1dh\x1ei\n\n".encode(),
        [event("a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg\x1dh\x1ei")],
    ),
    Row("NUL", b"data: a\0b\n\n", [event("a\0b")]),
    Row(
        "bytes that are no UTF-8", b"data: a\xe6\x95\ndata: \x95b\n\n", [event("a\ufffd\n\ufffdb")]
    ),
    Row("no blank line at the end", b"data: a\n", [event("a")]),
    Row("no line end at the end", b"data: a", [event("a")]),
    Row("half a field at the end", b"data: a\nda", [event("a")]),
    Row("a comment at the end", b"data: a\n\n: bye", [event("a")]),
    Row("a name at the end is no event", b"event: error", []),
)
ROWS = pytest.mark.parametrize("row", TABLE, ids=[row.says for row in TABLE])


@ROWS
def test_bytes_give_their_events(row: Row) -> None:
    assert parse([row.body]) == row.events


@ROWS
def test_a_cut_changes_nothing(row: Row) -> None:
    assert parse(bytes([byte]) for byte in row.body) == row.events
    for a in range(len(row.body) + 1):
        for b in range(a, len(row.body) + 1):
            assert parse([row.body[:a], row.body[a:b], b"", row.body[b:]]) == row.events, (a, b)


PIECES = (b"data", b":", b" ", b"a", b"\n", b"\r", b"\xef\xbb\xbf", b"event: x\n", b"status:400\n")


@given(st.lists(st.sampled_from(PIECES), max_size=30), st.integers(4, 40))
def test_property_any_cut_gives_the_same_events_or_the_same_error(
    pieces: list[bytes], cap: int
) -> None:
    def outcome(cut: Iterable[bytes]) -> tuple[list[SSEEvent], str]:
        parser, events = SSEParser(cap), list[SSEEvent]()
        try:
            for piece in cut:
                events += parser.feed(piece)
            events += parser.close()
        except ProtocolError as error:
            return events, error.message
        return events, ""

    body = b"".join(pieces)
    whole = outcome([body])
    assert outcome(pieces) == whole
    assert outcome(bytes([byte]) for byte in body) == whole


def test_an_event_that_ends_in_cr_does_not_wait_for_the_next_byte() -> None:
    parser = SSEParser()
    assert parser.feed(b"data: a\r\r") == [event("a")]
    assert parser.feed(b"\ndata: b\r") == []
    assert parser.feed(b"\n\r") == [event("b")]
    assert parser.feed(b"\n") == []


def test_an_event_comes_with_its_blank_line() -> None:
    parser = SSEParser()
    assert parser.feed(b"data: a\n") == []
    assert parser.feed(b"\ndata: b\n\nda") == [event("a"), event("b")]
    assert parser.feed(b"ta: c") == []
    assert parser.close() == [event("c")]
    assert parser.close() == []


MESSAGE = "One event of the stream is larger than 1,000 bytes."


@pytest.mark.parametrize(
    "body",
    [
        b"data: " + b"x" * 995,
        b"data: " + b"x" * 995 + b"\n\n",
        b"data: " + b"x" * 490 + b"\ndata:" + b"y" * 500,
        b"data: x\n" * 143,
        b"data\n" * 251,
        b": " + b"x" * 999,
        b"event: " + b"x" * 994 + b"\n",
        b"x" * 1001,
    ],
)
def test_an_event_above_the_cap_is_an_error_however_it_comes(body: bytes) -> None:
    for pieces in ([body], [bytes([byte]) for byte in body], [body[:500], body[500:]]):
        with pytest.raises(ProtocolError) as raised:
            parse(pieces)
        assert raised.value.message == MESSAGE
        assert raised.value.remedy == "Ask for a shorter answer."


def test_an_event_of_the_very_cap_is_none() -> None:
    data = b"x" * 994
    body = b"data: " + data + b"\n\n"
    assert parse([body * 3]) == [event(data.decode())] * 3
    assert parse(bytes([byte]) for byte in body * 2) == [event(data.decode())] * 2


def test_events_before_one_above_the_cap_are_not_lost() -> None:
    parser = SSEParser(10)
    assert parser.feed(b"data: a\n\ndata: 1234567\n\ndata: b\n\n") == [event("a")]
    for _ in range(2):
        with pytest.raises(ProtocolError):
            parser.feed(b"\n\ndata: c\n\n")
    with pytest.raises(ProtocolError):
        parser.close()


def peak_bytes(n: int) -> int:
    """Return the most memory that a line of n bytes takes when it comes byte by byte."""
    parser = SSEParser(n + 100)
    parser.feed(b"data: ")
    tracemalloc.start()
    try:
        for _ in range(n):
            parser.feed(b"x")
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_line_in_single_bytes_is_held_in_little_more_than_its_own_size() -> None:
    n = 100_000
    assert peak_bytes(n) < 3 * n


class Counted(bytes):
    """Bytes that count how many of them are looked at or copied by the parser's own methods."""

    touched = 0

    def split(self, *args: object, **kwargs: object) -> list[bytes]:
        Counted.touched += len(self)
        return super().split(*args)  # type: ignore[arg-type]

    def __contains__(self, key: object) -> bool:
        Counted.touched += len(self)
        return super().__contains__(key)  # type: ignore[operator]


def touched_by(n: int) -> int:
    """Return how many bytes are searched for line ends in a line of n that comes byte by byte."""
    Counted.touched = 0
    parser = SSEParser()
    parser.feed(b"data: ")
    for _ in range(n):
        parser.feed(Counted(b"x"))
    assert parser.feed(b"\n\n") == [event("x" * n)]
    return Counted.touched


def test_a_line_in_single_bytes_is_searched_once() -> None:
    once, twice = touched_by(2_000), touched_by(4_000)
    assert once == 2 * 2_000  # for CR, and for LF
    assert twice == 2 * once


def test_a_line_in_single_bytes_is_never_copied_while_it_grows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copied: list[int] = []
    release = SSEParser._release

    def counted(self: SSEParser) -> bytes:
        held = release(self)
        copied.append(len(held))
        return held

    monkeypatch.setattr(SSEParser, "_release", counted)
    n = 3_000
    assert parse([b"data: ", *[b"x"] * n, b"\n\n"], 10_000) == [event("x" * n)]
    assert sum(copied) == len(b"data: ") + n
