"""The service without its sockets: a request comes in, a response that can be played comes out."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from glm_notebook.simulator import compat, native, refusals
from glm_notebook.simulator.breaking import apply_stage, break_response
from glm_notebook.simulator.codec import Codec, Envelope
from glm_notebook.simulator.faults import Context, Dress, Fault, Page, parse_faults
from glm_notebook.simulator.http import (
    EVENT_STREAM,
    JSON,
    Incoming,
    Response,
    finished,
    gateway_headers,
)
from glm_notebook.simulator.models import ModelFacts, known_models
from glm_notebook.simulator.pacing import Pace, check_pace
from glm_notebook.simulator.pieces import Piece, cut_reply, seeded
from glm_notebook.simulator.planning import plan_reply
from glm_notebook.simulator.refusals import Refusal
from glm_notebook.simulator.reply import Reply
from glm_notebook.simulator.request import ChatRequest
from glm_notebook.simulator.scenario import Rule, Scenario, demo
from glm_notebook.simulator.sse import dump
from glm_notebook.simulator.tokens import PromptCache
from glm_notebook.simulator.validation import prompt_tokens, refuse
from glm_notebook.simulator.zai import Zai

FAULT_HEADER = "X-Sim-Fault"
COMPAT = compat.Compat()
NATIVE = native.Native()
ZAI = Zai()


@dataclass(frozen=True, slots=True)
class _Exchange:
    """What is known of one request while it is answered."""

    incoming: Incoming
    request_id: str
    codec: Codec = COMPAT


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
        self._attempts: Counter[str] = Counter()

    # Routes.

    def chat_compat(self, incoming: Incoming) -> Response:
        """Answer ``POST /compatible-mode/v1/chat/completions``."""
        return self._chat(self._exchange(incoming, COMPAT))

    def chat_native(self, incoming: Incoming) -> Response:
        """Answer ``POST /api/v1/services/aigc/text-generation/generation``."""
        return self._chat(self._exchange(incoming, NATIVE))

    def chat_zai(self, incoming: Incoming) -> Response:
        """Answer ``POST /api/paas/v4/chat/completions``."""
        return self._chat(self._exchange(incoming, ZAI))

    def multimodal(self, incoming: Incoming) -> Response:
        """Answer the native path of models that see and hear, which GLM is not found on.

        A stream learns it from an event of a response whose status is 200.
        """
        exchange = self._exchange(incoming, NATIVE)
        refusal = self._authenticate(exchange) or refusals.WRONG_PATH
        streamed = refusal is refusals.WRONG_PATH and native.asks_for_stream(incoming)
        response = self._refuse(exchange, refusal, framed=streamed)
        return replace(response, status=200) if streamed else response

    def models_compat(self, incoming: Incoming) -> Response:
        """Answer ``GET /compatible-mode/v1/models``."""
        exchange = self._exchange(incoming, COMPAT)
        return self._list(exchange, compat.model_list(self._models, int(self._clock())))

    def models_native(self, incoming: Incoming) -> Response:
        """Answer ``GET /api/v1/models``."""
        exchange = self._exchange(incoming, NATIVE)
        page = native.model_page(self._models, incoming.query, exchange.request_id)
        return self._list(exchange, page)

    def not_found(self, incoming: Incoming, codec: Codec = COMPAT) -> Response:
        """Answer a path that does not exist."""
        refusal = refusals.documented(404, "NotFound")
        return self._refuse(self._exchange(incoming, codec), refusal)

    def wrong_method(self, incoming: Incoming, method: str, codec: Codec = COMPAT) -> Response:
        """Answer a method that a path does not have."""
        refusal = refusals.invalid(f"Request method '{method}' is not supported.", prefix=False)
        return self._refuse(self._exchange(incoming, codec), refusal)

    def failed(self, incoming: Incoming, codec: Codec = COMPAT) -> Response:
        """Answer where the simulator itself has failed."""
        refusal = refusals.documented(500, "InternalError")
        return self._refuse(self._exchange(incoming, codec), refusal)

    def _exchange(self, incoming: Incoming, codec: Codec) -> _Exchange:
        return _Exchange(incoming, self._new_id(), codec)

    def _list(self, exchange: _Exchange, body: dict[str, Any]) -> Response:
        refusal = self._authenticate(exchange)
        if refusal is not None:
            return self._refuse(exchange, refusal)
        return self._whole(exchange, body)

    # Steps of an answer, in the order of the service: key, body, model, request, faults, reply.

    def _authenticate(self, exchange: _Exchange) -> Refusal | None:
        scheme, _, key = exchange.incoming.header("Authorization").partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            return refusals.NO_KEY
        if key == "bad" or key in self.scenario.refused_keys:
            return refusals.BAD_KEY
        return None

    def _open(self, exchange: _Exchange) -> dict[str, Any] | Refusal:
        """Check the key and read the body."""
        refusal = self._authenticate(exchange)
        if refusal is not None:
            return refusal
        if exchange.incoming.header("X-DashScope-Async").lower() == "enable":
            return refusals.NOT_ASYNCHRONOUS
        try:
            body = json.loads(exchange.incoming.body)
        except ValueError:
            return refusals.BAD_BODY
        return body if isinstance(body, dict) else refusals.BAD_BODY

    def _chat(self, exchange: _Exchange) -> Response:
        self._number += 1
        body = self._open(exchange)
        if isinstance(body, Refusal):
            return self._refuse(exchange, body)
        request = exchange.codec.parse(body, exchange.incoming)
        if not request.model:
            return self._refuse(exchange, refusals.EMPTY_MODEL)
        facts = self._models.get(request.model)
        if facts is None:
            return self._refuse(exchange, refusals.model_not_found(request.model))
        refusal = refuse(request, facts)
        if refusal is not None:
            framed = request.stream and exchange.codec.framed != "none"
            return self._refuse(exchange, refusal, framed=framed)
        return self._follow_rule(exchange, request, facts)

    def _follow_rule(
        self, exchange: _Exchange, request: ChatRequest, facts: ModelFacts
    ) -> Response:
        rule = self.scenario.choose(request, self._number)
        try:
            asked = parse_faults(exchange.incoming.header(FAULT_HEADER))
        except ValueError as error:
            return self._refuse(exchange, Refusal(400, "SimulatorError", str(error)))
        faults = [*parse_faults(rule.fault), *asked]
        instead = self._instead(request, faults)
        if instead is not None:
            return self._answer_instead(exchange, request, faults, instead)
        return self._reply(exchange, apply_stage(faults, "request", request), facts, rule, faults)

    def _instead(self, request: ChatRequest, faults: Sequence[Fault]) -> Refusal | Page | None:
        """Return what comes instead of a reply, if a fault says so."""
        answering = [fault for fault in faults if fault.kind.stage == "answer"]
        if not answering:
            return None
        self._attempts[request.prompt] += 1
        answers = (fault.apply(self._attempts[request.prompt]) for fault in answering)
        return next((answer for answer in answers if answer is not None), None)

    def _answer_instead(
        self,
        exchange: _Exchange,
        request: ChatRequest,
        faults: Sequence[Fault],
        answer: Refusal | Page,
    ) -> Response:
        if isinstance(answer, Page):
            response = finished(answer.status, {"content-type": answer.content_type}, answer.body)
            return break_response(faults, response, None)
        dress = Dress(framed=request.stream and exchange.codec.framed == "all")
        dress = apply_stage(faults, "dress", dress)
        if dress.swapped:
            exchange = replace(exchange, codec=COMPAT if exchange.codec is NATIVE else NATIVE)
        response = self._refuse(exchange, answer, framed=dress.framed, id_key=dress.id_key)
        return break_response(faults, response, None)

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
        reply = apply_stage(faults, "reply", reply)
        if request.stream:
            response = self._stream(exchange, request, facts, reply, faults)
        else:
            response = self._reply_whole(exchange, request, reply, faults)
        return replace(response, pace=self._pace(rule))

    def _stream(
        self,
        exchange: _Exchange,
        request: ChatRequest,
        facts: ModelFacts,
        reply: Reply,
        faults: Sequence[Fault],
    ) -> Response:
        random = seeded(request.parameters.get("seed"), reply.answer)
        pieces: Iterator[Piece] = cut_reply(reply, random, tool_stream=_tool_stream(request, facts))
        pieces = apply_stage(faults, "pieces", pieces)
        items = exchange.codec.stream(request, reply, pieces, self._envelope(exchange, request))
        headers = self._headers(exchange, EVENT_STREAM, is_finished=False)
        context = self._context(exchange, request, reply)
        return break_response(faults, Response(200, headers, items), context)

    def _context(self, exchange: _Exchange, request: ChatRequest, reply: Reply) -> Context:
        codec, envelope = exchange.codec, self._envelope(exchange, request)
        return Context(
            error=lambda refusal, k: codec.error_event(refusal, exchange.request_id, k),
            usage=lambda k: codec.usage_event(reply.usage, envelope, k),
            renamed=codec.renamed,
            new_id=self._new_id,
        )

    def _reply_whole(
        self, exchange: _Exchange, request: ChatRequest, reply: Reply, faults: Sequence[Fault]
    ) -> Response:
        body = exchange.codec.whole(request, reply, self._envelope(exchange, request))
        body = apply_stage(faults, "payload", body)
        response = self._whole(exchange, body, at_token=reply.usage.completion_tokens)
        return break_response(faults, response, None)

    def _envelope(self, exchange: _Exchange, request: ChatRequest) -> Envelope:
        return Envelope(request.model, exchange.request_id, int(self._clock()))

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

    def _refuse(
        self,
        exchange: _Exchange,
        refusal: Refusal,
        *,
        framed: bool = False,
        id_key: str = "request_id",
    ) -> Response:
        """Return an error, as the event of a stream if it is `framed`."""
        codec, request_id = exchange.codec, exchange.request_id
        if framed:
            event = codec.framed_refusal(refusal, request_id)
            headers = self._headers(exchange, EVENT_STREAM)
            return finished(refusal.status, headers, event.encode())
        body = codec.refusal(refusal, request_id)
        body = {id_key if key == "request_id" else key: value for key, value in body.items()}
        return self._whole(exchange, body, status=refusal.status)

    def _whole(
        self, exchange: _Exchange, body: dict[str, Any], *, status: int = 200, at_token: int = 0
    ) -> Response:
        return finished(status, self._headers(exchange, JSON), dump(body), at_token)

    def _headers(
        self, exchange: _Exchange, content_type: str, *, is_finished: bool = True
    ) -> dict[str, str]:
        return gateway_headers(
            exchange.request_id, content_type, self._clock(), is_finished=is_finished
        )


def _first_given(*values: float | None) -> float:
    return next((value for value in values if value is not None), 0.0)


def _tool_stream(request: ChatRequest, facts: ModelFacts) -> bool:
    wanted = request.parameters.get("tool_stream")
    return facts.tool_stream if wanted is None else wanted is True
