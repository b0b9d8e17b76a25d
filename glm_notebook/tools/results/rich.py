"""Objects that say for themselves how they are shown, by the methods that IPython calls (`_repr_markdown_` and others).

For the model their Markdown, else their plain text or repr; for the user the picture they give.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

from glm_notebook.tools.results.registry import Renderer
from glm_notebook.tools.results.rendered import Picture, Rendered
from glm_notebook.tools.results.reprs import describe_error, safe_repr
from glm_notebook.tools.results.tokens import QUARTERS, cut

METHODS: Mapping[str, str] = {
    "_repr_markdown_": "text/markdown",
    "_repr_mimebundle_": "",
    "_repr_png_": "image/png",
    "_repr_jpeg_": "image/jpeg",
    "_repr_svg_": "image/svg+xml",
}
"""What each gives. A bundle gives several, by their types."""
_PICTURES = ("image/png", "image/jpeg", "image/svg+xml")
"""The first of them that there is is shown: they show the same."""


def render_rich(value: object, budget_tokens: int) -> Rendered:
    """Render an object that has one of the methods."""
    bundle: dict[str, object] = {}
    failures = []
    for method in METHODS:
        try:
            for mime, data in _ask(value, method):
                bundle.setdefault(mime, data)
        except Exception as error:
            failures.append(f"({method} failed: {describe_error(error)})")
    text = _first_text(bundle) or safe_repr(value)
    return Rendered(cut("\n".join([text, *failures]), budget_tokens * QUARTERS), _pictures(bundle))


def _ask(value: Any, method: str) -> Iterator[tuple[str, object]]:
    """Yield what a method gives, by its types: it may give nothing, and metadata besides."""
    # By the class, as Python itself calls such methods: an object that answers to any name has none of them.
    function = getattr(type(value), method, None)
    given = function(value) if function is not None else None
    if isinstance(given, tuple):
        given = given[0]
    if METHODS[method]:
        yield from ((METHODS[method], given),) if given is not None else ()
    elif isinstance(given, Mapping):
        yield from given.items()


def _first_text(bundle: Mapping[str, object]) -> str:
    for mime in ("text/markdown", "text/plain"):
        text = bundle.get(mime)
        if isinstance(text, str) and text.strip():
            return text
    return ""


def _pictures(bundle: Mapping[str, object]) -> tuple[Picture, ...]:
    for mime in _PICTURES:
        data = bundle.get(mime)
        if isinstance(data, str) and mime != "image/svg+xml":
            data = b64decode(data)
        if isinstance(data, bytes | str) and data:
            return (Picture(mime, data),)
    return ()


RENDERERS: Mapping[str, Renderer] = dict.fromkeys(METHODS, render_rich)
