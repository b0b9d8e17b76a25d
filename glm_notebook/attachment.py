"""Texts that a prompt takes along: files, pasted tables, objects of the kernel. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import count
from typing import Any

from glm_notebook import references

FILE = "file"
EXCERPT_MAX = 2000
"""Most characters of an attachment that a page is given to show."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A text that a prompt takes along."""

    name: str
    """Of the file; of an object of the kernel the expression that names it."""
    text: str
    """What the model reads."""
    kind: str = FILE
    """``file``, or what an object is: ``DataFrame 120 × 4``."""

    @property
    def tokens(self) -> int:
        """The length of the text in tokens, by the rule of `glm_notebook.tools.results.tokens`."""
        from glm_notebook.tools.results import count_tokens  # most turns do without

        return count_tokens(self.text)

    def to_wire(self) -> dict[str, Any]:
        """Return what a page shows of it."""
        return {
            "name": self.name,
            "kind": self.kind,
            "tokens": self.tokens,
            "excerpt": self.text[:EXCERPT_MAX],
        }


def compose(prompt: str, attachments: Sequence[Attachment]) -> str:
    """Return what the model is sent: the prompt, and below it each attachment between tags.

    The tags are named ``attachment``, or ``attachment-2`` and so on where a text has such a tag itself: none can end
    its own. Where the prompt names an attached object, ``{{ df }}``, the name stands there as code. The same texts are
    always composed alike, as the endpoint's cache wants it.
    """
    if not attachments:
        return prompt
    objects = {references.normal(one.name) for one in attachments if one.kind != FILE}
    named = references.substitute(
        prompt, lambda name: _code(name) if references.normal(name) in objects else None
    )
    tag = _tag((prompt, *(one.text for one in attachments)))
    return "\n\n".join([named, *(_set_apart(one, tag) for one in attachments)])


def _code(text: str) -> str:
    longest = max(map(len, re.findall("`+", text)), default=0)
    return f"{'`' * (longest + 1)}{text}{'`' * (longest + 1)}"


def _tag(texts: Sequence[str]) -> str:
    """Return a name of tags that none of the texts has."""
    used = {match[1].lower() for text in texts for match in _TAG.finditer(text)}
    return next(name for name in _names() if name not in used)


_TAG = re.compile(r"<\s*/?\s*(attachment(?:-[0-9]+)?)", re.I)


def _names() -> Iterator[str]:
    yield "attachment"
    yield from (f"attachment-{number}" for number in count(2))


def _set_apart(one: Attachment, tag: str) -> str:
    end = "" if one.text.endswith("\n") else "\n"
    return f'<{tag} name="{_value(one.name)}" kind="{_value(one.kind)}">\n{one.text}{end}</{tag}>'


def _value(text: str) -> str:
    """Write the value of an attribute, on one line."""
    return escape(" ".join(text.split()))
