"""What the network did, in words: every error of httpx as one of ours.

Without httpx' own text, which may hold a URL or a header.
"""

from __future__ import annotations

import math
import time
from email.utils import parsedate_to_datetime

import httpx

from glm_notebook.client.timeouts import Timeouts
from glm_notebook.errors import (
    ConfigError,
    GLMError,
    ProtocolError,
    StreamCutError,
    TransportError,
)


def cut(host: str) -> StreamCutError:
    """Return the error of an answer that broke off."""
    return StreamCutError(
        f"The connection to {host} ended before the answer did.",
        "What came is kept; %glm retry asks again.",
    )


def transport_error(
    error: httpx.HTTPError, host: str, started: bool, timeouts: Timeouts
) -> GLMError:
    """Return the error for what happened before (or, `started`, within) a response."""
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
        return cut(host)
    if "CERTIFICATE" in str(error):
        return ConfigError(
            f"The certificate of {host} was not accepted.",
            "Check SSL_CERT_FILE, the proxy and %glm endpoint.",
        )
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
        return (
            f"Cannot connect to {host}.",
            "Check the network, the proxy (HTTPS_PROXY) and %glm endpoint.",
        )
    return f"{host} closed the connection without an answer.", "Run the cell again."


def retry_after_s(headers: httpx.Headers) -> float | None:
    """Read how long a server asks to wait: seconds, a date, or the milliseconds that some gateways send."""
    for name, read in (
        ("retry-after-ms", lambda text: float(text) / 1000),
        ("retry-after", float),
        ("retry-after", _seconds_until),
    ):
        try:
            seconds = read(headers[name])
        except (KeyError, ValueError, OverflowError):
            continue
        if math.isfinite(seconds):
            return max(0.0, seconds)
    return None


def _seconds_until(date: str) -> float:
    return parsedate_to_datetime(date).timestamp() - time.time()
