"""Faults that come instead of a reply: what a client meets when it should wait, or ask again."""

from __future__ import annotations

import json

import pytest

from glm_notebook.simulator import Rule, Scenario, Simulator
from glm_notebook.simulator.service import Service

from .faulty import COMPAT, NATIVE, SCENARIO, Protocol
from .wire import SSE, ask, body, make_service, native_answer, native_body, service_answer


def statuses(service: Service, *prompts: str, fault: str) -> list[int]:
    answers = [service_answer(service, body(p), **{"X-Sim-Fault": fault}) for p in prompts]
    return [answer.status for answer in answers]


# The first requests only.


def test_the_first_requests_of_each_prompt_fail(service: Service) -> None:
    prompts = ("one", "one", "two", "one", "two", "two")
    found = statuses(service, *prompts, fault="fail-first:2:503")
    assert found == [503, 503, 503, 200, 503, 200]


def test_the_code_of_a_failure(service: Service) -> None:
    fault = {"X-Sim-Fault": "fail-first:1:429:Throttling.BurstRate, retry-after:2.5"}
    refused = native_answer(service, native_body("Hi"), **fault)
    assert (refused.status, refused.json["code"]) == (429, "Throttling.BurstRate")
    assert refused.headers["retry-after"] == "2.5"
    answered = native_answer(service, native_body("Hi"), **fault)
    assert answered.status == 200


def test_a_rule_that_fails_first() -> None:
    rules = (Rule("Hello", answer="At last.", fault="fail-first:1:500"),)
    with Simulator(Scenario(rules=rules), tokens_per_s=0, first_token_s=0) as simulator:
        assert ask(simulator, body("Hello")).status == 500
        assert ask(simulator, body("Hello")).json["choices"][0]["message"]["content"] == "At last."


def test_what_was_refused_for_its_own_mistake_does_not_count(service: Service) -> None:
    service_answer(service, body("Hi", temperature=9), **{"X-Sim-Fault": "fail-first:1:503"})
    assert statuses(service, "Hi", "Hi", fault="fail-first:1:503") == [503, 200]


def test_the_first_answer_counts() -> None:
    fault = "fail-first:1:500, status:429"
    assert statuses(make_service(), "Hi", "Hi", fault=fault) == [500, 429]


# Retry-After.


@pytest.mark.parametrize(("written", "sent"), [("3", "3"), ("0", "0"), ("0.25", "0.25")])
def test_when_to_come_back(protocol: Protocol, written: str, sent: str) -> None:
    for stream in (False, True):
        answer = protocol.ask(fault=f"status:429, retry-after:{written}", stream=stream)
        assert answer.headers["retry-after"] == sent
        assert answer.status == 429
    assert "retry-after" not in protocol.ask(fault="status:429").headers


# What a refusal wears.


def test_framed_or_plain() -> None:
    for protocol, default in ((COMPAT, "application/json"), (NATIVE, "text/event-stream")):
        kinds = {
            fault: protocol.ask(fault=f"status:403{fault}").headers["content-type"].split(";")[0]
            for fault in ("", ", plain", ", framed")
        }
        assert kinds == {
            "": default,
            ", plain": "application/json",
            ", framed": "text/event-stream",
        }
        assert protocol.ask(fault="status:403", stream=False).json


def test_a_frame_that_claims_to_be_json(protocol: Protocol) -> None:
    answer = protocol.ask(fault="status:400, framed, content-type:application/json")
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/json"
    with pytest.raises(json.JSONDecodeError):
        _ = answer.json
    assert len(answer.frames) == 1


def test_the_id_has_another_name() -> None:
    answer = COMPAT.ask(fault="status:403, error-id")
    assert set(answer.json) == {"error", "id"}
    assert answer.json["id"] == answer.headers["x-request-id"]
    answer = NATIVE.ask(fault="status:403, error-id", stream=False)
    assert set(answer.json) == {"code", "message", "id"}


def test_the_shape_of_the_other_protocol() -> None:
    answer = COMPAT.ask(fault="status:401, other-shape")
    assert answer.json["code"] == "InvalidApiKey"
    answer = NATIVE.ask(fault="status:401, other-shape, plain")
    assert answer.json["error"]["code"] == "invalid_api_key"
    answer = NATIVE.ask(fault="status:401, other-shape")
    assert answer.body.startswith(b'data: {"error":{"code":"invalid_api_key"')


# Proxies.


@pytest.mark.parametrize(
    ("fault", "status", "kind", "begins"),
    [
        ("html-502", 502, "text/html", b"<html>"),
        ("text-503", 503, "text/plain", b"upstream connect error"),
        ("empty-504", 504, "text/plain", b""),
    ],
)
def test_the_pages_of_proxies(
    protocol: Protocol, fault: str, status: int, kind: str, begins: bytes
) -> None:
    answer = protocol.ask(fault=fault)
    assert (answer.status, answer.headers["content-type"]) == (status, kind)
    assert answer.body.startswith(begins)
    assert "x-request-id" not in answer.headers
    assert bool(answer.body) == bool(begins)


# A refusal is a body like any other.


def test_a_refusal_that_does_not_arrive() -> None:
    with Simulator(SCENARIO, tokens_per_s=0, first_token_s=0) as simulator:
        simulated = ask(simulator, body("Hello"), X_Sim_Fault="status:500, gzip, one-byte")
        assert simulated.status == 500
        assert simulated.headers["content-encoding"] == "gzip"


def test_what_belongs_to_streams_leaves_a_refusal_alone(protocol: Protocol) -> None:
    plain = protocol.ask(fault="status:500").body
    assert protocol.ask(fault="status:500, error-after:0, no-space, late-text").body == plain


def test_a_prompt_is_counted_only_if_a_fault_asks() -> None:
    service = make_service()
    native_answer(service, native_body("Hi"), **SSE)
    assert statuses(service, "Hi", fault="fail-first:1:503") == [503]
