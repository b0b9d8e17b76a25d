"""Where requests go: a base URL, its host, and whether a model is behind it."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from glm_notebook import credentials
from glm_notebook.errors import ConfigError

BASE_URL_VARIABLE = "DASHSCOPE_COMPATIBLE_BASE_URL"
"""The vendor's own name for it (its Python SDK reads the same variable)."""

BASE_URLS = {
    "modelstudio": "https://dashscope.aliyuncs.com/compatible-mode/v1",
    "modelstudio-intl": "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
}
"""Named endpoints: Beijing (the service page's own, read 2026-03-15) and Singapore."""

SIMULATOR = "simulator"
AUTO = "auto"
NAMES = (AUTO, *BASE_URLS, SIMULATOR)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One place that answers requests."""

    name: str
    base_url: str
    """Without a slash at its end; a protocol's path is appended to it."""
    simulated: bool = False

    @property
    def host(self) -> str:
        """Host and, where it is not the scheme's own, port."""
        return urlsplit(self.base_url).netloc

    @property
    def is_loopback(self) -> bool:
        """Whether requests stay on this machine, and so never go through a proxy."""
        name = urlsplit(self.base_url).hostname or ""
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return name == "localhost" or name.endswith(".localhost")


def resolve(name: str) -> Endpoint:
    """Turn a name or a base URL into an endpoint.

    Parameters
    ----------
    name : str
        One of `NAMES`, or an http(s) URL. ``""`` is the default: the base URL of the environment, else
        Model Studio. ``auto`` is that too where a key is found, and the embedded simulator where none is.

    Raises
    ------
    ConfigError
        It is neither a known name nor a usable URL.
    """
    if name == SIMULATOR:
        return _simulator()
    default = _default()
    if name == AUTO:
        return default if credentials.find(default.host) else _simulator()
    if not name:
        return default
    if name in BASE_URLS:
        return Endpoint(name, BASE_URLS[name])
    return _from_url(name, name)


def _default() -> Endpoint:
    if url := os.environ.get(BASE_URL_VARIABLE, "").strip():
        return _from_url(BASE_URL_VARIABLE, url)
    return Endpoint("modelstudio", BASE_URLS["modelstudio"])


def _from_url(name: str, url: str) -> Endpoint:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(
            f"{name!r} is no endpoint.",
            f"Use one of {', '.join(NAMES)}, or a URL such as http://127.0.0.1:8000/v1.",
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(
            f"The URL for {parts.hostname} holds more than scheme, host and path.",
            "Leave user, password and query out: the key comes from %glm login or DASHSCOPE_API_KEY.",
        )
    return Endpoint(parts.netloc, url.rstrip("/"))


def _simulator() -> Endpoint:
    from glm_notebook import simulator

    return Endpoint(SIMULATOR, simulator.embedded().base_url, simulated=True)
