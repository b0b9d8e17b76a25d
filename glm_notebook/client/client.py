"""The HTTP client: one connection pool per endpoint and event loop. The only package that imports httpx.

Facts of httpx 0.28 this stands on: its 5 s default for reads is too short for a model that thinks; a chunked
body that is cut raises `RemoteProtocolError`, a close-delimited one that is cut raises nothing, so the end of
a stream is judged by the decoder; `aiter_lines` splits on characters that are no line ends in SSE, so bytes
are taken.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import aclosing, asynccontextmanager

import httpx

from glm_notebook import credentials, endpoints
from glm_notebook._version import __version__
from glm_notebook.client.body import batches, read_at_most
from glm_notebook.client.failures import cut, retry_after_s, transport_error
from glm_notebook.client.timeouts import Timeouts
from glm_notebook.credentials import Secret
from glm_notebook.endpoints import Endpoint
from glm_notebook.errors import APIError, ConfigError, GLMError
from glm_notebook.messages import ListedModel, Request
from glm_notebook.protocol.base import EncodedRequest, WireProtocol
from glm_notebook.protocol.deltas import Delta, ErrorDelta, NoteDelta, RetriedDelta, RetryDelta
from glm_notebook.protocol.models import listed_models
from glm_notebook.protocol.openai_compat import OpenAICompatible
from glm_notebook.protocol.refusal import error_from, parse_error
from glm_notebook.retry import RetryPolicy, Tries

MAX_LIST_BYTES = 4 * 1024 * 1024
"""Most bytes of a list of models that are read."""
MAX_REFUSAL_BYTES = 256 * 1024
"""Most bytes of an error's body that are read."""
SIMULATED_HEADER = "x-glm-simulator"
SIMULATED_NOTE = "Simulated answer, no model was asked"
AGAIN_NOTE = "asked again after a wait"


class _Bearer(httpx.Auth):
    """Puts the key into a request at the last moment, so that no variable of ours ever holds it in clear."""

    def __init__(self, key: Secret) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["authorization"] = f"Bearer {self._key.reveal()}"
        yield request


class AsyncClient:
    """Streams answers from one endpoint.

    Parameters
    ----------
    api_key : str, optional
        The key; by default the one that `glm_notebook.credentials` finds for the endpoint's host when a
        request is made. Never shown again.
    base_url : str or Endpoint, optional
        Where requests go: a name of `glm_notebook.endpoints.names` or a URL to which the protocol's path is
        appended. By default Model Studio, or what ``DASHSCOPE_COMPATIBLE_BASE_URL`` says.
    protocol : {"openai", "dashscope"}
        The wire protocol. An `Endpoint` brings its own.
    dialect : str, optional
        What kind of server is behind a URL (`glm_notebook.dialects.names`), where its address does not tell.
    retry : RetryPolicy, optional
        How often a request that failed is sent again.
    timeout : float or Timeouts, optional
        Longest silence in seconds, or all four waits.
    transport : httpx.AsyncBaseTransport, optional
        Instead of the network: for tests.

    Notes
    -----
    A client may be used from several event loops; each has its own pool of connections. Proxies and
    certificates are taken from the environment, but a loopback endpoint is always asked directly.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | Endpoint | None = None,
        protocol: str = "openai",
        dialect: str | None = None,
        retry: RetryPolicy | None = None,
        timeout: float | Timeouts | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if not isinstance(base_url, Endpoint):
            base_url = endpoints.resolve(base_url or "", protocol, dialect or "")
        self.endpoint = base_url
        self.protocol = _protocol(base_url)
        self.retry = retry or RetryPolicy()
        self._key = credentials.checked(api_key, "api_key") if api_key is not None else None
        self._timeouts = _timeouts(timeout)
        self._transport = transport
        self._pools: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, httpx.AsyncClient] = (
            weakref.WeakKeyDictionary()
        )

    def __repr__(self) -> str:
        return f"AsyncClient(base_url={self.endpoint.base_url!r}, protocol={self.protocol.name!r})"

    def require_key(self) -> Secret | None:
        """Return the key to use; None where none is needed and none is known.

        Raises
        ------
        ConfigError
            There is none; says in two lines what to do.
        """
        if self.endpoint.simulated:
            return Secret("simulated")
        host, variables = self.endpoint.host, self.endpoint.key_variables
        if key := self._key or credentials.find(host, variables):
            return key
        if not self.endpoint.needs_key:
            return None
        variable = f"Set {variables[0]} before the kernel starts, or run" if variables else "Run"
        raise ConfigError(
            f"There is no API key for {host}.\n",
            f"{variable} %glm login; to try without a key: %glm endpoint simulator.",
        )

    def check(self, request: Request) -> None:
        """Refuse what cannot work before it is sent.

        Raises
        ------
        ConfigError
            There is no key, or the request is one that the model or the endpoint does not take.
        """
        from glm_notebook import catalogue, preflight  # they take 50 ms to import

        self.require_key()
        preflight.check(request, self.endpoint.dialect, catalogue.model(request.model))

    async def deltas(self, request: Request) -> AsyncGenerator[list[Delta], None]:
        """Send a request and yield what comes back, a list for each piece of the body that says something.

        A request that fails before it has shown anything is sent again as `RetryPolicy` says; the wait is told by
        a `RetryDelta`, and a `RetriedDelta` ends it.

        Raises
        ------
        ConfigError
            As `check`.
        APIError
            The endpoint refused, before or inside the stream.
        TransportError
            The network failed; `StreamCutError` when the answer broke off.
        ProtocolError
            What came is not the protocol.
        """
        self.check(request)
        if note := self._note_on(request.model):
            yield [NoteDelta(note)]
        tries = Tries(self.retry)
        while True:
            try:
                async with aclosing(self._attempt(request)) as batches:
                    async for batch in batches:
                        tries.see(batch)
                        yield batch
                return
            except GLMError as error:
                again = tries.again(error, request)
                if again is None:
                    self._explain(error, request)
                    raise
            if isinstance(again, RetryDelta):
                yield [again]
                await asyncio.sleep(again.delay_s)
                yield [RetriedDelta(), NoteDelta(AGAIN_NOTE)]
            else:
                request = again.request
                yield [NoteDelta(again.note)]

    def _note_on(self, model: str) -> str | None:
        """Return what should be said of a model that is not, or no longer, what the documents describe."""
        from glm_notebook import catalogue

        is_catalogued = self.endpoint.dialect.name == endpoints.DEFAULT
        return catalogue.note_for(model) if is_catalogued and not self.endpoint.simulated else None

    def _explain(self, error: GLMError, request: Request) -> None:
        """Add to a refusal what is in doubt: documents that disagree, a model that is to be withdrawn."""
        if not isinstance(error, APIError) or self.endpoint.dialect.name != endpoints.DEFAULT:
            return
        from glm_notebook import catalogue, preflight

        said = f"{error.code} {error.message}"
        if reason := preflight.explain(said, request, catalogue.model(request.model)):
            error.remedy = f"{error.remedy} {reason}".strip()

    async def _attempt(self, request: Request) -> AsyncGenerator[list[Delta], None]:
        encoded = self.protocol.encode(request)
        decoder = self.protocol.decoder()
        url = self.endpoint.base_url + encoded.path
        async with self._exchange(encoded, url, request.model) as response:
            if response.headers.get(SIMULATED_HEADER) and not self.endpoint.simulated:
                yield [NoteDelta(SIMULATED_NOTE)]
            async with aclosing(batches(response, decoder)) as decoded:
                async for batch in decoded:
                    came, error = self._until_error(batch, request)
                    if came:
                        yield came
                    if error is not None:
                        raise error
            if not decoder.finished:
                raise cut(self.endpoint.host)

    async def models(self) -> tuple[ListedModel, ...]:
        """Return the models that the endpoint lists.

        Raises
        ------
        GLMError
            As `deltas`; not every endpoint has such a list.
        """
        get = EncodedRequest("", (("accept", "application/json"),), b"", "GET")
        async with self._exchange(get, self.endpoint.models_url, "") as response:
            body = await read_at_most(response, MAX_LIST_BYTES)
        return listed_models(body)

    @asynccontextmanager
    async def _exchange(
        self, encoded: EncodedRequest, url: str, model: str
    ) -> AsyncIterator[httpx.Response]:
        """Send, refuse what is not a success, and turn every httpx error into one of ours."""
        key = self.require_key()
        started = False
        try:
            async with self._pool().stream(
                encoded.method,
                url,
                headers=list(encoded.headers),
                content=encoded.body,
                auth=_Bearer(key) if key else None,
            ) as response:
                if not response.is_success:
                    raise await self._refusal(response, model)
                started = True
                yield response
        except httpx.HTTPError as error:
            raise transport_error(error, self.endpoint.host, started, self._timeouts) from None
        except httpx.InvalidURL:
            raise ConfigError(f"{url!r} is no URL.", "Set another with %glm endpoint.") from None

    async def _refusal(self, response: httpx.Response, model: str) -> APIError:
        body = await read_at_most(response, MAX_REFUSAL_BYTES)
        info = parse_error(body, response.status_code, response.headers.get("x-request-id", ""))
        error = error_from(info, model=model, endpoint_host=self.endpoint.host)
        error.retry_after_s = retry_after_s(response.headers)
        if error.retry_after_s:
            error.remedy += f" It asks to wait {error.retry_after_s:.0f} s."
        return error

    def _until_error(
        self, batch: list[Delta], request: Request
    ) -> tuple[list[Delta], APIError | None]:
        """Return what came before an in-band error, and that error: as loud as one with a status of its own."""
        for index, delta in enumerate(batch):
            if isinstance(delta, ErrorDelta):
                host = self.endpoint.host
                return batch[:index], error_from(
                    delta.info, model=request.model, endpoint_host=host
                )
        return batch, None

    def _pool(self) -> httpx.AsyncClient:
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        if pool is None or pool.is_closed:
            pool = self._pools[loop] = self._new_pool()
        return pool

    def _new_pool(self) -> httpx.AsyncClient:
        pool = httpx.AsyncClient(
            timeout=self._timeouts.to_httpx(),
            limits=httpx.Limits(max_keepalive_connections=20, keepalive_expiry=300.0),
            trust_env=not self.endpoint.is_loopback,
            verify=self.endpoint.base_url.startswith("https:"),  # loading certificates takes 80 ms
            transport=self._transport,
            headers={"user-agent": f"glm-notebook/{__version__}"},
        )

        async def forget_cookies(_: httpx.Response) -> None:
            # the gateway sets tracking cookies, which the next user's requests must not carry on
            pool.cookies.clear()

        pool.event_hooks = {"response": [forget_cookies]}
        return pool

    async def aclose(self) -> None:
        """Close the connections that belong to the running loop."""
        if pool := self._pools.pop(asyncio.get_running_loop(), None):
            await pool.aclose()


def _protocol(endpoint: Endpoint) -> WireProtocol:
    if endpoint.protocol == "dashscope":
        from glm_notebook.protocol.dashscope import DashScope

        return DashScope()
    return OpenAICompatible(endpoint.dialect)


def _timeouts(value: float | Timeouts | None) -> Timeouts:
    if value is None:
        return Timeouts()
    return value if isinstance(value, Timeouts) else Timeouts(read_s=float(value))
