"""Figures and images: a line that describes them for the model, the picture for the user.

Matplotlib, Plotly, Altair and Pillow are not imported: what a value has is used by name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from typing import Any

from glm_notebook.tools.results.registry import Renderer
from glm_notebook.tools.results.rendered import Picture, Rendered
from glm_notebook.tools.results.reprs import describe_error

_SHOWN_MAX = 6
"""Axes, traces or legend entries that are described."""
_PNG_MODES = {"1", "L", "LA", "I", "I;16", "P", "RGB", "RGBA"}
"""What Pillow writes to PNG without a conversion (PngImagePlugin)."""


def _and_more(items: Iterable[str], separator: str = ", ") -> str:
    listed = list(items)
    rest = len(listed) - _SHOWN_MAX
    return separator.join([*listed[:_SHOWN_MAX], *([f"… {rest} more"] if rest > 0 else [])])


def _sentence(kind: str, size: str, *parts: str) -> str:
    """Return the line on a picture; what is empty is left out."""
    head = f"{kind}, {size}" if size else kind
    said = "; ".join(part for part in parts if part)
    return f"{head}: {said}" if said else head


def _labelled(**labels: object) -> Iterator[str]:
    """Yield what has a text, e.g. ``title "Sales"``."""
    for name, label in labels.items():
        if isinstance(label, str) and label.strip():
            yield f"{name} {json.dumps(' '.join(label.split()), ensure_ascii=False)}"


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


# --- Matplotlib -----------------------------------------------------------------------------------------------------


def _render_figure(figure: Any, budget_tokens: int) -> Rendered:
    figure = _root(figure)
    axes = figure.get_axes()
    width, height = (round(inches * figure.dpi) for inches in figure.get_size_inches())
    said = [_axes(one) for one in axes]
    title = "".join(_labelled(title=figure.get_suptitle()))
    count = f"{len(axes)} axes" if len(axes) != 1 else ""
    text = _sentence(
        "matplotlib Figure", f"{width} × {height} px", title, count, _and_more(said, "; ")
    )
    return _with_picture(text, lambda: _matplotlib_png(figure))


def _render_axes(axes: Any, budget_tokens: int) -> Rendered:
    return _with_picture(
        _sentence("matplotlib Axes", "", _axes(axes)), lambda: _matplotlib_png(_root(axes))
    )


def _axes(axes: Any) -> str:
    """Describe axes: their title, what is drawn, the labels of both directions, the legend."""
    legend = axes.get_legend()
    names = [text.get_text() for text in legend.get_texts()] if legend else []
    labels = _labelled(title=axes.get_title(), x=axes.get_xlabel(), y=axes.get_ylabel())
    return ", ".join(
        [*labels, *_drawn(axes), *([f"legend {_and_more(names, ' | ')}"] if names else [])]
    )


def _drawn(axes: Any) -> Iterator[str]:
    kinds = [
        (len(axes.lines), "line", "lines"),
        (len(axes.containers), "group of bars", "groups of bars"),
        (len(axes.collections), "collection", "collections"),
        (len(axes.images), "image", "images"),
    ]
    yield from (_counted(count, one, many) for count, one, many in kinds if count)


def _root(artist: Any) -> Any:
    """Return the figure around axes or a part of a figure (`SubFigure`); it is its own figure."""
    while artist.figure is not artist:
        artist = artist.figure
    return artist


def _matplotlib_png(figure: Any) -> Picture:
    file = BytesIO()
    figure.savefig(file, format="png", bbox_inches="tight")
    return Picture("image/png", file.getvalue())


def _with_picture(text: str, draw: Any) -> Rendered:
    """Return a description with its picture; if that cannot be drawn, the description says so."""
    try:
        return Rendered(text, (draw(),))
    except Exception as error:
        return Rendered(f"{text}\n(no picture: {describe_error(error)})")


# --- Plotly and Altair ----------------------------------------------------------------------------------------------


def _render_plotly(figure: Any, budget_tokens: int) -> Rendered:
    layout = figure.layout
    size = f"{layout.width} × {layout.height} px" if layout.width and layout.height else ""
    text = _sentence(
        "plotly Figure",
        size,
        ", ".join(
            _labelled(title=layout.title.text, x=layout.xaxis.title.text, y=layout.yaxis.title.text)
        ),
        _and_more(_trace(trace) for trace in figure.data),
    )
    mime = "application/vnd.plotly.v1+json"
    return _with_picture(text, lambda: Picture(mime, json.loads(figure.to_json())))


def _trace(trace: Any) -> str:
    return str(trace.type) + "".join(_labelled(**{"": trace.name}))


def _render_altair(chart: Any, budget_tokens: int) -> Rendered:
    spec = chart.to_dict()
    size = f"{spec['width']} × {spec['height']} px" if _is_sized(spec) else ""
    layers = [one for key in ("layer", "hconcat", "vconcat", "concat") for one in spec.get(key, ())]
    said = _and_more((_mark(one) for one in layers or [spec]), "; ")
    text = _sentence(
        f"altair {type(chart).__name__}", size, ", ".join(_labelled(title=_title(spec))), said
    )
    return Rendered(text, (Picture(_vega_mime(spec), spec),))


def _is_sized(spec: Mapping[str, Any]) -> bool:
    return all(isinstance(spec.get(side), int) for side in ("width", "height"))


def _vega_mime(spec: Mapping[str, Any]) -> str:
    """Return the MIME type of a specification, whose ``$schema`` ends in e.g. ``v6.1.0.json``."""
    version = spec.get("$schema", "").rpartition("/")[2].partition(".")[0] or "v5"
    return f"application/vnd.vegalite.{version}+json"


def _title(spec: Mapping[str, Any]) -> object:
    title = spec.get("title")
    return title.get("text") if isinstance(title, Mapping) else title


def _mark(spec: Mapping[str, Any]) -> str:
    """Describe one view: what it draws, and which field each channel shows."""
    mark = spec.get("mark", "view")
    kind = mark.get("type", "view") if isinstance(mark, Mapping) else mark
    channels = [
        f"{name} {channel.get('field') or channel.get('aggregate')}"
        for name, channel in spec.get("encoding", {}).items()
        if isinstance(channel, Mapping) and (channel.get("field") or channel.get("aggregate"))
    ]
    return ", ".join([str(kind), *channels[:_SHOWN_MAX]])


# --- Pillow ---------------------------------------------------------------------------------------------------------


def _render_image(image: Any, budget_tokens: int) -> Rendered:
    width, height = image.size
    text = _sentence(f"PIL {type(image).__name__}", f"{width} × {height} px, mode {image.mode}")
    return _with_picture(text, lambda: _pillow_png(image))


def _pillow_png(image: Any) -> Picture:
    file = BytesIO()
    (image if image.mode in _PNG_MODES else image.convert("RGB")).save(file, format="PNG")
    return Picture("image/png", file.getvalue())


RENDERERS: Mapping[type | str, Renderer] = {
    "matplotlib.FigureBase": _render_figure,
    "matplotlib.Axes": _render_axes,
    "seaborn.axisgrid.Grid": lambda grid, budget: _render_figure(grid.figure, budget),
    "plotly.BaseFigure": _render_plotly,
    "altair.TopLevelMixin": _render_altair,
    "PIL.Image": _render_image,
}
