"""Make a model's text harmless, character by character: what works unseen is made visible, what is markup is escaped.

No I/O, and no parser: `inert_markdown` is for text that is to stay Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-Z\\-~])")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_NEVER_SHOWN: Mapping[int, str] = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"},
    0x7F: "\u2421",
    **dict.fromkeys(range(0x80, 0xA0), "\ufffd"),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
    0x2028: " ",  # a line's end to some parsers and not to others
    0x2029: " ",
}


def visible(text: str) -> str:
    r"""Return the text without terminal escapes, and with what would work unseen made visible.

    Control characters become their pictures (``␀``), overrides of the writing direction their numbers
    (``⟨U+202E⟩``), halves of surrogate pairs U+FFFD. Line ends become ``\n``.
    """
    text = _ANSI.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _BIDI.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text).translate(_NEVER_SHOWN)


def reference(character: str) -> str:
    """Return the reference that HTML and Markdown read as a character."""
    return _NAMED.get(character) or f"&#{ord(character)};"


_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_IN_HTML = {ord(one): reference(one) for one in "&<>$\\`[]"}
"""In an HTML block: what HTML reads, what JupyterLab looks for before it parses, and brackets, for a parser that
does not see the block."""
IN_LINE = {ord(one): reference(one) for one in "&<>$\\`[]*_~|#!:@"}
"""In inline HTML, whose content is Markdown, or a block squeezed into a line of it."""


NO_MATH = "mathjax_ignore tex2jax_ignore"
"""The class of an element in which MathJax looks for no formulas."""


def entities(text: str) -> str:
    """Escape a visible text for one line of an HTML block in Markdown."""
    return visible(text).translate(_IN_HTML).replace("\n", "&#10;")


def plain_block(text: str) -> str:
    """Return an HTML paragraph that shows a text as it is. It holds no blank line, at which parsers would leave it."""
    return f'<p class="{NO_MATH}">{plain_lines(text)}</p>'


def plain_lines(text: str) -> str:
    """Return a text as HTML, for an HTML block: its lines end in ``<br>``, indents are kept.

    The source goes on to a new line only between paragraphs: a notebook file spends twelve bytes on each of its lines.
    """
    lines = visible(text).strip("\n").translate(_IN_HTML).split("\n")
    whole = "<br>".join(_INDENT.sub(lambda match: "\u00a0" * len(match[0]), line) for line in lines)
    return _PARAGRAPH_END.sub(r"\1\n", whole)


def plain_pre(text: str) -> str:
    """Return a text as preformatted HTML, for an HTML block: one line of source, whatever its lines."""
    lines = visible(text).strip("\n").translate(_IN_HTML).split("\n")
    return f'<pre class="{NO_MATH}">{"<br>".join(lines)}</pre>'


_INDENT = re.compile(r"^ +(?=\S)")
_PARAGRAPH_END = re.compile(r"((?:<br>[ \u00a0]*){2,})")
