from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from glm_notebook import credentials, endpoints
from glm_notebook.simulator import Simulator

KEYS = {name for place in endpoints.places().values() for name in place.keys}

# make fuzz looks for longer; the number of examples in a test's own settings is that of make test.
settings.register_profile("default", deadline=None)
settings.register_profile("fuzz", deadline=None, max_examples=20_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

_connect = socket.socket.connect


def _connect_to_loopback(self: socket.socket, address: Any) -> None:
    host = address[0] if isinstance(address, tuple) else "127.0.0.1"
    if host not in ("127.0.0.1", "::1", "localhost"):
        raise AssertionError(f"a test tried to reach {host}")
    _connect(self, address)


@pytest.fixture(autouse=True)
def _no_network_and_no_key(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in list(os.environ):
        if name in KEYS or name.startswith("DASHSCOPE_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(socket.socket, "connect", _connect_to_loopback)
    credentials._logged_in.clear()
    yield
    credentials._logged_in.clear()


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """The service on loopback, flat out."""
    with Simulator(tokens_per_s=0, first_token_s=0) as running:
        yield running
