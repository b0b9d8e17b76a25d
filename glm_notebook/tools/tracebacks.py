"""What went wrong in a tool: a line or two for the model, the whole traceback for the user."""

from __future__ import annotations

import linecache
import re
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType, TracebackType

from glm_notebook.tools.words import cut, message_of

Place = Callable[[str], str]
"""Names a source file as its reader knows it."""

MAX_MESSAGE = 1000
"""Characters of an exception's message that a model is told."""
_MAX_LINE = 200

_PACKAGE = str(Path(__file__).parent.parent)
_LIBRARIES = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)
_FILE = re.compile(r'(?m)(?<=^  )File "([^"\n]+)"')
_CELL = re.compile(r"<ipython-input-(\d+)-|ipykernel_\d+[/\\]\d+\.py$")


def place_of(file: str) -> str:
    """Return how a file is named to a model: a cell, or the file's name without the folders of this machine."""
    cell = _CELL.search(file)
    if cell is None:
        return Path(file).name
    return f"cell [{cell[1]}]" if cell[1] else "a notebook cell"


def for_model(error: BaseException, place: Place = place_of) -> str:
    """Return an exception's type and message, and the last line of the user's own code that it passed through.

    Parameters
    ----------
    error : exception
    place : callable
        How a file's name is told; a kernel knows the numbers of cells.
    """
    message = cut(message_of(error), MAX_MESSAGE)
    said = f"{type(error).__name__}: {message}" if message else type(error).__name__
    frame = _last_of_user(error)
    return said if frame is None else f"{said}\nat {_where(*frame, place)}"


def whole(error: BaseException, ours: str) -> str:
    """Return an exception's traceback, from where the tool was entered.

    Parameters
    ----------
    error : exception
    ours : str
        The file that entered it: its frames, and what is above them, are no business of the user's.
    """
    below = error.__traceback__
    for one in _links(error.__traceback__):
        if one.tb_frame.f_code.co_filename == ours:
            below = one.tb_next
    text = "".join(traceback.format_exception(type(error), error, below)).rstrip("\n")
    return _FILE.sub(lambda found: f'File "{_shown(found[1])}"', text)


def _shown(file: str) -> str:
    """Return how a file is named in a notebook that others read: without the folders of this machine."""
    if _CELL.search(file):
        return place_of(file)
    for folder in _LIBRARIES:
        if file.startswith(folder):
            return "…" + file.removeprefix(folder)
    return file.replace(str(Path.home()), "~", 1)


def _links(link: TracebackType | None) -> Iterator[TracebackType]:
    while link is not None:
        yield link
        link = link.tb_next


def _last_of_user(error: BaseException) -> tuple[FrameType, int] | None:
    """Return the innermost frame that is of no library, and its line."""
    found = [
        (one.tb_frame, one.tb_lineno)
        for one in _links(error.__traceback__)
        if _is_of_user(one.tb_frame.f_code.co_filename)
    ]
    return found[-1] if found else None


def _is_of_user(file: str) -> bool:
    if file.startswith("<"):  # code that dataclasses and the like make
        return file.startswith("<ipython-input-")
    return not file.startswith((_PACKAGE, *_LIBRARIES))


def _where(frame: FrameType, line: int, place: Place) -> str:
    file = frame.f_code.co_filename
    code = linecache.getline(file, line, frame.f_globals).strip()
    where = f"{place(file)}, line {line}, in {frame.f_code.co_name}"
    return f"{where}: {cut(code, _MAX_LINE)}" if code else where
