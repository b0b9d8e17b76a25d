"""One small request to an endpoint, and what can be told from its answer."""

from __future__ import annotations

import time
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from glm_notebook.errors import GLMError
from glm_notebook.messages import ListedModel, Message, Request, Usage
from glm_notebook.protocol.turn import TurnState
from glm_notebook.snapshot import TurnInfo

if TYPE_CHECKING:
    from glm_notebook.client import AsyncClient

PROMPT = "Reply with one word: ok"
MAX_TOKENS = 64
"""Enough for the word; some servers count the thinking too, and then cut it, which tells as much."""

_OWNERS = {"vllm": "vllm", "sglang": "sglang", "llamacpp": "llamacpp", "library": "ollama"}
"""What servers write as the owner of their models, and the dialect that they speak."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What one request has shown."""

    model: str
    models: tuple[ListedModel, ...]
    """What the endpoint lists; empty where it does not."""
    text: str = ""
    thinking: str = ""
    usage: Usage | None = None
    finish_reason: str | None = None
    first_token_s: float | None = None
    elapsed_s: float = 0.0
    notes: tuple[str, ...] = ()
    error: GLMError | None = None
    """What the request failed with; all else is then what came before."""

    @property
    def dialect(self) -> str:
        """The dialect that the list of models gives away, or an empty string."""
        owners = (_OWNERS.get(one.owner, "") for one in self.models)
        return next((owner for owner in owners if owner), "")


async def probe(client: AsyncClient, model: str) -> Probe:
    """Ask an endpoint for its models, and a model for one word.

    Parameters
    ----------
    client : AsyncClient
        For the endpoint.
    model : str
        The model to ask.

    Raises
    ------
    ConfigError
        There is no key. Every other failure is part of what is returned.
    """
    client.require_key()
    found = Probe(model, await _listed(client))
    request = Request(model, (Message("user", PROMPT),), max_tokens=MAX_TOKENS, strict=False)
    state = TurnState(TurnInfo("probe", model, client.endpoint.host, "probe", False, PROMPT))
    began_s = time.monotonic()
    error: GLMError | None = None
    try:
        async with aclosing(client.deltas(request)) as batches:
            async for batch in batches:
                for delta in batch:
                    state.apply(delta, time.monotonic() - began_s)
    except GLMError as raised:
        error = raised
    snapshot = state.snapshot()
    return replace(
        found,
        text=state.text,
        thinking=state.thinking,
        usage=state.usage,
        finish_reason=state.finish_reason,
        first_token_s=snapshot["first_token_s"],
        elapsed_s=time.monotonic() - began_s,
        notes=tuple(state.notes),
        error=error,
    )


async def _listed(client: AsyncClient) -> tuple[ListedModel, ...]:
    """Return what the endpoint lists. Not all do, and that is no failure."""
    try:
        return await client.models()
    except GLMError:
        return ()
