"""The service on loopback: tornado in a thread of its own."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from http.client import responses
from types import TracebackType
from typing import Any, Literal, cast

from tornado.http1connection import HTTP1Connection
from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream, StreamClosedError
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from glm_notebook.simulator.pacing import Clock, LoopClock, play
from glm_notebook.simulator.scenario import Scenario
from glm_notebook.simulator.service import Incoming, Response, Service

_LOOPBACK = "127.0.0.1"
_COMPAT = "/compatible-mode/v1"
_START_TIMEOUT_S = 10.0

Answer = Callable[[Incoming], Response]
State = Literal["open", "answered", "cut", "left"]


@dataclass(slots=True)
class ReceivedRequest:
    """A request that the simulator has received."""

    method: str
    path: str
    headers: Mapping[str, str]
    """The key is masked."""
    body: bytes
    state: State = "open"
    """``answered`` to the end, ``cut`` by a fault, or ``left`` by the client before the end."""

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass(slots=True)
class _Log:
    """Requests received, and a condition that is notified of every change."""

    requests: list[ReceivedRequest] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def add(self, request: ReceivedRequest) -> None:
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()

    def settle(self, request: ReceivedRequest, state: State) -> None:
        with self.changed:
            request.state = state
            self.changed.notify_all()


class Simulator:
    """Model Studio on this machine, from its documentation alone.

    Parameters
    ----------
    scenario : Scenario, optional
        What is answered; the built-in scenario answers what it does not match.
    port : int
        Port on 127.0.0.1; 0 takes a free one.
    tokens_per_s : float, optional
        Pace of every reply whose rule sets none; 0 is flat out. Default: the scenario's, else 60.
    first_token_s : float, optional
        Time to the first token, in seconds. Default: the scenario's, else 0.6.

    Examples
    --------
    >>> with Simulator(tokens_per_s=0, first_token_s=0) as simulator:
    ...     simulator.base_url  # doctest: +ELLIPSIS
    'http://127.0.0.1:.../compatible-mode/v1'
    """

    def __init__(
        self,
        scenario: Scenario | None = None,
        *,
        port: int = 0,
        tokens_per_s: float | None = None,
        first_token_s: float | None = None,
    ) -> None:
        self._service = Service(scenario, tokens_per_s=tokens_per_s, first_token_s=first_token_s)
        self._port = port
        self._log = _Log()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._started = threading.Event()
        self._error: BaseException | None = None

    @property
    def host_url(self) -> str:
        """Scheme, host and port."""
        if not self._started.is_set():
            raise RuntimeError("The simulator has not been started.")
        return f"http://{_LOOPBACK}:{self._port}"

    @property
    def base_url(self) -> str:
        """Base URL of the OpenAI-compatible protocol."""
        return self.host_url + _COMPAT

    @property
    def requests(self) -> list[ReceivedRequest]:
        """What has been received, the oldest first."""
        return list(self._log.requests)

    def wait_until(
        self, condition: Callable[[list[ReceivedRequest]], bool], timeout_s: float = 5.0
    ) -> None:
        """Wait until what has been received fulfils a condition.

        Raises
        ------
        TimeoutError
            If it does not within `timeout_s` seconds.
        """
        with self._log.changed:
            if not self._log.changed.wait_for(lambda: condition(self.requests), timeout_s):
                raise TimeoutError(f"Not within {timeout_s} s; received: {self.requests}")

    def start(self) -> Simulator:
        """Start serving, and return when requests are accepted.

        Raises
        ------
        OSError
            If the port is taken.
        """
        self._started.clear()
        self._error = None
        self._thread = threading.Thread(target=self._run, name="glm-simulator", daemon=True)
        self._thread.start()
        self._started.wait(_START_TIMEOUT_S)
        if self._error is not None:
            self._thread.join()
            self._started.clear()
            raise self._error
        return self

    def stop(self) -> None:
        """Break all connections and stop; does nothing if it is not running."""
        thread, loop, stopping = self._thread, self._loop, self._stopping
        if thread is None or loop is None or stopping is None:
            return
        loop.call_soon_threadsafe(stopping.set)
        thread.join()
        self._thread = self._loop = self._stopping = None
        self._started.clear()

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._error = error
            self._started.set()

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        sockets = bind_sockets(self._port, _LOOPBACK)
        self._port = sockets[0].getsockname()[1]
        server = HTTPServer(_application(self._service, self._log))
        server.add_sockets(sockets)
        self._started.set()
        await self._stopping.wait()
        server.stop()
        await server.close_all_connections()


def _application(service: Service, log: _Log) -> Application:
    shared = {"service": service, "log": log}
    return Application(
        [
            (_COMPAT + "/chat/completions", _Handler, {**shared, "post": service.chat_compat}),
            (_COMPAT + "/models", _Handler, {**shared, "get": service.models_compat}),
        ],
        default_handler_class=_Handler,
        default_handler_args=shared,
        log_function=lambda handler: None,
    )


class _Handler(RequestHandler):
    """One request: hand it to the service and play what comes back."""

    def initialize(
        self, service: Service, log: _Log, get: Answer | None = None, post: Answer | None = None
    ) -> None:
        self._service = service
        self._received_log = log
        self._get = get
        self._post = post
        self._player: asyncio.Task[bool] | None = None

    async def get(self) -> None:
        await self._answer(self._get)

    async def post(self) -> None:
        await self._answer(self._post)

    def on_connection_close(self) -> None:
        """Stop playing: nobody listens any more."""
        if self._player is not None:
            self._player.cancel()

    async def _answer(self, answer: Answer | None) -> None:
        received = self._received()
        self._received_log.add(received)
        incoming = Incoming(dict(self.request.headers), self.request.body)
        if answer is None:
            response = self._service.unknown(incoming, received.method)
        else:
            response = answer(incoming)
        received_state = await self._play(response)
        self._received_log.settle(received, received_state)

    def _received(self) -> ReceivedRequest:
        headers = {name.lower(): value for name, value in self.request.headers.items()}
        if "authorization" in headers:
            headers["authorization"] = "Bearer ***"
        method = self.request.method or ""
        return ReceivedRequest(method, self.request.path, headers, self.request.body)

    async def _play(self, response: Response) -> State:
        connection = cast(HTTP1Connection, self.request.connection)
        kind = _RawOutlet if response.wire.close_delimited else _ChunkedOutlet
        outlet = kind(self, connection.stream, response)
        clock: Clock = LoopClock()
        steps: Coroutine[Any, Any, bool] = play(response.items, response.pace, outlet, clock)
        self._player = asyncio.ensure_future(steps)
        try:
            reached_end = await self._player
            await outlet.close()
        except (asyncio.CancelledError, StreamClosedError):
            return "left"
        return "answered" if reached_end else "cut"


class _Outlet:
    """Writes a response to a connection."""

    def __init__(self, handler: RequestHandler, stream: IOStream, response: Response) -> None:
        self._handler = handler
        self._stream = stream
        self._response = response
        self._is_open = False
        stream.set_nodelay(True)

    async def open(self) -> None:
        """Send status and headers, if they have not been sent."""
        if not self._is_open:
            self._is_open = True
            await self._send_head()

    async def send(self, data: bytes) -> None:
        """Send a part of the body."""
        await self.open()
        if not self._response.wire.one_byte:
            await self._write(data)
            return
        for byte in data:
            await self._write(bytes([byte]))

    async def cut(self) -> None:
        """Break the connection."""
        await self.open()
        self._stream.close()

    async def close(self) -> None:
        """End the body."""
        await self.open()

    async def _send_head(self) -> None:
        raise NotImplementedError

    async def _write(self, data: bytes) -> None:
        raise NotImplementedError


class _ChunkedOutlet(_Outlet):
    """A body in chunks, or with a length: tornado frames it."""

    async def _send_head(self) -> None:
        self._handler.clear()
        self._handler.set_status(self._response.status)
        for name, value in self._response.headers.items():
            self._handler.set_header(name, value)
        if self._response.length is not None:
            self._handler.set_header("Content-Length", str(self._response.length))
        await self._handler.flush()

    async def _write(self, data: bytes) -> None:
        self._handler.write(data)
        await self._handler.flush()


class _RawOutlet(_Outlet):
    """A body that ends with its connection."""

    async def close(self) -> None:
        """End the body."""
        await self.open()
        self._stream.close()

    async def _send_head(self) -> None:
        status = self._response.status
        lines = [f"HTTP/1.1 {status} {responses.get(status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in self._response.headers.items()]
        await self._stream.write(("\r\n".join([*lines, "connection: close"]) + "\r\n\r\n").encode())

    async def _write(self, data: bytes) -> None:
        await self._stream.write(data)
