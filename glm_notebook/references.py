r"""Where a prompt names objects of the kernel: ``{{ df }}``, ``{{ model.coef_ }}``, ``{{ rows["north"][0] }}``.

A name, its attributes and constant subscripts between two pairs of braces make a reference, and nothing else does: no
call, so that reading a prompt runs little. Code, in fences or in backticks, is left alone, and so are braces that
stand right behind a Latin letter, a digit, a bracket or a mark as ``\frac{{a}}{{b}}``, ``x^{{a}}`` and
``${{ github.ref }}`` have it, or within an f-string. No I/O.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any

_CODE = r"""
    ^ [ \t>]* (?P<fence> `{3,} (?= [^`\n]* $) | ~{3,} ) .*
      (?: \n (?! [ \t>]* (?P=fence) [`~]* [ \t]* $ ) .* )* (?: \n .* )?
  | (?<!`) (?P<ticks> `+ ) (?!`) (?: (?! \n[ \t]*\n ) (?s:.) )+? (?<!`) (?P=ticks) (?!`)
"""
"""A block between fences, which goes on to the end where none closes it; a span between backticks, of a paragraph."""
_TEXTS = r""" "(?: \\. | [^"\\\n] )*" | '(?: \\. | [^'\\\n] )*' """
_REFERENCE = re.compile(
    rf"""
    {_CODE}
  | \b [rR]? [fF] (?: {_TEXTS} )
  | (?<! [A-Za-z0-9_^$\\{{}}\]] ) \{{\{{ (?P<inside> (?: [^{{}}\n"'] | {_TEXTS} )+ ) \}}\}} (?! \}} )
    """,
    re.X | re.M,
)
_LENGTH_MAX = 200
"""Most characters of an expression: a longer one is none that anybody wrote as a reference."""


def expressions(prompt: str) -> list[str]:
    """Return what the references of a prompt say, as written there, each once, in order."""
    by_form: dict[str, str] = {}
    for match in _REFERENCE.finditer(prompt):
        if form := normal(_inside(match)):
            by_form.setdefault(form, _inside(match))
    return [*by_form.values()]


def substitute(prompt: str, replace: Callable[[str], str | None]) -> str:
    """Return the prompt with references replaced; those for which there is None stay as they are."""

    def replaced(match: re.Match[str]) -> str:
        expression = _inside(match)
        new = replace(expression) if normal(expression) else None
        return match[0] if new is None else new

    return _REFERENCE.sub(replaced, prompt)


def _inside(match: re.Match[str]) -> str:
    return (match["inside"] or "").strip()


def normal(expression: str) -> str:
    """Return an expression in the one way that Python writes it; "" if it is none that a reference may hold."""
    node = parse(expression)
    return "" if node is None else ast.unparse(node)


def parse(expression: str) -> ast.expr | None:
    """Return the syntax of an expression, or None if it is none that a reference may hold."""
    if not 0 < len(expression) <= _LENGTH_MAX:
        return None
    try:
        node = ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return node if _is_reference(node) else None


def _is_reference(node: ast.expr) -> bool:
    match node:
        case ast.Name(id=name):
            return not _is_dunder(name)
        case ast.Attribute(value=value, attr=name):
            return not _is_dunder(name) and _is_reference(value)
        case ast.Subscript(value=value, slice=index):
            return _is_index(index) and _is_reference(value)
        case _:
            return False


def _is_dunder(name: str) -> bool:
    return name.startswith("__")


def _is_index(node: ast.expr) -> bool:
    if isinstance(node, ast.Slice):
        return all(one is None or _is_whole(one) for one in (node.lower, node.upper, node.step))
    return _is_whole(node) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _is_whole(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    return isinstance(node, ast.Constant) and type(node.value) is int


def resolve(expression: str, namespace: Mapping[str, Any]) -> object:
    """Return what an expression of a reference stands for.

    Raises
    ------
    LookupError
        It is no expression that a reference may hold, or there is no such object, attribute or item.
    """
    node = parse(expression)
    if node is None:
        raise LookupError(f"{expression!r} is no name, attribute or item.")
    try:
        return _value(node, namespace)
    except Exception as error:  # a property may raise anything
        raise LookupError(f"{expression!r} cannot be looked up.") from error


def _value(node: ast.expr, namespace: Mapping[str, Any]) -> Any:
    match node:
        case ast.Name(id=name):
            return namespace[name]
        case ast.Attribute(value=value, attr=name):
            return getattr(_value(value, namespace), name)
        case ast.Subscript(value=value, slice=index):
            return _item(_value(value, namespace), _index(index))
    raise LookupError(ast.unparse(node))


def _index(node: ast.expr) -> object:
    if isinstance(node, ast.Slice):
        bounds = (node.lower, node.upper, node.step)
        return slice(*(None if one is None else ast.literal_eval(one) for one in bounds))
    return ast.literal_eval(node)


def _item(value: Any, index: object) -> object:
    if isinstance(value, dict) and index not in value:  # a defaultdict would take it in
        raise LookupError(index)
    return value[index]
