"""What a tool returns, as text for a model and pictures for the user.

A text stays as it is and data become compact JSON; a table, an array or a figure is described and shown in part;
anything else is shown by its `_repr_markdown_`, then its repr. All of it is cut to a budget of tokens and says how
much is left out. No exception of a value escapes, and nothing heavy is imported: libraries are known by the names of
their classes. Secrets are not looked for.
"""

from __future__ import annotations

from collections.abc import Mapping

from glm_notebook.tools.results import arrays, binary, figures, frames, registry, rich
from glm_notebook.tools.results.jsontext import SURROGATE, render_plain
from glm_notebook.tools.results.registry import register_renderer
from glm_notebook.tools.results.rendered import Picture, Rendered
from glm_notebook.tools.results.shapes import PLAIN
from glm_notebook.tools.results.tokens import QUARTERS, count_tokens, cut

__all__ = ["BUDGET_TOKENS", "Picture", "Rendered", "count_tokens", "register_renderer", "render"]

BUDGET_TOKENS = 2000
"""What one result may take of a model's context, unless told otherwise."""


def render(value: object, *, budget_tokens: int = BUDGET_TOKENS) -> Rendered:
    """Return a value as text for a model, and the pictures of it for the user.

    Parameters
    ----------
    value : object
        What a tool returned. It is read, never changed: an iterator is not consumed, a query not run.
    budget_tokens : int
        Most tokens that the text may have, by `count_tokens`.

    Raises
    ------
    ValueError
        The budget is negative.
    """
    if budget_tokens < 0:
        raise ValueError(f"A budget of {budget_tokens} tokens: give 0 or more.")
    rendered = registry.run(value, budget_tokens)
    text = SURROGATE.sub("\ufffd", cut(rendered.text, budget_tokens * QUARTERS))
    return Rendered(text, rendered.pictures)


_BUILT_IN: Mapping[type | str, registry.Renderer] = {
    **dict.fromkeys((object, *PLAIN), render_plain),
    **binary.RENDERERS,
    **arrays.RENDERERS,
    **figures.RENDERERS,
    **frames.RENDERERS,
}
for _cls, _renderer in _BUILT_IN.items():
    register_renderer(_cls, _renderer)
for _method, _renderer in rich.RENDERERS.items():
    registry.register_method(_method, _renderer)
