"""Arrays of numpy: shape and dtype, then all values or those of one corner. Nothing is imported."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from glm_notebook.tools.results.csvtext import ROUNDED, shorter
from glm_notebook.tools.results.jsontext import Writer
from glm_notebook.tools.results.registry import Renderer
from glm_notebook.tools.results.rendered import Rendered
from glm_notebook.tools.results.tokens import QUARTERS, cost, cut, more

CORNER_VALUES = 100
"""Values, about, of an array that does not fit as a whole."""


def _render_array(array: Any, budget_tokens: int) -> Rendered:
    room = budget_tokens * QUARTERS
    title = f"numpy {type(array).__name__}, shape {array.shape}, {_dtype(array.dtype)}"
    writer = Writer()
    left = room - cost(title + ROUNDED) - 1
    values, rounded = _listed(array) if 2 * array.size <= left else (None, False)
    text = None if values is None else writer.whole(values, left)
    if text is None:
        corner = array[tuple(slice(0, edge) for edge in _edges(array.shape))]
        values, rounded = _listed(corner)
        rest = more(array.size - corner.size, "values") if array.size > corner.size else ""
        title += f", first {' × '.join(map(str, corner.shape))} shown" if rest else ""
        text = writer.write(values, room - cost(f"{title}{ROUNDED}\n\n{rest}"))
        text += f"\n{rest}" if rest else ""
    title += ROUNDED if rounded else ""
    return Rendered(cut(f"{title}\n{text}", room), tuple(writer.pictures()))


def _dtype(dtype: Any) -> str:
    return str(dtype) if len(str(dtype)) <= CORNER_VALUES else f"{len(dtype.names or ())} fields"


def _edges(shape: tuple[int, ...]) -> list[int]:
    """Return how many values are shown along each axis: what a short axis does not need, the longer ones get."""
    edges = [0] * len(shape)
    left = CORNER_VALUES
    by_length = sorted(range(len(shape)), key=lambda axis: shape[axis])
    for done, axis in enumerate(by_length):
        fair = math.floor(left ** (1 / (len(shape) - done)) + 1e-9)
        edges[axis] = min(shape[axis], max(fair, 1))
        left //= max(edges[axis], 1)
    return edges


def _listed(array: Any) -> tuple[Any, bool]:
    """Return an array as nested lists of Python's values, and whether floats were rounded."""
    if array.dtype.kind in "mM":  # whose values in nanoseconds would become integers
        array = array.astype(str)
    values = array.tolist()
    return _shorter(values) if array.dtype.kind == "f" else (values, False)


def _shorter(values: Any) -> tuple[Any, bool]:
    if not isinstance(values, list):
        return (values, False) if values is None else shorter(values)
    done = [_shorter(value) for value in values]
    return [value for value, _ in done], any(rounded for _, rounded in done)


RENDERERS: Mapping[type | str, Renderer] = {"numpy.ndarray": _render_array}
