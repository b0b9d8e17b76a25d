"""Type hints: found, where they are text, and written so that pydantic reads them."""

from __future__ import annotations

import collections.abc
import inspect
import sys
import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Optional, Union, get_args, get_origin, get_type_hints

from glm_notebook.tools.callables import EMPTY, Function, UnresolvedHint, written


def resolved(
    function: Function, parameters: Sequence[inspect.Parameter], name: str
) -> Mapping[str, Any]:
    """Return the hints of parameters; any JSON is good for one that has none.

    Parameters
    ----------
    function : callable
        Whose globals know the names in hints that are text.
    parameters : sequence of inspect.Parameter
    name : str
        Of the tool, for the errors.

    Raises
    ------
    UnresolvedHint
        A hint names what is not there.
    """
    scope = getattr(written(function), "__globals__", {})
    return {one.name: _resolved(one, scope, name) for one in parameters}


def _resolved(parameter: inspect.Parameter, scope: dict[str, Any], name: str) -> Any:
    hint = parameter.annotation
    if hint is EMPTY:
        return Any
    if not (isinstance(hint, type) and not get_args(hint)):
        hint = _evaluated(parameter, scope, name)
    hint = readable(hint)
    # `x: int = None` means that None is fine, and Python 3.10 reads it so
    return Optional[hint] if parameter.default is None else hint  # noqa: UP045 - a hint may be text


def _evaluated(parameter: inspect.Parameter, scope: dict[str, Any], name: str) -> Any:
    def holder() -> None: ...

    holder.__annotations__ = {"it": parameter.annotation}
    try:
        return get_type_hints(holder, scope, include_extras=True)["it"]
    except Exception as error:  # the text of a hint is code: it may raise anything
        raise UnresolvedHint(
            f"The hint of {parameter.name} in the tool {name} cannot be read: {error}.",
            "Define or import its names where the function is defined, before the tool is registered.",
        ) from None


def readable(hint: Any) -> Any:
    """Return a hint that means the same, without what pydantic does not read, or reads only later.

    It refuses `typing.TypedDict` before Python 3.12, and checks the items of an `Iterable` when they are taken, which
    would be inside the function.
    """
    if _is_old_typed_dict(hint):
        return _typed_dict(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is collections.abc.Iterable or origin is collections.abc.Iterable:
        return list[readable(arguments[0])] if arguments else list[Any]  # type: ignore[misc]
    if not arguments or origin is Literal:
        return hint
    if origin is Annotated:
        parts = (readable(arguments[0]), *hint.__metadata__)
        return Annotated[parts]
    changed = tuple(readable(one) for one in arguments)
    if all(new is old for new, old in zip(changed, arguments, strict=True)):
        return hint
    return Union[changed] if origin in (Union, types.UnionType) else origin[changed]  # noqa: UP007


def _is_old_typed_dict(hint: Any) -> bool:
    return sys.version_info < (3, 12) and (
        type(hint).__name__ == "_TypedDictMeta" and type(hint).__module__ == "typing"
    )


def _typed_dict(hint: Any) -> Any:
    from typing_extensions import NotRequired, Required, TypedDict

    fields = {}
    for key, value in get_type_hints(hint, include_extras=True).items():
        bare = get_args(value)[0] if get_origin(value) in (Required, NotRequired) else value
        presence = Required if key in hint.__required_keys__ else NotRequired
        fields[key] = presence[readable(bare)]
    return TypedDict(hint.__name__, fields)  # type: ignore[operator]
