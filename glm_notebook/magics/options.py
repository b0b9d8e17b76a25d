"""The options of ``%%glm``, and what a wrong one is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic_arguments import (
    argument,
    magic_arguments,
    parse_argstring,
)

from glm_notebook.messages import EFFORTS

VIEWS = ("auto", "widget", "markdown", "text")
OPTIONS = (
    "-m", "--model", "--think", "--no-think", "--budget", "--effort", "--max-tokens", "--temperature",
    "--system", "--chat", "--new", "-o", "--output", "--view", "--no-strict",
    "-t", "--tool",
)  # fmt: skip


def tokens(text: str) -> int:
    """Read a positive number of tokens; ``4k`` and ``4_096`` are numbers too."""
    match = re.fullmatch(r"([\d_]+)(k?)", text.strip().lower())
    number = int(match[1].replace("_", "") or 0) * (1000 if match[2] else 1) if match else 0
    if number < 1:
        raise ValueError(text)
    return number


_DECORATORS: Sequence[Callable[[Any], Any]] = (
    magic_arguments("%%glm"),
    argument("-m", "--model", metavar="MODEL", help="Model of this cell, e.g. glm-4.7."),
    argument("--think", dest="thinking", action="store_true", default=None, help="Think first."),
    argument("--no-think", dest="thinking", action="store_false", default=None, help="Do not."),
    argument("--budget", type=tokens, metavar="TOKENS", help="Most tokens of thinking."),
    argument(
        "--effort", choices=EFFORTS, help="How hard it thinks, where the model has degrees of it."
    ),
    argument("--max-tokens", type=tokens, metavar="TOKENS", help="Most tokens of the answer."),
    argument("--temperature", type=float, metavar="T", help="From 0 up to, but not, 2."),
    argument("--system", metavar="VAR", help="A variable that holds the system prompt."),
    argument("--chat", metavar="NAME", help="Go on with this conversation; several are kept."),
    argument("--new", action="store_true", help="Begin the conversation anew."),
    argument("-o", "--output", metavar="VAR", help="A variable for the turn: VAR.text, …"),
    argument(
        "-t",
        "--tool",
        dest="tools",
        action="append",
        metavar="NAME",
        help="A function that the model may call in this cell, in place of %%glm tools.",
    ),
    argument(
        "--no-strict",
        dest="strict",
        action="store_false",
        default=None,
        help="Send the request also where the documents say that it cannot work.",
    ),
    argument("--view", choices=VIEWS, help="How the answer is shown while it comes."),
)


def with_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Declare the options of a cell magic; they show up in its help (``%%glm?``)."""
    for decorate in reversed(_DECORATORS):
        function = decorate(function)
    return function


def parse(function: Callable[..., Any], line: str) -> Any:
    """Parse a magic's line.

    Raises
    ------
    UsageError
        In one line: what is wrong, and the nearest right option.
    """
    try:
        options = parse_argstring(function, line)
    except UsageError as error:
        raise UsageError(_one_line(str(error))) from None
    except ValueError as error:  # shlex: a quote without its end
        raise UsageError(f"{error} in {line!r}: close the quote.") from None
    for name in (options.system, options.output):
        if name is not None and not name.isidentifier():
            raise UsageError(f"{name!r} is no name of a variable.")
    return options


def _one_line(message: str) -> str:
    unknown = re.search(r"unrecognized arguments: (\S+)", message)
    if unknown is None:
        return re.sub(r"\s+", " ", message)
    word = unknown[1]
    if not word.startswith("-"):
        return f"{word!r} is no option: the prompt goes on the lines below %%glm."
    return f"There is no option {word}.{nearest(word, OPTIONS)}"


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `` Did you mean …?``, or all that is known."""
    known = list(known)
    close = get_close_matches(word, known, n=1, cutoff=0.5)
    return f" Did you mean {close[0]}?" if close else f" There are: {', '.join(known)}."
