"""JSON objects as models write them: read strictly, and where that fails, with the known mistakes mended.

The mistakes are those of protocol notes 3.4, step 7. What is mended has one meaning only: text that ends inside a
string is not closed, and of two different objects none is taken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

MAX_DEPTH = 100
"""Levels of a value. pydantic reads 200, and no function takes half of that."""

_decoder = json.JSONDecoder(strict=False)  # models write line ends into strings as they are
_TOKEN = re.compile(
    r"""("(?:[^"\\]|\\.)*") | '((?:[^'\\]|\\.)*)' | \b(True|False|None)\b | ([{\[]) | ([}\]])""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = {"True": "true", "False": "false", "None": "null"}
_CLOSING = {"{": "}", "[": "]"}
_IN_SINGLE_QUOTES = re.compile(r"\\.|\"", re.DOTALL)
_REQUOTED = {'"': '\\"', "\\'": "'"}


def read(text: str) -> dict[str, Any]:
    """Return the object that a model wrote. Nothing at all, and ``null``, are an empty one.

    Parameters
    ----------
    text : str
        The arguments of a call.

    Raises
    ------
    ValueError
        It cannot be told what was meant. The message is for the model.
    """
    try:
        value = _object(_value(text.strip()))
    except RecursionError:
        value = None
    if value is None or is_deep(value):
        raise ValueError(f"more than {MAX_DEPTH} levels")
    return value


def is_deep(value: Any) -> bool:
    """Tell whether a value has more levels than can be safely read, compared and told of."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [one for node in level for one in _inside(node)]
    return bool(level)


def _inside(node: Any) -> Iterable[Any]:
    return node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()


def _value(text: str) -> Any:
    if not text:
        return {}
    try:
        return _first(text)
    except json.JSONDecodeError as error:
        try:
            return _first(_mended(text))
        except json.JSONDecodeError:
            raise ValueError(f"{error.msg} at character {error.pos}") from None


def _object(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if isinstance(value, str):  # JSON in a string of JSON
        value = _value(value.strip())
    if not isinstance(value, dict):
        raise ValueError("they have to be one JSON object")
    return value


def _first(text: str) -> Any:
    """Return the first value of a text. What follows it is rubbish, unless it is another object."""
    value, end = _decoder.raw_decode(text)
    try:
        other, _ = _decoder.raw_decode(text[end:].lstrip()) if end < len(text) else (None, 0)
    except ValueError:
        return value
    if isinstance(other, dict) and other != value:
        raise ValueError("they are two objects; make a call for each")
    return value


def _mended(text: str) -> str:
    """Return the text with the quotes and words of JSON in the place of Python's, and with its brackets closed.

    A string is never closed: nobody knows how it was to go on.
    """
    open_brackets: list[str] = []

    def mend(match: re.Match[str]) -> str:
        _, single, word, opening, closing = match.groups()
        if opening:
            open_brackets.append(_CLOSING[opening])
        elif closing and open_brackets and open_brackets[-1] == closing:
            open_brackets.pop()
        if single is not None:
            return f'"{_IN_SINGLE_QUOTES.sub(lambda one: _REQUOTED.get(one[0], one[0]), single)}"'
        return _WORDS[word] if word else match[0]

    mended = _TOKEN.sub(mend, text)
    return mended + "".join(reversed(open_brackets))
