"""Which renderer shows which class: the one for the most specific class, and of two for one class the later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, TypeVar, overload
from weakref import WeakKeyDictionary

from glm_notebook.tools.results.rendered import Rendered
from glm_notebook.tools.results.reprs import class_name, describe_error, safe_repr

Renderer = Callable[[Any, int], "str | Rendered"]
"""Takes a value and a number of tokens. What it returns may be longer: it is cut."""
R = TypeVar("R", bound=Renderer)

_renderers: dict[type | str, tuple[int, Renderer]] = {}
_methods: dict[str, Renderer] = {}
_found: WeakKeyDictionary[type, Renderer] = WeakKeyDictionary()
_serial = count()


@overload
def register_renderer(cls: type | str) -> Callable[[R], R]: ...
@overload
def register_renderer(cls: type | str, renderer: R) -> R: ...
def register_renderer(cls: type | str, renderer: R | None = None) -> R | Callable[[R], R]:
    """Show the values of a class, and of its subclasses, in another way.

    The renderer of the most specific class is used, and for one class the one registered last. Virtual subclasses
    (`abc.ABC.register`) do not count.

    Parameters
    ----------
    cls : type or str
        A class, or its dotted name, which need not be imported: ``"pandas.DataFrame"``. The name matches wherever in
        the named package or module the class is defined (``pandas.core.frame.DataFrame``), and goes on matching when a
        cell defines the class anew (``"__main__.Model"``).
    renderer : callable, optional
        Takes a value and a budget in tokens, and returns a text or a `Rendered`. Without it, a decorator is returned.

    Raises
    ------
    TypeError
        `cls` is neither a class nor a dotted name, or the renderer cannot be called.
    """
    if not isinstance(cls, type) and not (isinstance(cls, str) and "." in cls):
        raise TypeError(f"{cls!r} is neither a class nor a dotted name such as 'pandas.DataFrame'.")
    if renderer is None:
        return lambda function: register_renderer(cls, function)
    if not callable(renderer):
        raise TypeError(f"A renderer is a function of a value and a budget, not {renderer!r}.")
    _renderers[cls] = next(_serial), renderer
    _found.clear()
    return renderer


def register_method(name: str, renderer: Renderer) -> None:
    """Show the values of every class that defines a method in one way, unless the class is registered itself."""
    _methods[name] = renderer
    _found.clear()


def find(cls: type) -> Renderer:
    """Return the renderer of a class. There is always one, as there is one for `object`."""
    renderer = _found.get(cls)
    if renderer is None:
        renderer = _found[cls] = next(found for base in cls.__mro__ for found in _of(base))
    return renderer


def _of(base: type) -> Iterator[Renderer]:
    """Yield what shows the values of a class, of that class alone."""
    registered = [_renderers[key] for key in (base, *dotted_names(base)) if key in _renderers]
    if registered:
        yield max(registered, key=lambda entry: entry[0])[1]
    yield from (renderer for name, renderer in _methods.items() if vars(base).get(name))


def dotted_names(cls: type) -> Iterator[str]:
    """Yield the names that a class has in the modules around it: ``a.b.C``, ``a.C``."""
    module = str(cls.__module__)
    while module:
        yield f"{module}.{cls.__qualname__}"
        module = module.rpartition(".")[0]


def run(value: object, budget_tokens: int) -> Rendered:
    """Return a value as its renderer shows it; if that fails, its repr and what happened."""
    try:
        return _checked(find(type(value))(value, budget_tokens))
    except Exception as error:
        return Rendered(
            f"{safe_repr(value)}\n({class_name(value)} could not be shown: {describe_error(error)})"
        )


def _checked(shown: object) -> Rendered:
    if isinstance(shown, Rendered):
        return shown
    if isinstance(shown, str):
        return Rendered(shown)
    raise TypeError(f"its renderer returned {class_name(shown)}, neither a text nor a Rendered")
