"""A notebook of ``%%glm`` cells, made of the turns of a conversation: it reads as the chat did, and asks it again.

A cell has the model and those options of its turn that ``%%glm`` has; what else was set is in the turn's record only.
Its prompt holds the texts of attachments. Functions that the model could call are named, and have to be defined again.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import nbformat
from nbformat import v4

from glm_notebook.attachment import compose
from glm_notebook.settle import pictures, settle

if TYPE_CHECKING:
    from glm_notebook.settings import Settings
    from glm_notebook.turn import Turn

_KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_OPTIONS: Mapping[str, str] = {
    "thinking_budget": "--budget",
    "effort": "--effort",
    "max_tokens": "--max-tokens",
    "temperature": "--temperature",
}
"""Options of ``%%glm`` that take a value, by the setting."""
_ID_MAX = 64
"""Longest id of a cell (nbformat 4.5)."""


def write(turns: Sequence[Turn], *, title: str = "", language: str = "en") -> str:
    """Return the text of a notebook (nbformat 4.5).

    Parameters
    ----------
    turns : sequence of Turn
        From the first on; all have ended.
    title : str
        For the notebook's metadata.
    language : str
        BCP 47 tag, for the words in the outputs.
    """
    systems = _systems(turns)
    cells = [
        v4.new_code_cell("%load_ext glm_notebook", id="load"),
        *_setup(systems, turns),
        *(_cell(turn, systems, language) for turn in turns),
    ]
    metadata = {**_KERNEL, **({"title": title} if title else {})}
    text: str = nbformat.writes(v4.new_notebook(cells=cells, metadata=metadata))
    return text.rstrip("\n") + "\n"


def _systems(turns: Sequence[Turn]) -> dict[str, str]:
    """Return the names of the variables for the system prompts: `%%glm` takes one from a variable."""
    prompts = [*dict.fromkeys(turn.settings.system for turn in turns if turn.settings.system)]
    return {
        text: "system" if len(prompts) == 1 else f"system_{number}"
        for number, text in enumerate(prompts, 1)
    }


def _setup(systems: Mapping[str, str], turns: Sequence[Turn]) -> Iterator[Any]:
    tools = [*dict.fromkeys(name for turn in turns for name in turn.tools.names)]
    lines = [f"# Define these functions first: {', '.join(tools)}"] * bool(tools)
    lines += [f"{name} = {_literal(text)}" for text, name in systems.items()]
    if lines:
        yield v4.new_code_cell("\n".join(lines), id="setup")


def _literal(text: str) -> str:
    """Write a text in Python, line by line."""
    lines = text.splitlines(keepends=True)
    if len(lines) < 2:
        return repr(text)
    return "\n".join(["(", *(f"    {line!r}" for line in lines), ")"])


def _cell(turn: Turn, systems: Mapping[str, str], language: str) -> Any:
    options = [*_options(turn.settings, systems), *(f"-t {name}" for name in turn.tools.names)]
    prompt = compose(turn.prompt, turn.attachments)
    source = f"%%glm {' '.join(options)}\n{prompt}"
    return v4.new_code_cell(source, id=_cell_id(turn.id), outputs=[*_outputs(turn, language)])


def _cell_id(turn_id: str) -> str:
    return re.sub(r"[^\w-]", "-", turn_id, flags=re.ASCII)[:_ID_MAX]


def _options(settings: Settings, systems: Mapping[str, str]) -> Iterator[str]:
    yield f"-m {shlex.quote(settings.model)}"
    if settings.thinking is not None:
        yield "--think" if settings.thinking else "--no-think"
    for name, option in _OPTIONS.items():
        if (value := getattr(settings, name)) is not None:
            yield f"{option} {value}"
    if settings.system:
        yield f"--system {systems[settings.system]}"
    if not settings.strict:
        yield "--no-strict"


def _outputs(turn: Turn, language: str) -> Iterator[Any]:
    snapshot = turn.snapshot()
    yield v4.new_output(
        "display_data", data=settle(snapshot, turn.record(), language=language), metadata={}
    )
    for picture in pictures(snapshot):
        yield v4.new_output("display_data", data=picture, metadata={})
