"""The HTTP client: one connection pool per endpoint and event loop. The only module that imports httpx.

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
from dataclasses import dataclass

import httpx

from glm_notebook import credentials, endpoints
from glm_notebook._version import __version__
from glm_notebook.credentials import Secret
from glm_notebook.endpoints import Endpoint
from glm_notebook.errors import (
    APIError,
    ConfigError,
    GLMError,
    ProtocolError,
    StreamCutError,
    TransportError,
)
from glm_notebook.messages import Request
from glm_notebook.protocol.base import Decoder, EncodedRequest, WireProtocol
from glm_notebook.protocol.deltas import Delta, ErrorDelta, NoteDelta
from glm_notebook.protocol.openai_compat import OpenAICompatible
from glm_notebook.protocol.refusal import error_from, parse_error

PROTOCOLS: dict[str, type[WireProtocol]] = {"openai": OpenAICompatible}

GRACE_S = 5.0
"""How long to go on reading after the model's end, for the usage that may follow it."""
DRAIN_S = 0.25
"""How long to wait for the end of a body whose content is complete, so that the connection can be kept."""
MAX_TRAILER_BYTES = 64 * 1024
"""Most bytes that are read after the end."""
MAX_REFUSAL_BYTES = 256 * 1024
"""Most bytes of an error's body that are read."""
SIMULATED_HEADER = "x-glm-simulator"
SIMULATED_NOTE = "Simulated answer, no model was asked"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Longest waits, in seconds."""

    connect_s: float = 10.0
    read_s: float = 300.0
    """Between two bytes: a model that thinks may be silent for long, and keep-alive comments count."""
    write_s: float = 30.0
    pool_s: float = 10.0

    def to_httpx(self) -> httpx.Timeout:
        """Return the same for httpx."""
        return httpx.Timeout(
            connect=self.connect_s, read=self.read_s, write=self.write_s, pool=self.pool_s
        )


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
        Where requests go: a name of `glm_notebook.endpoints.NAMES` or a URL to which the protocol's path is
        appended. By default Model Studio, or what ``DASHSCOPE_COMPATIBLE_BASE_URL`` says.
    protocol : {"openai"}
        The wire protocol.
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
        timeout: float | Timeouts | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.endpoint = (
            base_url if isinstance(base_url, Endpoint) else endpoints.resolve(base_url or "")
        )
        self.protocol = _protocol(protocol)
        self._key = credentials.checked(api_key, "api_key") if api_key is not None else None
        self._timeouts = _timeouts(timeout)
        self._transport = transport
        self._pools: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, httpx.AsyncClient] = (
            weakref.WeakKeyDictionary()
        )

    def __repr__(self) -> str:
        return f"AsyncClient(base_url={self.endpoint.base_url!r}, protocol={self.protocol.name!r})"

    def require_key(self) -> Secret:
        """Return the key to use.

        Raises
        ------
        ConfigError
            There is none; says in two lines what to do.
        """
        if self.endpoint.simulated:
            return Secret("simulated")
        if key := self._key or credentials.find(self.endpoint.host):
            return key
        raise ConfigError(
            f"There is no API key for {self.endpoint.host}.\n",
            f"Set {credentials.KEY_VARIABLE} before the kernel starts, or run %glm login; "
            "to try without a key: %glm endpoint simulator.",
        )

    async def deltas(self, request: Request) -> AsyncGenerator[list[Delta], None]:
        """Send a request and yield what comes back, a list for each piece of the body that says something.

        Raises
        ------
        ConfigError
            There is no key.
        APIError
            The endpoint refused, before or inside the stream.
        TransportError
            The network failed; `StreamCutError` when the answer broke off.
        ProtocolError
            What came is not the protocol.
        """
        encoded = self.protocol.encode(request)
        decoder = self.protocol.decoder()
        async with self._exchange(encoded, request, decoder) as response:
            if response.headers.get(SIMULATED_HEADER) and not self.endpoint.simulated:
                yield [NoteDelta(SIMULATED_NOTE)]
            async with aclosing(_batches(response, decoder)) as batches:
                async for batch in batches:
                    came, error = self._until_error(batch, request)
                    if came:
                        yield came
                    if error is not None:
                        raise error
            if not decoder.finished:
                raise _cut(self.endpoint.host)

    @asynccontextmanager
    async def _exchange(
        self, encoded: EncodedRequest, request: Request, decoder: Decoder
    ) -> AsyncIterator[httpx.Response]:
        """Send, refuse what is not a success, and turn every httpx error into one of ours."""
        url = self.endpoint.base_url + encoded.path
        auth = _Bearer(self.require_key())
        started = False
        try:
            async with self._pool().stream(
                "POST", url, headers=list(encoded.headers), content=encoded.body, auth=auth
            ) as response:
                if not response.is_success:
                    raise await self._refusal(response, request)
                started = True
                yield response
        except httpx.HTTPError as error:
            raise _transport_error(error, self.endpoint.host, started, self._timeouts) from None
        except httpx.InvalidURL:
            raise ConfigError(f"{url!r} is no URL.", "Set another with %glm endpoint.") from None

    async def _refusal(self, response: httpx.Response, request: Request) -> APIError:
        body = await _read_at_most(response, MAX_REFUSAL_BYTES)
        info = parse_error(body, response.status_code, response.headers.get("x-request-id", ""))
        error = error_from(info, model=request.model, endpoint_host=self.endpoint.host)
        error.retry_after_s = _seconds(response.headers.get("retry-after"))
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


async def _batches(response: httpx.Response, decoder: Decoder) -> AsyncGenerator[list[Delta], None]:
    """Decode a body, and stop waiting for more once its content is complete."""
    chunks = aiter(response.aiter_bytes())
    trailer = 0
    while trailer <= MAX_TRAILER_BYTES:
        wait_s = (DRAIN_S if decoder.done else GRACE_S) if decoder.finished else None
        chunk = await _next(chunks, wait_s)
        if chunk is None:
            break
        if decoder.finished:
            trailer += len(chunk)
        if not decoder.done and (batch := decoder.feed(chunk)):
            yield batch
    if tail := decoder.close():
        yield tail


async def _next(chunks: AsyncIterator[bytes], wait_s: float | None) -> bytes | None:
    """Return the next piece of a body; None at its end or when it does not come in time."""
    if wait_s is None:
        return await anext(chunks, None)
    try:
        return await asyncio.wait_for(anext(chunks, None), wait_s)
    except asyncio.TimeoutError:
        return None
    except httpx.HTTPError:
        return None  # the content is complete: how the connection ends is of no interest


async def _read_at_most(response: httpx.Response, limit: int) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) >= limit:
            break
    return bytes(body[:limit])


def _cut(host: str) -> StreamCutError:
    return StreamCutError(
        f"The connection to {host} ended before the answer did.",
        "What came is kept; run the cell again for a whole answer.",
    )


def _transport_error(
    error: httpx.HTTPError, host: str, started: bool, timeouts: Timeouts
) -> GLMError:
    """Say what the network did in words, without httpx' own text, which may hold a URL or a header."""
    if isinstance(error, httpx.DecodingError):
        return ProtocolError(
            f"{host} sent a compressed body that cannot be read.", "Run the cell again."
        )
    if isinstance(error, httpx.UnsupportedProtocol):
        return ConfigError(f"{host} is no http(s) URL.", "Set another with %glm endpoint.")
    if isinstance(error, httpx.ReadTimeout):
        what = f"{host} sent nothing for {timeouts.read_s:g} s."
        kind = StreamCutError if started else TransportError
        return kind(what, "Run the cell again, or allow more time with AsyncClient(timeout=...).")
    if started:
        return _cut(host)
    return TransportError(*_connection_words(error, host, timeouts))


def _connection_words(error: httpx.HTTPError, host: str, timeouts: Timeouts) -> tuple[str, str]:
    if isinstance(error, httpx.ProxyError):
        return (
            f"The proxy on the way to {host} refused.",
            "Check HTTPS_PROXY and NO_PROXY in the kernel's environment.",
        )
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return (
            f"{host} did not take a connection within {timeouts.connect_s:g} s.",
            "Check the network, the proxy and %glm endpoint.",
        )
    if isinstance(error, httpx.ConnectError):
        reason = (
            "the certificate was not accepted" if "CERTIFICATE" in str(error) else "no way there"
        )
        return (
            f"Cannot connect to {host}: {reason}.",
            "Check the network, the proxy (HTTPS_PROXY), SSL_CERT_FILE and %glm endpoint.",
        )
    return f"{host} closed the connection without an answer.", "Run the cell again."


def _seconds(value: str | None) -> float | None:
    """Read a Retry-After header in seconds; a date is not worth a parser, as none has been seen."""
    try:
        return max(0.0, float(value)) if value else None
    except ValueError:
        return None


def _protocol(name: str) -> WireProtocol:
    if name not in PROTOCOLS:
        raise ConfigError(f"There is no protocol {name!r}.", f"Use one of {', '.join(PROTOCOLS)}.")
    return PROTOCOLS[name]()


def _timeouts(value: float | Timeouts | None) -> Timeouts:
    if value is None:
        return Timeouts()
    return value if isinstance(value, Timeouts) else Timeouts(read_s=float(value))
