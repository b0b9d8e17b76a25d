"""The table of models: where it comes from, what it costs, and what a mistake in it says."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from datetime import date
from typing import Any

import pytest

from glm_notebook import catalogue, strings
from glm_notebook.catalogue import Dispute, Limits, Model, Sourced
from glm_notebook.endpoints import places
from glm_notebook.messages import Parameters, Usage

# The tables of the service's page on GLM of 2026-03-15: limits, features, defaults.
LIMITS = """
glm-5   202,752 202,752 32,768 16,384
glm-4.7 202,752 169,984 32,768 16,384
glm-4.6 202,752 169,984 32,768 16,384
"""
FEATURES = """
glm-5   Supported | Supported | Non-thinking mode only | Not supported | Not supported | Implicit cache only
glm-4.7 Supported | Supported | Non-thinking mode only | Not supported | Not supported | Not supported
glm-4.6 Supported | Supported | Non-thinking mode only | Not supported | Not supported | Not supported
"""
DEFAULTS = """
glm-5   true 1.0 0.95 20 1.0
glm-4.7 true 1.0 0.95 20 1.0
glm-4.6 true 1.0 0.95 20 1.0
"""
MEANING = {
    "Supported": True,
    "Not supported": False,
    "Non-thinking mode only": "non-thinking",
    "Implicit cache only": "implicit",
}
ENTRY: dict[str, Any] = {"id": "glm-x", "source": "a page", "date": "2026-01-31"}
PRICE = {"place": "zai", "currency": "USD", "input": 1.0, "output": 2.0}
DISPUTE = {"about": "a", "here": "b", "says": "c", "words": ["d"]}
SOURCED = {"source": "a page", "date": "2026-01-31"}


def rows(table: str) -> dict[str, str]:
    return dict(line.split(maxsplit=1) for line in table.strip().splitlines())


def known(id: str) -> Model:
    found = catalogue.model(id)
    assert found is not None
    return found


def sourced() -> dict[str, Sourced]:
    """Return everything in the table that has to say where it comes from, by what it is."""
    found: dict[str, Sourced] = {}
    for model in catalogue.models():
        parts = (*model.prices, *model.delisted, *model.disputed)
        found |= {f"{model.id} {type(one).__name__} {n}": one for n, one in enumerate(parts)}
        found[model.id] = model
    return found | {one.about: one for one in catalogue.catalogue().disputed}


def disputes() -> list[Dispute]:
    own = [one for model in catalogue.models() for one in model.disputed]
    return [*own, *catalogue.catalogue().disputed]


# The data.


@pytest.mark.parametrize("name", sourced())
def test_everything_says_where_it_comes_from_and_when(name: str) -> None:
    one = sourced()[name]
    assert len(one.source) > 5
    day = one.date if one.date.count("-") == 2 else f"{one.date}-01"
    assert date.fromisoformat(day) <= date.fromisoformat(catalogue.catalogue().date)


@pytest.mark.parametrize("id", rows(LIMITS))
def test_limits_are_those_of_the_page(id: str) -> None:
    numbers = [int(one.replace(",", "")) for one in rows(LIMITS)[id].split()]
    limits = known(id).limits
    assert numbers == [limits.context, limits.max_input, limits.max_thinking, limits.max_answer]


@pytest.mark.parametrize("id", rows(FEATURES))
def test_features_are_those_of_the_page(id: str) -> None:
    said = [MEANING[one.strip()] for one in rows(FEATURES)[id].split("|")]
    features = known(id).features
    cache = said.pop() or "none"
    assert cache == features.cache
    assert said == [
        features.multi_turn,
        features.tools,
        features.json_mode,
        features.web_search,
        features.partial_mode,
    ]


@pytest.mark.parametrize("id", rows(DEFAULTS))
def test_defaults_are_those_of_the_page(id: str) -> None:
    thinking, *numbers = rows(DEFAULTS)[id].split()
    defaults = known(id).defaults
    assert defaults.thinking is (thinking == "true")
    assert [float(one) for one in numbers] == [
        defaults.temperature,
        defaults.top_p,
        defaults.top_k,
        defaults.repetition_penalty,
    ]


def test_what_contradicts_the_page_is_kept_beside_it() -> None:
    said = {one.about: one for one in known("glm-5").disputed}
    assert said["the max input of glm-5"].says == "169,984 tokens"
    assert said["JSON mode on glm-5"].says == "not supported"


def test_a_dispute_over_a_limit_says_the_limit_that_is_used() -> None:
    for model in catalogue.models():
        for one in model.disputed:
            if number := re.match(r"[\d,]+(?= tokens)", one.here):
                limits = (getattr(model.limits, field.name) for field in fields(model.limits))
                assert int(number[0].replace(",", "")) in limits, one.about


def test_disputes_are_about_fields_that_a_request_has() -> None:
    names = {one.name for one in fields(Parameters)}
    assert {one.field for one in disputes() if one.field} <= names
    assert all(word == word.lower() for one in disputes() for word in one.words)


def test_prices_are_for_places_that_there_are_and_leave_no_gap() -> None:
    for model in catalogue.models():
        for place, currency in {(one.place, one.currency) for one in model.prices}:
            assert place in places()
            tiers = [p for p in model.prices if (p.place, p.currency) == (place, currency)]
            assert [one.above for one in tiers] == [0, *(one.up_to for one in tiers[:-1])]


def test_no_price_is_shipped_that_has_no_source() -> None:
    for id in ("glm-4.7", "glm-4.6"):
        assert {one.place for one in known(id).prices} == {"zai"}


def test_what_is_unknown_is_absent() -> None:
    assert known("glm-5.2").limits.max_thinking is None
    assert known("glm-5.2").limits.max_output is None
    assert Limits(max_thinking=5).max_output is None
    assert known("ZHIPU/GLM-5.3").limits.context is None


# Asking it.


def test_an_unknown_id_is_fine() -> None:
    assert catalogue.model("glm-9") is None


def test_an_unknown_model_is_noted() -> None:
    note = catalogue.note_for("glm-9")
    assert note == "glm-9 is not in the catalogue; its limits are not checked"
    assert strings.note(note, "zh") == "glm-9 不在模型目录中，未检查其限制"
    assert catalogue.note_for("glm-5") is None


def test_a_delisting_is_told_with_its_date_and_what_another_page_says() -> None:
    known = catalogue.model("glm-4.7")
    assert known is not None
    assert catalogue.delisting_of(known) == (
        "glm-4.7 is documented to leave Model Studio on 2026-10-10; another page says 2026-07-09"
    )


def test_importing_it_reads_nothing() -> None:
    code = (
        "import sys, glm_notebook.catalogue as c; assert c.catalogue.cache_info().currsize == 0;"
        " assert not {'tomllib', 'tomli'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("id", "usage", "place", "currency", "amount"),
    [
        ("glm-5", Usage(1_000_000, 0, 0), "modelstudio", "CNY", 6.0),
        ("glm-5", Usage(32_768, 0, 0), "modelstudio", "CNY", 4 * 0.032768),
        ("glm-5", Usage(32_769, 0, 0), "modelstudio", "CNY", 6 * 0.032769),
        ("glm-5", Usage(0, 0, 1_000_000), "modelstudio", "CNY", 18.0),
        ("glm-5", Usage(32_769, 0, 1_000_000), "modelstudio", "CNY", 22 + 6 * 0.032769),
        ("glm-5", Usage(1000, 1000, 0), "modelstudio", "CNY", 0.0008),
        ("glm-5", Usage(1000, 400, 200), "modelstudio", "CNY", 0.00632),
        ("glm-5", Usage(1000, None, 200), "modelstudio", "CNY", 0.0076),
        ("glm-5", Usage(1000, 400, 200), "zai", "USD", 0.00132),
        ("glm-5.2-fast-preview", Usage(10**6, 0, 0), "modelstudio-intl", "CNY", 20.98),
        ("glm-5.2-fast-preview", Usage(10**6, 0, 0), "modelstudio-intl", "", 2.8),
    ],
)
def test_costs(id: str, usage: Usage, place: str, currency: str, amount: float) -> None:
    cost = catalogue.cost(known(id), usage, place, currency)
    assert cost is not None
    assert cost.amount == pytest.approx(amount)
    assert currency in ("", cost.currency)
    assert cost.price.source


@pytest.mark.parametrize(
    ("id", "usage", "place"),
    [
        ("glm-5", Usage(None, 0, 10), "modelstudio"),
        ("glm-5", Usage(10, 0, None), "modelstudio"),
        ("glm-5", Usage(10, 0, 10), "simulator"),
        ("glm-4.7", Usage(10, 0, 10), "modelstudio"),
        ("glm-5.3", Usage(10, 5, 10), "modelstudio-intl"),
        ("glm-4.5", Usage(98_305, 0, 10), "modelstudio"),
    ],
    ids=["no input", "no output", "no place", "no price", "no cached price", "no tier"],
)
def test_no_cost_where_something_is_unknown(id: str, usage: Usage, place: str) -> None:
    assert catalogue.cost(known(id), usage, place) is None


def test_a_price_holds_from_above_its_lower_to_its_upper_end() -> None:
    first, second, _ = known("glm-5").prices
    assert (first.holds(0), first.holds(32_768), first.holds(32_769)) == (True, True, False)
    assert (second.holds(32_768), second.holds(32_769)) == (False, True)


def test_a_cached_price_is_not_needed_where_nothing_was_cached() -> None:
    cost = catalogue.cost(known("glm-5.3"), Usage(10**6, 0, 0), "modelstudio-intl")
    assert cost is not None
    assert cost.amount == pytest.approx(1.4)


def test_more_cached_than_sent_costs_no_less_than_all_cached() -> None:
    cost = catalogue.cost(known("glm-5"), Usage(1000, 5000, 0), "modelstudio")
    assert cost is not None
    assert cost.amount == pytest.approx(0.0008)


# Mistakes in it.

MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "a limit that is text": (
        {**ENTRY, "limits": {"max_input": "9"}},
        "glm-x, limits, max_input: '9' should be a whole number",
    ),
    "a limit that there is not": (
        {**ENTRY, "limits": {"max_inputs": 9}},
        "glm-x, limits: there is no key 'max_inputs'",
    ),
    "a feature of a third kind": (
        {**ENTRY, "features": {"json_mode": "perhaps"}},
        "glm-x, features, json_mode: 'perhaps' should be",
    ),
    "no source": ({"id": "glm-x", "date": "2026-01-31"}, "glm-x: the key 'source' is missing"),
    "an empty source": ({**ENTRY, "source": ""}, "glm-x: the key 'source' is empty"),
    "no date": ({"id": "glm-x", "source": "a page"}, "glm-x: the key 'date' is missing"),
    "a date in words": ({**ENTRY, "date": "May"}, "glm-x: the key 'date' is 'May'"),
    "no id": (SOURCED, "models #1: the key 'id' is missing"),
    "a price without a source": (
        {**ENTRY, "prices": [{**PRICE, **SOURCED}, PRICE]},
        "glm-x, prices #2: the key 'source' is missing",
    ),
    "a dispute without words": (
        {**ENTRY, "disputed": [{**DISPUTE, **SOURCED, "words": "d"}]},
        "glm-x, disputed #1, words: 'd' should be a list",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_by_entry_and_field(name: str) -> None:
    entry, message = MISTAKES[name]
    with pytest.raises(ValueError, match=re.escape(message)):
        catalogue.read({"date": "2026-01-31", "models": [entry]})


def test_mistakes_of_the_whole_are_named() -> None:
    with pytest.raises(ValueError, match="the key 'date' of the catalogue is missing"):
        catalogue.read({"models": [ENTRY]})
    with pytest.raises(ValueError, match="an id is there twice"):
        catalogue.read({"date": "2026-01-31", "models": [ENTRY, ENTRY]})
    with pytest.raises(ValueError, match="disputed #1: the key 'source' is missing"):
        catalogue.read({"date": "2026-01-31", "disputed": [DISPUTE]})
