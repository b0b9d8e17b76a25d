"""Words for a model: of bounded length, and such that they can be sent."""

from __future__ import annotations


def cut(text: str, length: int) -> str:
    """Return at most so many characters. Halves of surrogate pairs, which no request can carry, are written out."""
    whole = text if len(text) <= length else f"{text[: length - 1]}…"
    return whole.encode("utf-8", "backslashreplace").decode()


def message_of(error: BaseException) -> str:
    """Return what an exception says; one that cannot say it must not hide what happened."""
    try:
        return str(error)
    except Exception:  # a broken __str__ may raise anything
        return "its message cannot be read"
