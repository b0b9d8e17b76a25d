"""What is known of GLM models: limits, features, defaults and prices. The table is data, in ``catalogue.toml``.

Any id works with any endpoint; of one that is not here nothing is known, and nothing is checked. Limits, features and
defaults are those of Model Studio (its page on GLM, 2026-03-15, and later pages): other places have their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from glm_notebook import toml
from glm_notebook.messages import Usage

_DATE = re.compile(r"\d{4}-\d{2}(-\d{2})?")
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sourced:
    """Something that is known from somewhere."""

    source: str
    date: str
    """Of the source or, where that bears none, of the day it was read: ``YYYY-MM-DD`` or ``YYYY-MM``."""

    def __post_init__(self) -> None:
        if not self.source:
            raise ValueError("the key 'source' is empty")
        if not _DATE.fullmatch(self.date):
            raise ValueError(f"the key 'date' is {self.date!r}, not YYYY-MM-DD or YYYY-MM")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Most tokens of everything. `None` is unknown."""

    context: int | None = None
    max_input: int | None = None
    max_thinking: int | None = None
    max_answer: int | None = None
    """Of the answer without its thinking."""
    max_tokens: Literal["answer", "all"] | None = None
    """What a request's ``max_tokens`` limits: the answer, or thinking and answer together."""

    @property
    def max_output(self) -> int | None:
        """Thinking and answer together."""
        if self.max_thinking is None or self.max_answer is None:
            return None
        return self.max_thinking + self.max_answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """What a model can do. `None` is unknown."""

    multi_turn: bool | None = None
    tools: bool | None = None
    json_mode: Literal["yes", "non-thinking", "no"] | None = None
    web_search: bool | None = None
    partial_mode: bool | None = None
    """Whether it goes on with an answer that the request has begun."""
    cache: Literal["implicit", "none"] | None = None
    thinking_budget: Literal["yes", "ignored", "no"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What the service takes for a parameter that a request leaves out. `None` is unknown."""

    thinking: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None
    tool_stream: bool | None = None
    keep_thinking: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Price(Sourced):
    """What a million tokens cost at one place, without promotions."""

    place: str
    """A name of `glm_notebook.endpoints.places`."""
    currency: str
    """ISO 4217."""
    input: float
    output: float
    """Of thinking too, which is billed as output."""
    cached: float | None = None
    above: int = 0
    """It holds for requests of more input tokens than this, …"""
    up_to: int | None = None
    """… up to this many, for the whole request."""

    def holds(self, input_tokens: int) -> bool:
        """Tell whether a request of this size is charged this price."""
        return (self.above == 0 or input_tokens > self.above) and (
            self.up_to is None or input_tokens <= self.up_to
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Delisting(Sourced):
    """When Model Studio stops serving a model, or has stopped."""

    on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispute(Sourced):
    """A fact on which documents contradict each other; `source` is the one that is not followed."""

    about: str
    here: str
    """What this catalogue goes by."""
    says: str
    """What the other document says."""
    words: Sequence[str]
    """Of a refusal that touches it, in lower case: any of them."""
    not_words: Sequence[str] = ()
    """Of a refusal that has such words too, but another reason, which it gives itself."""
    field: str = ""
    """The field of a request that has to be set for a refusal to touch it, if there is one."""

    def sentence(self) -> str:
        """Return the contradiction in one sentence."""
        return (
            f"The documents disagree on {self.about}: {self.here} (taken here) or {self.says}"
            f" ({self.source}, {self.date})."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Model(Sourced):
    """What is known of one model."""

    id: str
    thinking: Literal["hybrid", "always"] | None = None
    """Whether its thinking can be switched off."""
    limits: Limits = field(default_factory=Limits)
    features: Features = field(default_factory=Features)
    defaults: Defaults = field(default_factory=Defaults)
    prices: Sequence[Price] = ()
    delisted: Sequence[Delisting] = ()
    """One for each document that gives a date; the first is the one that is gone by."""
    disputed: Sequence[Dispute] = ()


@dataclass(frozen=True, slots=True)
class Cost:
    """An estimate, from list prices."""

    amount: float
    currency: str
    price: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The whole table."""

    date: str
    """When it was last gone over."""
    models: Mapping[str, Model]
    disputed: Sequence[Dispute] = ()
    """Of no one model."""


@cache
def catalogue() -> Catalogue:
    """Return the table that comes with the package."""
    text = files("glm_notebook").joinpath("catalogue.toml").read_text(encoding="utf-8")
    return read(toml.loads(text))


def models() -> tuple[Model, ...]:
    """Return every model that something is known of."""
    return tuple(catalogue().models.values())


def model(id: str) -> Model | None:
    """Return what is known of a model; None if it is nothing."""
    return catalogue().models.get(id)


def note_for(id: str) -> str | None:
    """Return what should be said of a model's id that Model Studio is asked for; None if nothing."""
    return None if model(id) else f"{id} is not in the catalogue; its limits are not checked"


def delisting_of(model: Model) -> str:
    """Return when Model Studio stops serving a model, as documented, in words; empty if no document says so."""
    if not model.delisted:
        return ""
    first, *others = model.delisted
    doubt = "".join(f"; another page says {one.on}" for one in others)
    return f"{model.id} is documented to leave Model Studio on {first.on}{doubt}"


def cost(model: Model, usage: Usage, place: str, currency: str = "") -> Cost | None:
    """Estimate what a request has cost.

    Parameters
    ----------
    model : Model
        The model that was asked.
    usage : Usage
        As the server counted. Cached tokens that it did not count are charged as others: at most too much.
    place : str
        Where it was asked, a name of `glm_notebook.endpoints.places`.
    currency : str
        Wanted where there is a choice; by default the one that is listed first.

    Returns
    -------
    Cost or None
        None where the tokens or a price that is needed are unknown.
    """
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    price = _price(model, usage.input_tokens, place, currency)
    if price is None:
        return None
    cached = min(usage.cached_tokens or 0, usage.input_tokens)
    if cached and price.cached is None:
        return None
    charged = (
        (usage.input_tokens - cached) * price.input
        + cached * (price.cached or 0.0)
        + usage.output_tokens * price.output
    )
    return Cost(charged / _MILLION, price.currency, price)


def _price(model: Model, input_tokens: int, place: str, currency: str) -> Price | None:
    """Return the price of a request: its tier is chosen by its input and holds for all of it."""
    for one in model.prices:
        if one.place == place and currency in ("", one.currency) and one.holds(input_tokens):
            return one
    return None


def read(data: Mapping[str, Any]) -> Catalogue:
    """Make a catalogue of a parsed file.

    Raises
    ------
    ValueError
        Something is missing, unknown or of the wrong kind; names the entry and the field.
    """
    if not isinstance(data.get("date"), str):
        raise ValueError("the key 'date' of the catalogue is missing")
    entries = {_id(n, one): one for n, one in enumerate(data.get("models", ()), start=1)}
    if len(entries) < len(data.get("models", ())):
        raise ValueError("models: an id is there twice")
    found = {id: toml.read(Model, one, (id,)) for id, one in entries.items()}
    disputed = [
        toml.read(Dispute, one, (f"disputed #{n}",))
        for n, one in enumerate(data.get("disputed", ()), start=1)
    ]
    return Catalogue(date=data["date"], models=found, disputed=tuple(disputed))


def _id(n: int, entry: Mapping[str, Any]) -> str:
    """Return what an entry is called, also in errors."""
    id = entry.get("id")
    return id if isinstance(id, str) else f"models #{n}"
