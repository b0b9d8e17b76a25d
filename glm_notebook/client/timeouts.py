"""How long is waited for the network."""

from __future__ import annotations

from dataclasses import dataclass

import httpx


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
