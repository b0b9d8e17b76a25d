"""Bytes: how many and of what. No model of text reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glm_notebook.tools.results.registry import Renderer
from glm_notebook.tools.results.rendered import Picture, Rendered

_KINDS: Mapping[bytes, str] = {
    b"\x89PNG\r\n\x1a\n": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF-": "a PDF file",
    b"PK\x03\x04": "a ZIP archive, or a document that is one inside",
    b"\x1f\x8b": "gzip",
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow file",
    b"SQLite format 3\x00": "an SQLite database",
}
"""What files begin with."""
_MIMES = {"a PNG image": "image/png", "a JPEG image": "image/jpeg", "a GIF image": "image/gif"}
_PROBED = 1000
"""Bytes that are read to tell whether all may be text."""


def _render_bytes(value: Any, budget_tokens: int) -> Rendered:
    view = memoryview(value)
    kind = _kind(bytes(view[:_PROBED])) if view.c_contiguous and view.format == "B" else ""
    size = f"{type(value).__name__}, {view.nbytes:,} byte{'s' * (view.nbytes != 1)}"
    pictures = (Picture(_MIMES[kind], bytes(view)),) if kind in _MIMES else ()
    return Rendered(f"{size}, {kind}" if kind else size, pictures)


def _kind(start: bytes) -> str:
    for magic, kind in _KINDS.items():
        if start.startswith(magic):
            return kind
    if not start:
        return ""
    try:
        # A character that is cut in two at the end is no sign of anything.
        text = start.decode("utf-8", "strict" if len(start) < _PROBED else "ignore")
    except UnicodeDecodeError:
        return ""
    printable = all(character.isprintable() or character in "\t\r\n" for character in text)
    return "UTF-8 text; decoded, it can be read" if printable and text else ""


RENDERERS: Mapping[type | str, Renderer] = dict.fromkeys(
    (bytes, bytearray, memoryview), _render_bytes
)
