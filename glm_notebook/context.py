"""Objects of the kernel in a prompt: found by their references, looked at, and turned into texts for the model.

All of it may be called while the user's own code runs in another thread: nothing is written to the namespace, and
what changes or fails meanwhile only makes a text shorter. An attribute or an item that a reference names is asked for,
as the user has written it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from types import FunctionType
from typing import Any, TypedDict

from glm_notebook.attachment import Attachment
from glm_notebook.kinds import is_of_library, kind_of
from glm_notebook.references import expressions, resolve
from glm_notebook.suggestions import complete
from glm_notebook.tools.results import BUDGET_TOKENS, count_tokens, render

__all__ = ["Look", "attach", "complete", "expressions", "look", "resolve"]


class Look(TypedDict):
    """What a page is told of an object."""

    kind: str
    tokens: int
    """Of its text, where it is attached alone."""


def look(
    expression: str, namespace: Mapping[str, Any], *, budget_tokens: int = BUDGET_TOKENS
) -> Look | None:
    """Return what an object is, and how many tokens it would take; None if there is none."""
    try:
        value = resolve(expression, namespace)
    except LookupError:
        return None
    return {"kind": _kind(value), "tokens": count_tokens(_text(value, budget_tokens))}


def attach(
    prompt: str, namespace: Mapping[str, Any], *, budget_tokens: int = BUDGET_TOKENS
) -> tuple[Attachment, ...]:
    """Return the objects that a prompt refers to, each once and in order, as texts for the model.

    Parameters
    ----------
    prompt : str
        As it was written. A reference to what does not exist is text like any other.
    namespace : mapping
        The user's variables.
    budget_tokens : int
        Most tokens of all texts together. They share it evenly; what one of them leaves goes to the longer ones.
    """
    found = list(_found(prompt, namespace))
    texts = [_text(value, budget_tokens) for _, value in found]
    sizes = [count_tokens(text) for text in texts]
    shares = _shares(sizes, budget_tokens)
    return tuple(
        Attachment(name, text if size <= share else _text(value, share), _kind(value))
        for (name, value), text, size, share in zip(found, texts, sizes, shares, strict=True)
    )


def _found(prompt: str, namespace: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for name in expressions(prompt):
        try:
            yield name, resolve(name, namespace)
        except LookupError:
            continue


def _shares(sizes: Sequence[int], total: int) -> list[int]:
    """Return what of a total each may take: none more than it needs, those that need more all the same."""
    shares = [0] * len(sizes)
    by_size = sorted(range(len(sizes)), key=lambda at: sizes[at])
    for done, at in enumerate(by_size):
        shares[at] = min(sizes[at], total // (len(sizes) - done))
        total -= shares[at]
    return shares


def _text(value: object, budget_tokens: int) -> str:
    """Return what a model reads of an object: of a function or class its source, whose repr says nothing."""
    return render(_source(value) or value, budget_tokens=budget_tokens).text


def _source(value: object) -> str:
    if not isinstance(value, FunctionType) and getattr(value, "__module__", "") != "__main__":
        return ""  # of a class in a large module it can take a second to find
    if not isinstance(value, FunctionType | type):
        return ""
    try:
        return inspect.getsource(value)
    except (OSError, TypeError, SyntaxError):  # built in, or its cell is gone
        return ""


def _kind(value: object) -> str:
    kind = kind_of(value)
    if type(value).__module__ == "builtins" or is_of_library(value):
        return kind
    try:
        repr(value)
    except Exception:
        return f"{kind}, whose repr fails"
    return kind
