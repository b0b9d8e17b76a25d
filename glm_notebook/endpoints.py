"""Where requests go: the places that serve GLM, by name or by URL. The table is data, in ``endpoints.toml``."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from glm_notebook import credentials, dialects
from glm_notebook.dialects import Dialect
from glm_notebook.errors import ConfigError
from glm_notebook.toml import loads

BASE_URL_VARIABLES = {
    "openai": "DASHSCOPE_COMPATIBLE_BASE_URL",
    "dashscope": "DASHSCOPE_HTTP_BASE_URL",
}
"""The vendor's own names for the base URL of each protocol (its Python SDK reads the same variables)."""
WORKSPACE_VARIABLE = "DASHSCOPE_WORKSPACE_ID"
PROTOCOLS = tuple(BASE_URL_VARIABLES)

DEFAULT = "modelstudio"
SIMULATOR = "simulator"
AUTO = "auto"
LOCAL = "local"
OTHER = "openai"
"""The dialect of a server of which nothing is known."""

_PATHS = {"openai": "/compatible-mode/v1", "dashscope": "/api/v1"}
"""The base URLs of Model Studio's two protocols on any of its hosts."""
_WORKSPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""What may become part of a host's name (the vendor's SDK 2.0.2 checks the same)."""


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the table."""

    name: str
    title: str
    dialect: str
    source: str
    """Where this comes from, with its date."""
    openai: str = ""
    dashscope: str = ""
    workspace_host: str = ""
    keys: tuple[str, ...] = ()
    """Environment variables that may hold a key for it."""

    def base_url(self, protocol: str, workspace: str) -> str:
        """Return the base URL of a protocol; empty if this place does not speak it."""
        if workspace:
            return f"https://{self.workspace_host.format(workspace=workspace)}{_PATHS[protocol]}"
        return self.openai if protocol == "openai" else self.dashscope


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One place that answers requests, over one protocol."""

    name: str
    base_url: str
    """Without a slash at its end; a protocol's path is appended to it."""
    protocol: str = "openai"
    dialect: Dialect = field(default_factory=lambda: dialects.dialect(DEFAULT))
    key_variables: tuple[str, ...] = (credentials.KEY_VARIABLE,)
    simulated: bool = False

    @property
    def host(self) -> str:
        """Host and, where it is not the scheme's own, port."""
        return urlsplit(self.base_url).netloc

    @property
    def models_url(self) -> str:
        """Where the models are listed, in OpenAI's shape whatever the protocol."""
        base_url = self.base_url
        if self.protocol == "dashscope":
            base_url = base_url.removesuffix(_PATHS["dashscope"]) + _PATHS["openai"]
        return f"{base_url}/models"

    @property
    def needs_key(self) -> bool:
        """Whether it is known to answer nobody without a key."""
        return self.dialect.key and not self.simulated

    @property
    def is_loopback(self) -> bool:
        """Whether requests stay on this machine, and so never go through a proxy."""
        return _is_loopback(urlsplit(self.base_url).hostname or "")


@cache
def places() -> Mapping[str, Place]:
    """Return the table, by name."""
    data = loads(files("glm_notebook").joinpath("endpoints.toml").read_text(encoding="utf-8"))
    return {name: _place(name, values) for name, values in data.items()}


def _place(name: str, values: Mapping[str, Any]) -> Place:
    return Place(name=name, **{**values, "keys": tuple(values["keys"])})


def names() -> tuple[str, ...]:
    """Return every name that `resolve` takes."""
    return (AUTO, *places(), LOCAL, SIMULATOR)


def resolve(name: str, protocol: str = "openai", dialect: str = "") -> Endpoint:
    """Turn a name or a base URL into an endpoint.

    Parameters
    ----------
    name : str
        One of `names`, ``NAME/WORKSPACE`` for a workspace of Model Studio, ``local/FILE.gguf``, or an http(s) URL.
        ``""`` is the default: the base URL of the environment, else Model Studio. ``auto`` is that too where a key
        is found, and the embedded simulator where none is.
    protocol : {"openai", "dashscope"}
        The wire protocol.
    dialect : str
        One of `glm_notebook.dialects.names`, for a URL of which it cannot be told; by default it is.

    Raises
    ------
    ConfigError
        It is neither a known name nor a usable URL, or does not speak the protocol.
    """
    if protocol not in PROTOCOLS:
        raise ConfigError(
            f"There is no protocol {protocol!r}.", f"Use one of {', '.join(PROTOCOLS)}."
        )
    if name == AUTO:
        default = _default(protocol, dialect)
        found = credentials.find(default.host, default.key_variables)
        return default if found else _simulator(protocol)
    if name == SIMULATOR:
        return _simulator(protocol)
    head, _, rest = name.partition("/")
    if head == LOCAL:
        return _local(rest, protocol)
    if not name:
        return _default(protocol, dialect)
    if head in places():
        return _named(places()[head], rest, protocol, dialect)
    return _from_url(name, name, protocol, dialect)


def _default(protocol: str, dialect: str) -> Endpoint:
    for variable in (BASE_URL_VARIABLES[protocol], *BASE_URL_VARIABLES.values()):
        if url := os.environ.get(variable, "").strip():
            return _from_url(variable, url, protocol, dialect or DEFAULT)
    return _named(places()[DEFAULT], "", protocol, dialect)


def _named(place: Place, workspace: str, protocol: str, dialect: str) -> Endpoint:
    if place.workspace_host and not workspace and not place.openai:
        workspace = os.environ.get(WORKSPACE_VARIABLE, "").strip()
        if not workspace:
            raise ConfigError(
                f"{place.name} is reached through a workspace only.",
                f"Name it, as in {place.name}/ws-123, or set {WORKSPACE_VARIABLE}.",
            )
    if workspace and not (place.workspace_host and _WORKSPACE.fullmatch(workspace)):
        raise ConfigError(
            f"{workspace!r} is no workspace of {place.name}.",
            "A workspace id is letters, digits, - and _, and only Model Studio has workspaces.",
        )
    url = place.base_url(protocol, workspace)
    if not url:
        raise ConfigError(
            f"{place.name} does not speak the protocol {protocol!r}.", "Use %glm protocol openai."
        )
    name = f"{place.name}/{workspace}" if workspace else place.name
    return Endpoint(name, url, protocol, dialects.dialect(dialect or place.dialect), place.keys)


def _from_url(name: str, url: str, protocol: str, dialect: str) -> Endpoint:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"{name!r} is no endpoint.", _way_out(name))
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(
            f"The URL for {parts.hostname} holds more than scheme, host and path.",
            "Leave user, password and query out: the key comes from %glm login or the environment.",
        )
    place = _place_of(parts, protocol)
    known = dialect or (place.dialect if place else OTHER)
    base_url = f"{parts.scheme}://{parts.netloc}{_path(parts.path, protocol, known)}"
    keys = place.keys if place else places()[DEFAULT].keys if known == DEFAULT else ()
    return Endpoint(parts.netloc, base_url, protocol, dialects.dialect(known), keys)


def _way_out(name: str) -> str:
    close = get_close_matches(name, names(), n=1, cutoff=0.6)
    known = f"Did you mean {close[0]}?" if close else f"Use one of {', '.join(names())}."
    return f"{known} A URL such as http://127.0.0.1:8000/v1 is taken too."


def _place_of(parts: SplitResult, protocol: str) -> Place | None:
    """Return what is known to be behind a URL: by its host, or by what only Model Studio has."""
    known = [one for one in places().values() if urlsplit(one.openai).netloc == parts.netloc]
    if known:
        return next((one for one in known if parts.path.rstrip("/") in one.openai), known[0])
    is_modelstudio = (
        (parts.hostname or "").endswith(".aliyuncs.com")
        or parts.path.rstrip("/") == _PATHS["openai"]
        or protocol == "dashscope"
    )
    return places()[DEFAULT] if is_modelstudio else None


def _path(path: str, protocol: str, dialect: str) -> str:
    """Return the path of a base URL, on Model Studio that of the protocol."""
    path = path.rstrip("/")
    if dialect == DEFAULT and path in ("", *_PATHS.values()):
        return _PATHS[protocol]
    if protocol != "openai" and dialect != DEFAULT:
        raise ConfigError(
            "Only Model Studio speaks the protocol 'dashscope'.", "Use %glm protocol openai."
        )
    return path


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _simulator(protocol: str) -> Endpoint:
    from glm_notebook import simulator

    url = urlsplit(simulator.embedded().base_url)
    base_url = f"{url.scheme}://{url.netloc}{_PATHS[protocol]}"
    return Endpoint(SIMULATOR, base_url, protocol, simulated=True)


def local_path(path: str) -> Path | None:
    """Return the file that ``local/PATH`` names; None for the one that comes with an installed package."""
    return Path(path).expanduser() if path else None


def _local(path: str, protocol: str) -> Endpoint:
    from glm_notebook import local

    if protocol != "openai":
        raise ConfigError("llama.cpp does not speak DashScope.", "Use %glm protocol openai.")
    server = local.serve(local_path(path))
    name = f"{LOCAL}/{path}" if path else LOCAL
    return Endpoint(name, server.base_url, protocol, dialects.dialect("llamacpp"), ())
