"""What ``%glm models`` shows: the models that the documents describe, and those that the endpoint lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from IPython.core.error import UsageError

from glm_notebook import endpoints
from glm_notebook.errors import GLMError
from glm_notebook.runner import runner, wait_blocking
from glm_notebook.strings import UNKNOWN, count

if TYPE_CHECKING:
    from glm_notebook.catalogue import Model, Price
    from glm_notebook.magics.magics import GLMMagics

_HEAD = ("model", "context", "thinking", "answer", "thinks", "price of a million tokens in, out")


def show(magics: GLMMagics, words: list[str]) -> None:
    """Run ``%glm models``: the catalogue, or with ``listed`` what the endpoint says it serves."""
    if words == ["listed"]:
        _listed(magics)
    elif words:
        raise UsageError("%glm models, or %glm models listed: those that the endpoint lists.")
    else:
        _catalogued(magics)


def _catalogued(magics: GLMMagics) -> None:
    from glm_notebook import catalogue

    place = magics.resolved().name.partition("/")[0]
    rows = [_HEAD, *(_row(one, place) for one in catalogue.models())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())
    print(f"\nAs documented up to {catalogue.catalogue().date}; tokens. Any other id is sent too.")
    for one in catalogue.models():
        if note := catalogue.delisting_of(one):
            print(f"{note}.")


def _row(model: Model, place: str) -> tuple[str, ...]:
    limits = model.limits
    known = (limits.context, limits.max_thinking, limits.max_answer)
    thinks = {"hybrid": "can be switched", "always": "always", None: UNKNOWN}[model.thinking]
    return (model.id, *map(count, known), thinks, "; ".join(_prices(model, place)) or UNKNOWN)


def _prices(model: Model, place: str) -> Iterator[str]:
    """Yield the prices at a place; where it is none with prices, those of the default endpoint."""
    places = {price.place for price in model.prices}
    wanted = place if place in places else endpoints.DEFAULT
    for price in model.prices:
        if price.place == wanted:
            yield f"{price.currency} {price.input:g}, {price.output:g}{_tier(price)}"


def _tier(price: Price) -> str:
    if price.up_to is not None:
        return f" to {count(price.up_to)}"
    return f" above {count(price.above)}" if price.above else ""


def _listed(magics: GLMMagics) -> None:
    client = magics.client()
    try:
        models = wait_blocking(runner().submit(client.models()))
    except GLMError as error:
        raise UsageError(f"{error.message.strip()} {error.remedy.strip()}") from None
    for one in models:
        print(one.id)
    if not models:
        print(f"{client.endpoint.host} lists no models.")
