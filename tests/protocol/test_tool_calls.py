from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from glm_notebook.messages import ToolCall
from glm_notebook.protocol.deltas import ToolCallDelta
from glm_notebook.protocol.tool_calls import ToolCallSlots


def merged(deltas: Sequence[ToolCallDelta]) -> ToolCallSlots:
    slots = ToolCallSlots()
    for delta in deltas:
        slot, _ = slots.find(delta)
        slot.merge(delta)
    return slots


D = ToolCallDelta
C = ToolCall
TABLE: dict[str, tuple[list[ToolCallDelta], list[ToolCall]]] = {
    "no call": ([], []),
    "a call in one piece": ([D(0, "k", "f", '{"a":1}')], [C("k", "f", '{"a":1}')]),
    "later pieces without id and name": (
        [D(0, "k", "f", ""), D(0, "", "", '{"a"'), D(0, "", "", ":1}"), D(0, "", "", "")],
        [C("k", "f", '{"a":1}')],
    ),
    "calls one after the other": (
        [D(0, "k", "f", "{"), D(0, "", "", "}"), D(1, "l", "g", "{}")],
        [C("k", "f", "{}"), C("l", "g", "{}")],
    ),
    "calls interleaved": (
        [
            D(0, "k", "f", ""),
            D(1, "l", "g", ""),
            D(1, "", "", '{"b'),
            D(0, "", "", '{"a'),
            D(1, "", "", '":2}'),
            D(0, "", "", '":1}'),
        ],
        [C("k", "f", '{"a":1}'), C("l", "g", '{"b":2}')],
    ),
    "indices that begin elsewhere, in any order": (
        [D(7, "k", "f", "{}"), D(3, "l", "g", "{}")],
        [C("k", "f", "{}"), C("l", "g", "{}")],
    ),
    "the same index for several calls": (
        [D(0, "k", "f", "{}"), D(0, "l", "g", "{"), D(0, "", "", "}"), D(0, "m", "f", "{}")],
        [C("k", "f", "{}"), C("l", "g", "{}"), C("m", "f", "{}")],
    ),
    "the same index for calls without arguments": (
        [D(0, "k", "f", ""), D(0, "l", "g", "")],
        [C("k", "f", "{}"), C("l", "g", "{}")],
    ),
    "the same index and the same function": (
        [D(0, "k", "f", '{"a":1}'), D(0, "l", "f", '{"a":2}')],
        [C("k", "f", '{"a":1}'), C("l", "f", '{"a":2}')],
    ),
    "a new id with every piece": (
        [D(0, "k1", "f", ""), D(0, "k2", "f", '{"a"'), D(0, "k3", "f", ":1}"), D(0, "k4", "", "")],
        [C("k1", "f", '{"a":1}')],
    ),
    "a new id and a name after arguments that look whole but are not": (
        [D(0, "k1", "f", '{"a":{}'), D(0, "k2", "f", "}")],
        [C("k1", "f", '{"a":{}}')],
    ),
    "the id comes late": ([D(0, "", "f", "{"), D(0, "k", "", "}")], [C("k", "f", "{}")]),
    "the id comes late, with the name again": (
        [D(0, "", "f", "{}"), D(0, "k", "f", "")],
        [C("k", "f", "{}")],
    ),
    "the name comes late": ([D(0, "k", "", ""), D(0, "", "f", "{}")], [C("k", "f", "{}")]),
    "the name repeated": (
        [D(0, "k", "f", ""), D(0, "k", "f", "{}"), D(0, "k", "f", "")],
        [C("k", "f", "{}")],
    ),
    "the name in parts": (
        [D(0, "k", "get_", ""), D(0, "", "weather", ""), D(0, "", "", "{}")],
        [C("k", "get_weather", "{}")],
    ),
    "another name after the arguments began": (
        [D(0, "k", "f", "{"), D(0, "k", "g", "}")],
        [C("k", "f", "{}")],
    ),
    "no index: by the id": (
        [
            D(None, "k", "f", "{"),
            D(None, "l", "g", "{"),
            D(None, "k", "", "}"),
            D(None, "l", "", "}"),
        ],
        [C("k", "f", "{}"), C("l", "g", "{}")],
    ),
    "no index and no id: the last one": (
        [
            D(None, "k", "f", "{"),
            D(None, "", "", "}"),
            D(None, "l", "g", ""),
            D(None, "", "", "{}"),
        ],
        [C("k", "f", "{}"), C("l", "g", "{}")],
    ),
    "the index is lost on the way": (
        [D(0, "k", "f", "{"), D(None, "k", "", "}")],
        [C("k", "f", "{}")],
    ),
    "no arguments": ([D(0, "k", "f", ""), D(0, "", "", " \n")], [C("k", "f", "{}")]),
    "arguments that are no JSON are kept": ([D(0, "k", "f", '{"a":')], [C("k", "f", '{"a":')]),
    "a slot that never got a name or an id": (
        [D(0, "", "", "{}"), D(1, "k", "f", "{}")],
        [C("k", "f", "{}")],
    ),
    "an id without a name": ([D(0, "k", "", "")], [C("k", "", "{}")]),
    "a surrogate pair in two pieces": (
        [D(0, "k", "f", '"\ud83d'), D(0, "", "", '\ude00"')],
        [C("k", "f", '"😀"')],
    ),
    "half a character in the middle": (
        [D(0, "k", "f", '"\ud83d'), D(0, "", "", 'a"')],
        [C("k", "f", '"\ufffda"')],
    ),
    "half a character at the end": ([D(0, "k", "f", '"a\ud83d')], [C("k", "f", '"a')]),
    "pairs in two calls at once": (
        [
            D(0, "k", "f", "\ud83d"),
            D(1, "l", "g", "\ud83d"),
            D(0, "", "", "\ude00"),
            D(1, "", "", "\ude80"),
        ],
        [C("k", "f", "😀"), C("l", "g", "🚀")],
    ),
}


@pytest.mark.parametrize(("deltas", "calls"), TABLE.values(), ids=TABLE.keys())
def test_pieces_are_put_together(deltas: list[ToolCallDelta], calls: list[ToolCall]) -> None:
    assert merged(deltas).finished() == calls


def test_a_missing_id_is_made_up_once() -> None:
    slots = merged([D(0, "", "f", "{}"), D(1, "", "g", "{}")])
    first, second = slots.finished()
    assert first.id.startswith("call_")
    assert first.id != second.id
    assert slots.finished() == [first, second]


def test_an_id_that_comes_after_all_replaces_the_made_up_one() -> None:
    slots = merged([D(0, "", "f", "{}")])
    slots.finished()
    slots.slots[0].merge(D(0, "k", "", ""))
    assert slots.finished() == [C("k", "f", "{}")]


def test_pieces_say_what_the_arguments_grew_by() -> None:
    slots = ToolCallSlots()
    slot, new = slots.find(D(0, "k", "f", ""))
    assert new
    assert slot.merge(D(0, "k", "f", "")) == ""
    assert slot.merge(D(0, "", "", "a\ud83d")) == "a"
    assert slots.find(D(0, "", "", "x")) == (slot, False)
    assert slot.merge(D(0, "", "", "\ude00")) == "😀"
    assert slot.arguments == "a😀"


@pytest.mark.parametrize(
    ("arguments", "whole"),
    [
        ("", False),
        ("{", False),
        ("{}", True),
        (' {"a": 1}\n', True),
        ("[]", False),
        ("1", False),
        ('"}', False),
        ("{}}", False),
        ("[" * 5000 + "}", False),
    ],
)
def test_a_call_is_whole_when_its_arguments_are_an_object(arguments: str, whole: bool) -> None:
    slots = merged([D(0, "k", "f", arguments)])
    assert slots.slots[0].is_whole is whole


def test_large_arguments_with_a_new_id_for_every_piece_are_parsed_rarely(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parsed: list[int] = []
    loads = json.loads

    def counted(text: str) -> object:
        parsed.append(len(text))
        return loads(text)

    monkeypatch.setattr("glm_notebook.protocol.tool_calls.json.loads", counted)
    text = json.dumps({"a": ["x"] * 3_000})
    slots = merged([D(0, f"k{n}", "f", text[n : n + 3]) for n in range(0, len(text), 3)])
    assert slots.finished() == [C("k0", "f", text)]
    assert parsed == []
