"""What the simulator knows of each model: limits and switches.

Source: Alibaba Cloud Model Studio, "GLM" (15 March 2026) and later copies of that page for glm-5.1
and newer. Where two pages disagree on glm-5's input, the smaller figure of its model page is taken.
The simulator keeps a table of its own, so that a mistake in the client's catalogue shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Limits (tokens) and switches of one model."""

    id: str
    max_input: int = 169_984
    max_thinking: int = 32_768
    max_answer: int = 16_384
    thinking_only: bool = False
    caches: bool = True
    """Whether a prefix shared with an earlier request is reported as cached."""
    limit_counts_thinking: bool = False
    """Whether ``max_tokens`` limits thinking and answer together."""
    tool_stream: bool = False
    """Default of the request field of that name."""
    clear_thinking: bool = False
    """Default of the request field of that name: whether thinking in the history is dropped."""


_KNOWN = (
    ModelFacts("glm-4.6", caches=False),
    ModelFacts("glm-4.7", caches=False),
    ModelFacts("glm-5"),
    ModelFacts("glm-5.1", max_answer=131_072),
    ModelFacts("glm-5.2", max_input=1_000_000, max_answer=131_072, limit_counts_thinking=True),
    ModelFacts(
        "glm-5.2-fast-preview",
        max_input=1_000_000,
        max_answer=131_072,
        limit_counts_thinking=True,
    ),
    ModelFacts(
        "glm-5.3",
        max_input=1_048_576,
        max_thinking=131_072,
        max_answer=131_072,
        thinking_only=True,
        limit_counts_thinking=True,
        tool_stream=True,
        clear_thinking=True,
    ),
    ModelFacts("ZHIPU/GLM-5", max_input=204_800, max_thinking=131_072, max_answer=131_072),
)


def known_models(extra: Iterable[str] = ()) -> Mapping[str, ModelFacts]:
    """Return the facts of every model that is answered, by id.

    Parameters
    ----------
    extra : iterable of str
        Further ids, answered with the limits of ``glm-5``.
    """
    return {facts.id: facts for facts in (*_KNOWN, *map(ModelFacts, extra))}
