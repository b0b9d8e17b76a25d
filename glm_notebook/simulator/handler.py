"""The routes, and what happens to one request on them."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tornado.iostream import StreamClosedError
from tornado.web import Application, RequestHandler

from glm_notebook.simulator.codec import Codec
from glm_notebook.simulator.http import Incoming, Response
from glm_notebook.simulator.outlet import MARK, outlet_for
from glm_notebook.simulator.pacing import LoopClock, play
from glm_notebook.simulator.service import COMPAT, NATIVE, ZAI, Service

COMPAT_PATH = "/compatible-mode/v1"
NATIVE_PATH = "/api/v1"
ZAI_PATH = "/api/paas/v4"
_CODECS: Mapping[str, Codec] = {COMPAT_PATH: COMPAT, NATIVE_PATH: NATIVE, ZAI_PATH: ZAI}
_AIGC = f"{NATIVE_PATH}/services/aigc"

Answer = Callable[[Incoming], Response]
State = Literal["open", "answered", "cut", "left"]


@dataclass(slots=True)
class ReceivedRequest:
    """A request that the simulator has received."""

    method: str
    path: str
    headers: Mapping[str, str]
    """By lower-case name; the key is masked."""
    body: bytes
    state: State = "open"
    """``answered`` to the end, ``cut`` by a fault, or ``left`` by the client before the end."""

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


class Log:
    """Requests received, the last `keep` of them, and a condition that is notified of every change."""

    def __init__(self, keep: int | None) -> None:
        self.requests: deque[ReceivedRequest] = deque(maxlen=keep)
        self.changed = threading.Condition()

    def add(self, request: ReceivedRequest) -> None:
        """Add a request that has just been received."""
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()

    def settle(self, request: ReceivedRequest, state: State) -> None:
        """Note how a request ended."""
        with self.changed:
            request.state = state
            self.changed.notify_all()


def application(service: Service, log: Log) -> Application:
    """Return the routes."""
    shared = {"service": service, "log": log}
    routes: Mapping[str, dict[str, Answer]] = {
        f"{COMPAT_PATH}/chat/completions": {"POST": service.chat_compat},
        f"{COMPAT_PATH}/models": {"GET": service.models_compat},
        f"{_AIGC}/text-generation/generation": {"POST": service.chat_native},
        f"{_AIGC}/multimodal-generation/generation": {"POST": service.multimodal},
        f"{NATIVE_PATH}/models": {"GET": service.models_native},
        f"{ZAI_PATH}/chat/completions": {"POST": service.chat_zai},
    }
    return Application(
        [(path, _Handler, {**shared, "answers": answers}) for path, answers in routes.items()],
        default_handler_class=_Handler,
        default_handler_args=shared,
        log_function=lambda handler: None,
    )


def _codec_of(path: str) -> Codec:
    """Return the protocol in which a path is refused."""
    return next((codec for prefix, codec in _CODECS.items() if path.startswith(prefix)), COMPAT)


class _Handler(RequestHandler):
    """One request: hand it to the service and play what comes back."""

    def initialize(
        self, service: Service, log: Log, answers: Mapping[str, Answer] | None = None
    ) -> None:
        self._service = service
        self._received_log = log
        self._answers = answers
        self._player: asyncio.Task[bool] | None = None

    def set_default_headers(self) -> None:
        """Mark every response, those that tornado gives by itself too."""
        self.set_header(*MARK)

    async def _handle(self) -> None:
        received = self._received()
        self._received_log.add(received)
        self._received_log.settle(received, await self._play(self._response(received.method)))

    # tornado looks a method up by its name.
    get = head = post = put = patch = delete = options = _handle

    def on_connection_close(self) -> None:
        """Stop playing: nobody listens any more."""
        if self._player is not None:
            self._player.cancel()

    def _response(self, method: str) -> Response:
        arguments = self.request.query_arguments
        query = {name: values[-1].decode("utf-8", "replace") for name, values in arguments.items()}
        incoming = Incoming(dict(self.request.headers), self.request.body, query)
        codec = _codec_of(self.request.path)
        if self._answers is None:
            return self._service.not_found(incoming, codec)
        answer = self._answers.get(method)
        if answer is None:
            return self._service.wrong_method(incoming, method, codec)
        try:
            return answer(incoming)
        except Exception:
            self.log_exception(*sys.exc_info())
            return self._service.failed(incoming, codec)

    def _received(self) -> ReceivedRequest:
        headers = {name.lower(): value for name, value in self.request.headers.items()}
        if "authorization" in headers:
            headers["authorization"] = "Bearer ***"
        method = self.request.method or ""
        return ReceivedRequest(method, self.request.path, headers, self.request.body)

    async def _play(self, response: Response) -> State:
        outlet = outlet_for(self, response)
        steps = play(response.items, response.pace, outlet, LoopClock())
        self._player = asyncio.ensure_future(steps)
        try:
            reached_end = await self._player
            if reached_end:
                await outlet.close()
        except (asyncio.CancelledError, StreamClosedError):
            return "left"
        return "answered" if reached_end else "cut"
