"""Rules that the page has too, in js/src/chat: both must give what `contract/` holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from glm_notebook import references
from glm_notebook.tools.results import count_tokens

CONTRACT = Path(__file__).parent / "contract"


def cases(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((CONTRACT / name).read_text("utf-8"))["cases"]
    return found


@pytest.mark.parametrize("case", cases("references.json"), ids=lambda case: ascii(case["prompt"]))
def test_what_a_prompt_names(case: dict[str, Any]) -> None:
    assert references.expressions(case["prompt"]) == case["expressions"]


@pytest.mark.parametrize("case", cases("tokens.json"), ids=lambda case: ascii(case["text"]))
def test_the_length_of_a_text(case: dict[str, Any]) -> None:
    assert count_tokens(case["text"]) == case["tokens"]
