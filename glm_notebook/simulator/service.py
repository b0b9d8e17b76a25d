"""The service without its sockets: a request comes in, a response that can be played comes out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from glm_notebook.simulator import compat, refusals
from glm_notebook.simulator.faults import Context, Fault, Page, parse_faults
from glm_notebook.simulator.models import ModelFacts, known_models
from glm_notebook.simulator.pacing import Pace, check_pace
from glm_notebook.simulator.pieces import Piece, cut_reply, seeded
from glm_notebook.simulator.planning import plan_reply
from glm_notebook.simulator.refusals import Refusal
from glm_notebook.simulator.reply import Reply
from glm_notebook.simulator.request import ChatRequest, parse_compat
from glm_notebook.simulator.scenario import Rule, Scenario, demo
from glm_notebook.simulator.sse import Event, Item, Raw, Wire, dump
from glm_notebook.simulator.tokens import PromptCache
from glm_notebook.simulator.validation import prompt_tokens, refuse

FAULT_HEADER = "X-Sim-Fault"
_EVENT_STREAM = "text/event-stream;charset=UTF-8"
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Incoming:
    """An HTTP request."""

    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def header(self, name: str) -> str:
        """Return a header in whatever case it came, or an empty string."""
        return next((v for k, v in self.headers.items() if k.lower() == name.lower()), "")


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response as it is to be played."""

    status: int
    headers: Mapping[str, str]
    items: Iterable[Item]
    length: int | None = None
    """Bytes of the body, if it is sent with a length."""
    pace: Pace = field(default_factory=Pace)
    wire: Wire = field(default_factory=Wire)


@dataclass(frozen=True, slots=True)
class _Exchange:
    """What is known of one request while it is answered."""

    incoming: Incoming
    request_id: str
    stream: bool = False


class Service:
    """What the simulator answers, one request after the other: not for several threads.

    Parameters
    ----------
    scenario : Scenario
        The rules, tried before the built-in ones.
    tokens_per_s, first_token_s : float or None
        Pace of every reply whose rule sets none; None leaves it to the scenario.
    clock : callable
        Returns the time in seconds since the epoch.
    new_id : callable
        Returns a new id for a request or a reply.
    """

    def __init__(
        self,
        scenario: Scenario | None = None,
        *,
        tokens_per_s: float | None = None,
        first_token_s: float | None = None,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        check_pace(tokens_per_s, first_token_s)
        self.scenario = scenario or demo()
        self._tokens_per_s = tokens_per_s
        self._first_token_s = first_token_s
        self._clock = clock
        self._new_id = new_id
        self._models = known_models(self.scenario.models)
        self._cache = PromptCache()
        self._number = 0

    # Routes.

    def chat_compat(self, incoming: Incoming) -> Response:
        """Answer ``POST /compatible-mode/v1/chat/completions``."""
        exchange = _Exchange(incoming, self._new_id())
        self._number += 1
        body, refusal = self._open(exchange)
        if body is None:
            return self._refuse(exchange, refusal or refusals.BAD_BODY)
        request = parse_compat(body)
        return self._chat(replace(exchange, stream=request.stream), request)

    def models_compat(self, incoming: Incoming) -> Response:
        """Answer ``GET /compatible-mode/v1/models``."""
        exchange = _Exchange(incoming, self._new_id())
        refusal = self._authenticate(exchange)
        if refusal is not None:
            return self._refuse(exchange, refusal)
        body = compat.model_list(self._models, int(self._clock()))
        return self._whole(exchange, 200, dump(body))

    def not_found(self, incoming: Incoming) -> Response:
        """Answer a path that does not exist."""
        return self._refuse(
            _Exchange(incoming, self._new_id()), refusals.documented(404, "NotFound")
        )

    def wrong_method(self, incoming: Incoming, method: str) -> Response:
        """Answer a method that a path does not have."""
        refusal = refusals.invalid(f"Request method '{method}' is not supported.", prefix=False)
        return self._refuse(_Exchange(incoming, self._new_id()), refusal)

    def failed(self, incoming: Incoming) -> Response:
        """Answer where the simulator itself has failed."""
        return self._refuse(
            _Exchange(incoming, self._new_id()), refusals.documented(500, "InternalError")
        )

    # Steps of an answer, in the order of the service: key, body, model, request, faults, reply.

    def _authenticate(self, exchange: _Exchange) -> Refusal | None:
        scheme, _, key = exchange.incoming.header("Authorization").partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            return refusals.NO_KEY
        if key == "bad" or key in self.scenario.refused_keys:
            return refusals.BAD_KEY
        return None

    def _open(self, exchange: _Exchange) -> tuple[dict[str, Any] | None, Refusal | None]:
        """Check the key and read the body."""
        refusal = self._authenticate(exchange)
        if refusal is not None:
            return None, refusal
        if exchange.incoming.header("X-DashScope-Async").lower() == "enable":
            return None, refusals.NOT_ASYNCHRONOUS
        try:
            body = json.loads(exchange.incoming.body)
        except ValueError:
            return None, refusals.BAD_BODY
        return (body, None) if isinstance(body, dict) else (None, refusals.BAD_BODY)

    def _chat(self, exchange: _Exchange, request: ChatRequest) -> Response:
        if not request.model:
            return self._refuse(exchange, refusals.EMPTY_MODEL)
        facts = self._models.get(request.model)
        if facts is None:
            return self._refuse(exchange, refusals.model_not_found(request.model))
        refusal = refuse(request, facts)
        if refusal is not None:
            return self._refuse(exchange, refusal, framed=request.stream)
        rule = self.scenario.choose(request, self._number)
        try:
            asked = parse_faults(exchange.incoming.header(FAULT_HEADER))
        except ValueError as error:
            return self._refuse(exchange, Refusal(400, "SimulatorError", str(error)))
        faults = [*parse_faults(rule.fault), *asked]
        for fault in faults:
            if fault.kind.stage == "answer":
                return self._answer_instead(exchange, fault.apply())
        return self._reply(exchange, request, facts, rule, faults)

    def _answer_instead(self, exchange: _Exchange, answer: Refusal | Page) -> Response:
        if isinstance(answer, Refusal):
            return self._refuse(exchange, answer)
        return _finished(answer.status, {"content-type": answer.content_type}, answer.body)

    def _reply(
        self,
        exchange: _Exchange,
        request: ChatRequest,
        facts: ModelFacts,
        rule: Rule,
        faults: Sequence[Fault],
    ) -> Response:
        cached = self._cache.look_up(request.model, request.prompt_text(facts))
        reply = plan_reply(request, rule, facts, prompt_tokens(request, facts), cached)
        for fault in faults:
            if fault.kind.stage == "reply":
                reply = fault.apply(reply)
        random = seeded(request.parameters.get("seed"), reply.answer)
        pieces: Iterator[Piece] = cut_reply(reply, random, tool_stream=_tool_stream(request, facts))
        for fault in faults:
            if fault.kind.stage == "pieces":
                pieces = fault.apply(pieces)
        response = self._encode(exchange, request, reply, pieces)
        return self._break(exchange, replace(response, pace=self._pace(rule)), faults)

    def _encode(
        self, exchange: _Exchange, request: ChatRequest, reply: Reply, pieces: Iterable[Piece]
    ) -> Response:
        envelope = compat.Envelope(
            model=request.model,
            id=f"chatcmpl-{exchange.request_id}",
            created=int(self._clock()),
            thinking=reply.thinking is not None,
        )
        if not request.stream:
            body = dump(compat.whole(reply, envelope))
            response = self._whole(exchange, 200, body)
            return replace(response, items=[Raw(body, reply.usage.completion_tokens)])
        options = request.parameters.get("stream_options")
        include = isinstance(options, dict) and options.get("include_usage") is True
        items = compat.stream(pieces, envelope, reply.usage, include_usage=include)
        headers = self._headers(exchange, _EVENT_STREAM, finished=False)
        return Response(200, headers, items)

    def _break(self, exchange: _Exchange, response: Response, faults: Sequence[Fault]) -> Response:
        """Apply the faults that concern what has been encoded."""
        items: Iterator[Item] = iter(response.items)
        wire = response.wire
        context = Context(
            error=lambda refusal: Event({"error": refusal.error()}),
            new_id=lambda: f"chatcmpl-{self._new_id()}",
        )
        for fault in faults:
            if fault.kind.stage == "items" or (fault.kind.stage == "events" and exchange.stream):
                items = fault.apply(items, context)
            elif fault.kind.stage == "wire":
                wire = fault.apply(wire)
            wire = replace(wire, **fault.kind.wire)
        return replace(response, items=items, wire=wire)

    def _pace(self, rule: Rule) -> Pace:
        own, built_in = self.scenario, demo()
        return Pace(
            _first_given(
                rule.tokens_per_s, self._tokens_per_s, own.tokens_per_s, built_in.tokens_per_s
            ),
            _first_given(
                rule.first_token_s, self._first_token_s, own.first_token_s, built_in.first_token_s
            ),
        )

    # Bodies and headers.

    def _refuse(self, exchange: _Exchange, refusal: Refusal, *, framed: bool = False) -> Response:
        """Return an error, as the event of a stream if it is `framed`."""
        if framed:
            headers = self._headers(exchange, _EVENT_STREAM)
            return _finished(refusal.status, headers, refusal.event())
        return self._whole(exchange, refusal.status, refusal.body(exchange.request_id))

    def _whole(self, exchange: _Exchange, status: int, body: bytes) -> Response:
        return _finished(status, self._headers(exchange, _JSON), body)

    def _headers(
        self, exchange: _Exchange, content_type: str, *, finished: bool = True
    ) -> dict[str, str]:
        now_ms = int(self._clock() * 1000)
        return {
            "vary": "Origin,Access-Control-Request-Method,Access-Control-Request-Headers,"
            "Accept-Encoding",
            "x-request-id": exchange.request_id,
            "x-dashscope-call-gateway": "true",
            "x-dashscope-finished": str(finished).lower(),
            "x-dashscope-timeout": "180",
            "content-type": content_type,
            "req-cost-time": "1",
            "req-arrive-time": str(now_ms),
            "resp-start-time": str(now_ms + 1),
            "x-envoy-upstream-service-time": "1",
            "server": "istio-envoy",
        }


def _finished(status: int, headers: Mapping[str, str], body: bytes) -> Response:
    return Response(status, headers, [Raw(body)], length=len(body))


def _first_given(*values: float | None) -> float:
    return next((value for value in values if value is not None), 0.0)


def _tool_stream(request: ChatRequest, facts: ModelFacts) -> bool:
    wanted = request.parameters.get("tool_stream")
    return facts.tool_stream if wanted is None else wanted is True
