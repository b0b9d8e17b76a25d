"""What a kernel answers to the questions of a page (docs/chat.md).

Knows no widget and no thread: whoever calls may do so on any.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from glm_notebook.errors import ConfigError, GLMError

STATIC = Path(__file__).parent / "static"
MODULES = frozenset({"math", "highlight"})
"""What a page loads when it first needs it. A name is looked up here, and never made into a path as it came."""

Answer: TypeAlias = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Takes a question, ``{"what": str, …}``, and returns the body of the reply. May raise a `GLMError`."""

_log = logging.getLogger(__name__)


@cache
def asset(name: str) -> str:
    """Return a script or a style sheet of `static/`."""
    return (STATIC / name).read_text(encoding="utf-8")


def module(question: Mapping[str, Any]) -> dict[str, str]:
    """Return the script and the style sheet of a module: ``{"name": str}`` gives ``{"code": str, "css": str}``."""
    name = question.get("name")
    if not isinstance(name, str) or name not in MODULES:
        raise ConfigError(
            "The page asked for a script that there is not.",
            "It is of another version than the kernel: restart the kernel, or load the page again.",
        )
    return {"code": asset(f"{name}.js"), "css": asset(f"{name}.css")}


def reply(question: Mapping[str, Any], answers: Mapping[str, Answer]) -> dict[str, Any]:
    """Return the message that answers a question. Never raises, for a page waits for it.

    Parameters
    ----------
    question : Mapping
        ``{"type": "ask", "id": str, "what": str, …}``.
    answers : Mapping
        Functions by what they answer.
    """
    head = {"type": "reply", "id": question.get("id", "")}
    try:
        return {**head, "body": dict(_answer(question, answers)(question))}
    except GLMError as error:
        return {**head, "error": _error(error.message, error.remedy)}
    except BaseException as error:  # an exit of a user's __repr__ would end the runner's loop
        _log.exception("The question %r of a page failed.", question.get("what"))
        return {**head, "error": _error(f"The kernel could not answer: {_in_one_line(error)}")}


def _answer(question: Mapping[str, Any], answers: Mapping[str, Answer]) -> Answer:
    what = question.get("what")
    answer = answers.get(what) if isinstance(what, str) else None
    if answer is None:
        raise ConfigError(
            "The page asked what this kernel does not know.",
            "It is of another version than the kernel: restart the kernel, or load the page again.",
        )
    return answer


def _in_one_line(error: BaseException) -> str:
    try:
        said = " ".join(str(error).split())
    except Exception:  # what an object of the user raised may not be printable either
        said = ""
    return f"{type(error).__name__}: {said}"[:300].removesuffix(": ")


def _error(message: str, remedy: str = "") -> dict[str, str]:
    return {"message": message.strip(), "remedy": remedy.strip()}
