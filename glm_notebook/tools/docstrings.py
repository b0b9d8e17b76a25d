"""What a docstring says of a function and of its parameters: NumPy, Google and reST styles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_PARAGRAPH_END = re.compile(r"\n[ \t]*\n")
_SIGNS = {
    "NUMPYDOC": re.compile(r"^[ \t]*(?:Other )?Parameters[ \t]*\n[ \t]*-{3,}[ \t]*$", re.MULTILINE),
    "GOOGLE": re.compile(r"^[ \t]*(?:Args|Arguments|Parameters|Params):[ \t]*$", re.MULTILINE),
    "REST": re.compile(r"^[ \t]*:param\b[^:\n]*:", re.MULTILINE),
}
"""What a description of parameters begins with in each style. Trying them all takes the parser four times as long."""


@dataclass(frozen=True, slots=True)
class Docs:
    """What is told to a model."""

    summary: str = ""
    """The first paragraph, in one line."""
    parameters: Mapping[str, str] = field(default_factory=dict)


def read(text: str | None) -> Docs:
    """Read a docstring of any style; one that is missing, or in no style, says what it can.

    Parameters
    ----------
    text : str or None
        As it is in the source, indents included.
    """
    if not text or not text.strip():
        return Docs()
    signs = [(style, found) for style, sign in _SIGNS.items() if (found := sign.search(text))]
    if not signs:
        return Docs(_summary(text))
    style, found = signs[0]
    import docstring_parser

    try:
        parsed = docstring_parser.parse(text, docstring_parser.DocstringStyle[style])
    except docstring_parser.ParseError:  # half a section is no reason to refuse the function
        return Docs(_summary(text[: found.start()]))
    described = {
        name: _line(one.description)
        for one in parsed.params
        if one.description
        for name in _names(one.arg_name)
    }
    return Docs(_summary(parsed.description or ""), described)


def _summary(description: str) -> str:
    return _line(_PARAGRAPH_END.split(description.strip())[0])


def _names(written: str) -> list[str]:
    """Return the parameters that one entry describes: NumPy's ``x, y : float`` are two, ``*args`` is ``args``."""
    return [name.strip().lstrip("*\\") for name in written.split(",")]


def _line(text: str) -> str:
    return " ".join(text.split())
