"""What the documents do not agree on, said where a refusal touches it."""

from __future__ import annotations

from collections.abc import Iterator

from glm_notebook.catalogue import Dispute, Model, catalogue, delisting_of
from glm_notebook.messages import Request
from glm_notebook.preflight.subject import DEFAULTS

_GONE = (
    "model_not_found",
    "modelnotfound",
    "does not exist",
    "accessdenied",
    "access_denied",
    "access denied",
    "model_not_supported",
)
"""Of refusals that a delisted model may bring: which of them it is, is not documented (protocol notes, 11)."""


def explain(said: str, request: Request, model: Model | None) -> str:
    """Return one sentence about why a server may have refused what was not expected to be.

    Parameters
    ----------
    said : str
        Code, message, or both, of the server's refusal.
    request : Request
        What was refused.
    model : Model or None
        What is known of the model (`glm_notebook.catalogue.model`).

    Returns
    -------
    str
        Empty where nothing is known that would explain it.
    """
    said = said.lower()
    if model is not None and any(word in said for word in _GONE) and model.delisted:
        return f"{delisting_of(model)}."
    touched = (one for one in _disputes(model) if _touches(said, request, one))
    return next((one.sentence() for one in touched), "")


def _disputes(model: Model | None) -> Iterator[Dispute]:
    """Yield what is known of the model first: it says more."""
    if model is not None:
        yield from model.disputed
    yield from catalogue().disputed


def _touches(said: str, request: Request, dispute: Dispute) -> bool:
    is_set = not dispute.field or getattr(request, dispute.field) != DEFAULTS[dispute.field]
    return (
        is_set
        and any(word in said for word in dispute.words)
        and not any(word in said for word in dispute.not_words)
    )
