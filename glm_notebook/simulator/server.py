"""The service on loopback: tornado in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType

from tornado.httpserver import HTTPServer

from glm_notebook.simulator.handler import (
    COMPAT_PATH,
    NATIVE_PATH,
    ZAI_PATH,
    Log,
    ReceivedRequest,
    application,
)
from glm_notebook.simulator.scenario import Scenario
from glm_notebook.simulator.service import Service

_LOOPBACK = "127.0.0.1"
_LAST_PORT = 65_535
_START_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class _Running:
    """What a started server is stopped by, and where it listens."""

    port: int
    loop: asyncio.AbstractEventLoop
    stopping: asyncio.Event


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
    keep : int, optional
        How many of the latest requests are remembered. Default: all.

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
        keep: int | None = None,
    ) -> None:
        if not 0 <= port <= _LAST_PORT:
            raise ValueError(f"{port} is no port; 0 takes a free one")
        self._service = Service(scenario, tokens_per_s=tokens_per_s, first_token_s=first_token_s)
        self._port = port
        self._log = Log(keep)
        self._thread: threading.Thread | None = None
        self._running: _Running | None = None

    @property
    def host_url(self) -> str:
        """Scheme, host and port."""
        if self._running is None:
            raise RuntimeError("The simulator has not been started.")
        return f"http://{_LOOPBACK}:{self._running.port}"

    @property
    def base_url(self) -> str:
        """Base URL of the OpenAI-compatible protocol."""
        return self.host_url + COMPAT_PATH

    @property
    def native_url(self) -> str:
        """Base URL of the DashScope protocol."""
        return self.host_url + NATIVE_PATH

    @property
    def zai_url(self) -> str:
        """Base URL of the dialect of Z.ai."""
        return self.host_url + ZAI_PATH

    @property
    def requests(self) -> list[ReceivedRequest]:
        """What has been received, the oldest first."""
        with self._log.changed:
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
        RuntimeError
            If it has been started already.
        """
        if self._thread is not None:
            raise RuntimeError("The simulator has been started already.")
        ready: Future[_Running] = Future()
        thread = threading.Thread(
            target=self._run, args=(ready,), name="glm-simulator", daemon=True
        )
        thread.start()
        self._running = ready.result(_START_TIMEOUT_S)
        self._thread = thread
        return self

    def stop(self) -> None:
        """Break all connections and stop; does nothing if it is not running."""
        if self._thread is None or self._running is None:
            return
        self._running.loop.call_soon_threadsafe(self._running.stopping.set)
        self._thread.join()
        self._thread = self._running = None

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self, ready: Future[_Running]) -> None:
        try:
            asyncio.run(self._serve(ready))
        except Exception as error:
            if ready.done():
                raise
            ready.set_exception(error)

    async def _serve(self, ready: Future[_Running]) -> None:
        listener = socket.create_server((_LOOPBACK, self._port))  # tornado's leaks where it fails
        listener.setblocking(False)
        server = HTTPServer(application(self._service, self._log))
        server.add_socket(listener)
        stopping = asyncio.Event()
        port = listener.getsockname()[1]
        ready.set_result(_Running(port, asyncio.get_running_loop(), stopping))
        await stopping.wait()
        server.stop()
        await server.close_all_connections()
