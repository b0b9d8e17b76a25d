"""The list of models that an endpoint gives. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glm_notebook.messages import ListedModel
from glm_notebook.protocol.channels import mended
from glm_notebook.protocol.jsontext import parse


def listed_models(body: bytes) -> tuple[ListedModel, ...]:
    """Read a list of models, in OpenAI's shape; what is in another is no list, and gives none.

    Parameters
    ----------
    body : bytes
        The answer to ``GET /models``.
    """
    try:
        value = parse(body.decode("utf-8", "replace"))
    except ValueError:
        return ()
    entries = value.get("data") if isinstance(value, dict) else None
    listed = entries if isinstance(entries, list) else ()
    return tuple(model for entry in listed if (model := _model(entry)) is not None)


def _model(entry: object) -> ListedModel | None:
    if not isinstance(entry, Mapping) or not (id := _text(entry, "id")):
        return None
    return ListedModel(id, _text(entry, "owned_by"))


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return mended(value) if isinstance(value, str) else ""
