"""A length in tokens by a cheap rule, and texts cut to one.

The rule: four ASCII characters make a token, two of the other alphabets (Greek, Cyrillic, Arabic …), and one of
everything from U+0800 on (Chinese, kana, Hangul, emoji). The service's own tokenizer gives other figures. A length is
kept in quarters of a token, so that lengths of pieces add up. No I/O.
"""

from __future__ import annotations

import re

QUARTERS = 4
"""Of a token."""
ELLIPSIS = "…"

_LINE_END_WITHIN = 0.75
"""A text is cut at a line's end if that keeps this part of what would fit."""
_THREE_BYTES = re.compile("[\u0800-\uffff]")


def cost(text: str) -> int:
    """Return the length of a text in quarters of a token."""
    if text.isascii():
        return len(text)
    # UTF-8 has one byte for ASCII, two below U+0800 and four beyond U+FFFF: the rule, but for those with three.
    return len(text.encode("utf-8", "surrogatepass")) + sum(1 for _ in _THREE_BYTES.finditer(text))


def count_tokens(text: str) -> int:
    """Return the length of a text in tokens, rounded up."""
    return -(-cost(text) // QUARTERS)


def fits(text: str, room: int) -> bool:
    """Return whether a text is at most so many quarters long, without a look at all of one that cannot be."""
    return len(text) <= room and cost(text) <= room


def beginning(text: str, room: int) -> str:
    """Return the longest beginning of a text that is at most so many quarters long."""
    kept = text[: max(room, 0)]
    if cost(kept) <= room:
        return kept
    left = room
    for at, character in enumerate(kept):
        left -= cost(character)
        if left < 0:
            return kept[:at]
    return kept


def more(count: int, noun: str) -> str:
    """Say how much is left out, e.g. ``… 12,340 more rows``."""
    return f"{ELLIPSIS} {count:,} more {noun if count != 1 else _SINGULAR.get(noun, noun)}"


_SINGULAR = {
    "characters": "character",
    "columns": "column",
    "items": "item",
    "keys": "key",
    "rows": "row",
    "values": "value",
}


def cut(text: str, room: int) -> str:
    """Return a text of at most so many quarters: the whole, or its beginning and how many characters are left out."""
    if fits(text, room):
        return text
    spare = room - cost("\n" + more(len(text), "characters"))
    if spare < 0:
        return beginning(ELLIPSIS, room)
    kept = beginning(text, spare)
    line_end = kept.rfind("\n")
    if line_end > _LINE_END_WITHIN * len(kept):
        kept = kept[: line_end + 1]
    return kept + more(len(text) - len(kept), "characters")


def cut_list(items: list[str], count: int, room: int) -> str:
    """Join items by commas, as many as fit, and say how many of `count` are left out.

    Parameters
    ----------
    items : list of str
        The first of them, perhaps not all.
    count : int
        How many there are.
    room : int
        Quarters of a token; what is returned is no longer.
    """
    kept: list[str] = []
    left = room - cost(f", {ELLIPSIS} {count:,} more")
    for item in items:
        left -= cost(item) + 2
        if left < 0:
            break
        kept.append(item)
    if len(kept) == count:
        return ", ".join(kept)
    return beginning(", ".join([*kept, f"{ELLIPSIS} {count - len(kept):,} more"]), room)
