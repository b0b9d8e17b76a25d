from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glm_notebook.protocol.channels import Channels, mended
from glm_notebook.protocol.deltas import (
    Delta,
    NoteDelta,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
)
from tests.protocol.captures import joined

CALL = ToolCallDelta(0, "k", "f", "{}")
PIECE = ToolCallDelta(0, "", "", "{}")
BY_ID = ToolCallDelta(0, "k", "", "")
BY_NAME = ToolCallDelta(0, "", "f", "")
NOTE = NoteDelta("n")
Step = Callable[[Channels], None]


def think(text: str) -> Step:
    return lambda channels: channels.think(text)


def write(text: str) -> Step:
    return lambda channels: channels.write(text)


def call(channels: Channels) -> None:
    channels.call(CALL)


def piece(channels: Channels) -> None:
    channels.call(PIECE)


def by_id(channels: Channels) -> None:
    channels.call(BY_ID)


def by_name(channels: Channels) -> None:
    channels.call(BY_NAME)


def note(channels: Channels) -> None:
    channels.add(NOTE)


def restart(channels: Channels) -> None:
    channels.restart()


def run(steps: Iterable[Step], *, take_each: bool = False) -> list[Delta]:
    channels = Channels()
    deltas: list[Delta] = []
    for step in steps:
        step(channels)
        if take_each:
            deltas += channels.take()
    channels.release()
    return joined(deltas + channels.take())


T, W = ThinkingDelta, TextDelta
TABLE: dict[str, tuple[list[Step], list[Delta]]] = {
    "nothing": ([], []),
    "neighbours are joined": ([think("a"), think("b"), write("c"), write("d")], [T("ab"), W("cd")]),
    "channels alternate": ([write("a"), think("b"), write("c")], [W("a"), T("b"), W("c")]),
    "empty pieces say nothing": ([think(""), write(""), write("a"), think("")], [W("a")]),
    "other deltas keep their place": (
        [think("a"), note, think("b"), write("c"), call, write("d")],
        [T("a"), NOTE, T("b"), W("c"), CALL, W("d")],
    ),
    "white space of a stretch that goes on": (
        [write("a"), note, write("\n"), write("b")],
        [W("a"), NOTE, W("\nb")],
    ),
    "white space after a call opens nothing": (
        [write("a"), call, write("\n"), call],
        [W("a"), CALL, CALL],
    ),
    "white space as thinking after a call": (
        [think("a"), call, think(" \n"), call],
        [T("a"), CALL, CALL],
    ),
    "white space after a call that has only an id": (
        [write("a"), by_id, write("\n")],
        [W("a"), BY_ID],
    ),
    "white space after a call that has only a name": (
        [write("a"), by_name, write("\n")],
        [W("a"), BY_NAME],
    ),
    "thinking after a call that has only an id": (
        [think("a"), by_id, think(" b")],
        [T("a"), BY_ID, T("b")],
    ),
    "thinking after a call that has only a name": (
        [think("a"), by_name, think(" b")],
        [T("a"), BY_NAME, T("b")],
    ),
    "blank lines are dropped, indentation is kept": ([write("\n \n"), write("  a")], [W("  a")]),
    "white space after a lone tag": ([write("</think>  a")], [W("a")]),
    "both tags in prose": ([write("Use <think> and </think>.")], [W("Use <think> and </think>.")]),
    "tags that follow each other": (
        [write("<think>a</think><think>b</think>c")],
        [T("ab"), W("c")],
    ),
    "the first and the last pair there are": (
        [write("\ud800"), write("\udc00"), write("\udbff"), write("\udfff")],
        [W("\U00010000\U0010ffff")],
    ),
    "white space after thinking opens nothing": ([think("a"), write(" "), think("b")], [T("ab")]),
    "thinking that begins with white space": ([think("\n "), think(" a"), think(" b")], [T("a b")]),
    "text between the pieces of one call goes on": (
        [call, write("a"), piece, write("\n"), write("b\ud83d"), piece, write("\ude00")],
        [CALL, W("a"), PIECE, W("\nb"), PIECE, W("😀")],
    ),
    "thinking between the pieces of one call goes on": (
        [call, think("a"), piece, think(" b")],
        [CALL, T("a"), PIECE, T(" b")],
    ),
    "a pair in two pieces": ([write("a\ud83d"), write("\ude00")], [W("a😀")]),
    "a pair at the very beginning": ([write("\ud83d"), write("\ude00")], [W("😀")]),
    "a pair in thinking": ([think("\ud83d"), think("\ude00")], [T("😀")]),
    "a pair with nothing between": ([write("a\ud83d"), write(""), write("\ude00")], [W("a😀")]),
    "halves that follow each other": ([write("\ud83d"), write("\ud83d\ude00")], [W("\ufffd😀")]),
    "halves in the wrong order": ([write("\ude00"), write("\ud83d")], [W("\ufffd\ufffd")]),
    "half a character before thinking": ([write("\ud83d"), think("a")], [W("\ufffd"), T("a")]),
    "half a character before an answer": ([think("a\ud83d"), write("b")], [T("a\ufffd"), W("b")]),
    "half a character before a call": ([write("a\ud83d"), call], [W("a\ufffd"), CALL]),
    "half a character at the end": ([think("a\ud83d")], [T("a\ufffd")]),
    "half a character after half a tag": ([write("<\ud83d")], [W("<\ufffd")]),
    "think tags": ([write("<think>a</think>b")], [T("a"), W("b")]),
    "white space around tags": ([write(" <think> a</think> "), write("\n b")], [T("a"), W("b")]),
    "a tag in single letters": ([write(c) for c in "<think>a</think>b"], [T("a"), W("b")]),
    "a tag that is never closed": ([write("<think>a</th")], [T("a</th")]),
    "half a tag and the end": ([write("\n<thi")], [W("<thi")]),
    "half a tag and a call": ([write("</thin"), call], [W("</thin"), CALL]),
    "half a tag and thinking": ([write("<t"), think("a")], [W("<t"), T("a")]),
    "thinking while inside of tags": ([write("<think>a</th"), think("b")], [T("a</thb")]),
    "words before a closing tag": ([write("a</think>b")], [T("a"), W("b")]),
    "words before one when something was shown": (
        [think("x"), write("a</think>b")],
        [T("x"), W("a</think>b")],
    ),
    "after a call": ([call, write("a</think>b")], [CALL, W("a</think>b")]),
    "a lone tag when something was shown": ([call, write("</think>b")], [CALL, W("b")]),
    "several closing tags": ([write("</think></think>"), write("</think>a")], [W("a")]),
    "tags in a second stretch": (
        [write("a"), call, write("<think>b</think>c")],
        [W("a"), CALL, T("b"), W("c")],
    ),
    "a tag in the middle": ([write("a"), write("<think>b</think>")], [W("a<think>b</think>")]),
    "a restart forgets what is held": (
        [think("a"), write("<th"), restart, write("b</think>c")],
        [T("a"), T("b"), W("c")],
    ),
    "a restart forgets half a character": (
        [write("a\ud83d"), restart, write("\ude00")],
        [W("a"), W("\ufffd")],
    ),
}
ROWS = pytest.mark.parametrize(("steps", "deltas"), TABLE.values(), ids=TABLE.keys())


@ROWS
def test_pieces_come_out_mended(steps: list[Step], deltas: list[Delta]) -> None:
    assert run(steps) == joined(deltas)


@ROWS
def test_taking_between_the_pieces_changes_nothing(steps: list[Step], deltas: list[Delta]) -> None:
    assert run(steps, take_each=True) == joined(deltas)


TEXT = st.text("ab \n<>/think\ud83d\ude00é", max_size=12) | st.sampled_from(("<think>", "</think>"))


@given(st.lists(TEXT, max_size=6), st.booleans())
def test_property_the_cut_of_an_opening_changes_nothing_where_tags_stand_first(
    texts: list[str], thought: bool
) -> None:
    # Words before a lone closing tag are told from an answer by coming in one piece with it, so not those.
    before: list[Step] = [think("x")] if thought else [call]
    whole = run([*before, write("".join(texts))])
    assert run([*before, *map(write, texts)], take_each=True) == whole
    assert run([*before, *map(write, "".join(texts))], take_each=True) == whole


@given(st.lists(st.tuples(st.booleans(), TEXT), max_size=8))
def test_property_no_delta_is_empty_or_holds_half_a_character(
    pieces: list[tuple[bool, str]],
) -> None:
    for delta in run(think(text) if thinks else write(text) for thinks, text in pieces):
        assert isinstance(delta, ThinkingDelta | TextDelta)
        assert delta.text.strip()
        delta.text.encode()


def test_it_is_known_whether_anything_can_be_seen() -> None:
    channels = Channels()
    channels.write(" <th")
    channels.add(NOTE)
    assert not channels.wrote
    channels.write("x")
    came = [channels.wrote]
    channels.take()
    came.append(channels.wrote)
    channels.restart()
    came.append(channels.wrote)
    channels.call(CALL)
    came.append(channels.wrote)
    assert came == [True, True, False, True]


def test_an_unclosed_tag_holds_no_more_than_a_tag_back() -> None:
    channels = Channels()
    channels.write("<think>abc")
    assert channels.take() == [ThinkingDelta("abc")]
    for _ in range(1_000):
        channels.write("abc </thin")
        assert channels._opening is not None
        assert len(channels._opening._held) <= len("</think>")


def test_blank_lines_are_not_kept_while_nothing_follows() -> None:
    channels = Channels()
    for _ in range(1_000):
        channels.write(" \n")
        assert channels._opening is not None
        assert channels._opening._held == ""


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("", ""),
        ("a", "a"),
        ("散", "散"),
        ("\ud83d\ude00", "😀"),
        ("\ud83da\ude00", "\ufffda\ufffd"),
    ],
)
def test_surrogates_are_joined_or_replaced(text: str, whole: str) -> None:
    assert mended(text) == whole
