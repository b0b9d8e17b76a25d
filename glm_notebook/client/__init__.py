"""The network: the only package that imports httpx."""

from __future__ import annotations

from glm_notebook.client.client import AGAIN_NOTE, SIMULATED_NOTE, AsyncClient
from glm_notebook.client.timeouts import Timeouts

__all__ = ["AGAIN_NOTE", "SIMULATED_NOTE", "AsyncClient", "Timeouts"]
