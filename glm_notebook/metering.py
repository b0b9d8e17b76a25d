"""What turns have used: of the model's window, and of the reader's money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glm_notebook.catalogue import Cost
    from glm_notebook.turn import Turn


def cost_of(turn: Turn) -> Cost | None:
    """Estimate what a turn has cost, from the list prices of where it was asked; None where they are unknown."""
    from glm_notebook import catalogue

    model = catalogue.model(turn.settings.model)
    if model is None or turn.usage is None:
        return None
    return catalogue.cost(model, turn.usage, turn.client.endpoint.name)


def context_of(turn: Turn | None) -> int | None:
    """Return how many tokens the next prompt is sent with, as the server has counted them; None if it has not."""
    used = None if turn is None else turn.state.last_usage
    if used is None or used.input_tokens is None or used.output_tokens is None:
        return None
    return used.input_tokens + used.output_tokens - (used.thinking_tokens or 0)


def window_of(model: str) -> int | None:
    """Return how many tokens a model takes in all; None where that is unknown."""
    from glm_notebook import catalogue

    known = catalogue.model(model)
    return None if known is None else known.limits.context


class Spending:
    """What the turns of a conversation have cost together, those that were deleted since among them."""

    def __init__(self) -> None:
        self.amounts: dict[str, float] = {}
        """By currency (ISO 4217). What is unknown is not in it."""

    def add(self, turn: Turn) -> None:
        """Add what an ended turn has cost."""
        self._change(turn, 1)

    def take_back(self, turn: Turn) -> None:
        """Subtract what a turn has cost whose usage another one's includes."""
        self._change(turn, -1)

    def _change(self, turn: Turn, sign: int) -> None:
        cost = cost_of(turn)
        if cost is not None:
            before = self.amounts.get(cost.currency, 0.0)
            self.amounts[cost.currency] = before + sign * cost.amount

    def to_wire(self) -> dict[str, Any]:
        """Return it for a page: the currency of which most was spent."""
        currency = max(self.amounts, key=lambda one: self.amounts[one], default="")
        return {"cost": self.amounts.get(currency), "currency": currency}
