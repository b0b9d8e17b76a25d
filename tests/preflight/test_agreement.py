"""The simulator has a table of its own: what the check refuses it refuses, and what the check passes it answers.

Where the documents are silent on what happens and the two take different sides, a case is left out, with the reason.
"""

from __future__ import annotations

import httpx
import pytest
from hypothesis import HealthCheck, given, settings

from glm_notebook.catalogue import model
from glm_notebook.messages import Request
from glm_notebook.preflight import check
from glm_notebook.protocol.openai_compat import OpenAICompatible
from glm_notebook.simulator import Simulator

from .requests import MODELSTUDIO
from .test_check import REFUSED, TAKEN, valid_requests

NOT_REFUSED_THERE = {
    "no answer of an unknown model": "it answers 404",
    "a budget on a model without": "it knows no model without a budget",
    "a user who says nothing": "it wants content, which may be empty",
    "pieces of a whole": "it ignores tool_stream, as documented; here it would be without effect",
    "web search": "it has no rule for it",
    "web search, its options": "it has no rule for it",
    "partial mode": "it has no rule for it",
    "partial mode of a message": "it has no rule for it",
    "an asynchronous call": "it looks for a header, not for a field",
    "not a number": "it cannot be sent as JSON",
    "an endless one": "it cannot be sent as JSON",
}
NOT_ANSWERED_THERE = {
    "an unknown model": "it answers 404",
    "both, counted as one": "it takes the lower of the two limits that there may be",
    "an unknown limit": "it takes the longest answer for a limit",
    "several answers without": "it answers once only",
    "JSON where thinking is unknown": "it has every model think by default",
    "the longest input": "it takes the lower of the two limits of glm-5",
    "long words": "it counts four bytes to a token, whatever they are",
    "long Chinese": "it counts four bytes to a token, whatever they are",
    "long white space": "it counts four bytes to a token, whatever they are",
}


def status(simulator: Simulator, asked: Request) -> int:
    """Send a request as it would be sent, and return the status."""
    encoded = OpenAICompatible(MODELSTUDIO).encode(asked)
    headers = [*encoded.headers, ("authorization", "Bearer sk-simulated-0123456789")]
    with httpx.Client(trust_env=False, timeout=30) as client:
        url = simulator.base_url + encoded.path
        return client.post(url, headers=headers, content=encoded.body).status_code


@pytest.mark.parametrize("name", [name for name in REFUSED if name not in NOT_REFUSED_THERE])
def test_what_is_refused_here_is_refused_there(name: str, simulator: Simulator) -> None:
    assert status(simulator, REFUSED[name][0]) == 400


@pytest.mark.parametrize("name", [name for name in TAKEN if name not in NOT_ANSWERED_THERE])
def test_what_passes_here_is_answered_there(name: str, simulator: Simulator) -> None:
    assert status(simulator, TAKEN[name]) == 200


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(valid_requests())
def test_property_what_is_valid_is_answered(simulator: Simulator, asked: Request) -> None:
    check(asked, MODELSTUDIO, model(asked.model))
    assert status(simulator, asked) == 200


def test_the_exceptions_are_cases_of_the_tables() -> None:
    assert REFUSED.keys() >= NOT_REFUSED_THERE.keys()
    assert TAKEN.keys() >= NOT_ANSWERED_THERE.keys()
