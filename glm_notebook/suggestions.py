"""What can stand in a reference, while it is being written: names, attributes, columns and keys.

Only what stands before the last dot or bracket is looked up; the kinds of what is suggested are told without running
anything. May be called while the user's own code runs in another thread.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from types import ModuleType
from typing import Any

from glm_notebook.kinds import is_of_library, kind_of, kind_of_member
from glm_notebook.references import resolve

LIMIT = 50
_OF_IPYTHON = {"In", "Out", "exit", "quit", "get_ipython", "open"}
_LOOKED_AT_MAX = 100_000
"""Most keys of a dictionary that are looked through."""

Suggestion = tuple[str, str]
"""A text, and the kind of what it stands for."""
Suggest = Callable[[re.Match[str], Mapping[str, Any]], Iterator[Suggestion]]


def complete(text: str, namespace: Mapping[str, Any], limit: int = LIMIT) -> list[dict[str, str]]:
    """Return what the beginning of a reference can become.

    Parameters
    ----------
    text : str
        What stands between the braces and the cursor: ``d``, ``df.co``, ``df["pri``.
    namespace : mapping
        The user's variables.
    limit : int
        Most suggestions.

    Returns
    -------
    list of dict
        ``text``, in the place of all that was given, and ``kind``. Variables come in the order of data, functions and
        classes, modules; attributes by their names, columns and keys as they are.
    """
    try:
        found = [*islice(_suggestions(text.lstrip(), namespace), max(limit, 0))]
    except Exception:  # nothing stands for what is begun, or it cannot tell what it has
        return []
    return [{"text": one, "kind": kind} for one, kind in found]


def _suggestions(text: str, namespace: Mapping[str, Any]) -> Iterator[Suggestion]:
    for pattern, suggest in _WAYS.items():
        if match := pattern.fullmatch(text):
            return suggest(match, namespace)
    return iter(())


def _names(match: re.Match[str], namespace: Mapping[str, Any]) -> Iterator[Suggestion]:
    names = _begun_so(match["begun"], (one for one in list(namespace) if one not in _OF_IPYTHON))
    found = [(name, namespace[name]) for name in names if name in namespace]
    for name, value in sorted(found, key=lambda one: (_rank(one[1]), one[0].lower(), one[0])):
        yield name, kind_of(value)


def _rank(value: object) -> int:
    if issubclass(type(value), ModuleType):
        return 2
    return int(callable(value))


def _attributes(match: re.Match[str], namespace: Mapping[str, Any]) -> Iterator[Suggestion]:
    value = resolve(match["of"], namespace)
    columns = dict(_columns(value))
    for name in sorted(_begun_so(match["begun"], dir(value)), key=str.lower):
        yield f"{match['of']}.{name}", kind_of_member(value, name) or columns.get(name, "")


def _items(match: re.Match[str], namespace: Mapping[str, Any]) -> Iterator[Suggestion]:
    value = resolve(match["of"], namespace)
    begun = match["begun"].lower()
    for name, kind in _keys(value):
        if name.lower().startswith(begun):
            yield f"{match['of']}[{_quoted(name, match['quote'])}]", kind


def _begun_so(begun: str, names: Iterable[str]) -> Iterator[str]:
    """Yield the names that begin so, in small letters or large, but for private ones."""
    begun = begun.lower()
    for name in names:
        is_name = name.isidentifier() and not name.startswith("_")
        if is_name and name.lower().startswith(begun):
            yield name


def _keys(value: Any) -> Iterator[Suggestion]:
    if isinstance(value, dict):
        for key in islice(list(value), _LOOKED_AT_MAX):
            if isinstance(key, str):
                yield key, kind_of(value.get(key))
    else:
        yield from _columns(value)


def _columns(value: Any) -> Iterator[Suggestion]:
    """Yield the columns of a table of pandas, Polars or Arrow, with their dtypes."""
    if not is_of_library(value):
        return
    cls = type(value)
    if hasattr(cls, "columns") and hasattr(cls, "dtypes"):
        pairs = zip(value.columns, value.dtypes, strict=False)
    elif hasattr(cls, "column_names") and hasattr(cls, "schema"):
        pairs = zip(value.column_names, value.schema.types, strict=False)
    else:
        return
    yield from ((name, str(dtype)) for name, dtype in pairs if isinstance(name, str))


def _quoted(text: str, quote: str) -> str:
    """Write a text as Python does, in the quotes that were begun; JSON writes the same within its own."""
    written = json.dumps(text, ensure_ascii=False)
    if quote != "'":
        return written
    return "'{}'".format(written[1:-1].replace('\\"', '"').replace("'", "\\'"))


_WAYS: Mapping[re.Pattern[str], Suggest] = {
    re.compile(r"(?P<begun>\w*)"): _names,
    re.compile(r"""(?P<of>.+?)\[\s*(?P<quote>["']?)(?P<begun>[^"'\]]*)""", re.S): _items,
    re.compile(r"(?P<of>.+)\.(?P<begun>\w*)", re.S): _attributes,
}
"""What is written, by its form."""
