"""What a value is turned into: text for the model, pictures for the user."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a value, for the user: a model of text cannot see it."""

    mime: str
    data: bytes | str | Mapping[str, Any]
    """Bytes of a bitmap, text of an SVG, or the specification of a Plotly or Vega-Lite chart."""

    def bundle(self) -> dict[str, Any]:
        """Return the picture as Jupyter's MIME bundle, in which bytes are base64."""
        if isinstance(self.data, bytes):
            return {self.mime: b64encode(self.data).decode("ascii")}
        return {self.mime: self.data if isinstance(self.data, str) else dict(self.data)}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A value as a model reads it, and as a user sees it."""

    text: str
    pictures: tuple[Picture, ...] = ()
