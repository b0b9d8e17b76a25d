"""Make a model's Markdown harmless, whatever renders it. First version: everything is shown as text."""

from __future__ import annotations


def inert(text: str) -> str:
    """Return Markdown that shows the text and can do nothing."""
    return plain_block(text)


def visible(text: str) -> str:
    """Return the text with control characters made visible."""
    return text


def entities(text: str) -> str:
    """Escape text for one line of HTML inside Markdown."""
    table = {ord(c): f"&#{ord(c)};" for c in "$\\`"} | {
        ord("&"): "&amp;",
        ord("<"): "&lt;",
        ord(">"): "&gt;",
    }
    return text.translate(table).replace("\n", "&#10;")


def plain_block(text: str) -> str:
    """Return an HTML block that shows the text as it is, without a blank line inside."""
    lines = text.strip("\n").split("\n")
    return "<p>" + "<br>".join(entities(line) for line in lines) + "</p>"
