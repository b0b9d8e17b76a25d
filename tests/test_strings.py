from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from glm_notebook import amendment
from glm_notebook.strings import CHINESE, ENGLISH, Words, count, footer, note, words

CONTRACT: dict[str, Any] = json.loads(
    (Path(__file__).parent / "contract" / "footer.json").read_text("utf-8")
)
CASES: list[dict[str, Any]] = CONTRACT["cases"]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_footer_is_that_of_the_contract(case: dict[str, Any]) -> None:
    assert footer(case["snapshot"], case["language"]) == case["footer"]


@pytest.mark.parametrize(("language", "said"), CONTRACT["calls"].items())
def test_the_words_of_a_call_are_those_of_the_contract(language: str, said: dict[str, str]) -> None:
    assert {name: getattr(words(language), name) for name in said} == said


def test_both_languages_fill_the_same_blanks() -> None:
    for one in fields(Words):
        english, chinese = getattr(ENGLISH, one.name), getattr(CHINESE, one.name)
        assert english.count("{}") == chinese.count("{}"), one.name


@pytest.mark.parametrize("rule", amendment._RULES, ids=lambda rule: rule.note)
def test_every_change_of_a_request_is_told_in_chinese(rule: amendment._Rule) -> None:
    assert note(rule.note, "zh") != rule.note == note(rule.note, "en")


def test_an_unknown_count_is_not_zero() -> None:
    assert (count(None), count(0), count(1204)) == ("–", "0", "1,204")
