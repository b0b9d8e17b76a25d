"""What ``%glm tools`` does: shows, adds and removes the functions that a model may call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.core.error import UsageError

from glm_notebook.errors import ToolError
from glm_notebook.magics.options import nearest
from glm_notebook.tools import Tool, Tools

if TYPE_CHECKING:
    from glm_notebook.magics.magics import GLMMagics


def show_or_change(magics: GLMMagics, words: list[str]) -> None:
    """Run ``%glm tools``: list without a word, else ``add``, ``remove`` or ``clear``."""
    match words:
        case []:
            pass
        case ["add", *names] if names:
            _add(magics, names)
        case ["remove", *names] if names:
            _remove(magics, names)
        case ["clear"]:
            _remove(magics, magics.tools())
        case _:
            raise UsageError("%glm tools, %glm tools add NAME …, remove NAME …, or clear")
    _list(magics)


def _add(magics: GLMMagics, names: list[str]) -> None:
    tools = Tools((), magics.shell.user_ns)
    for name in names:
        try:
            tools.add(name)
        except ToolError as error:
            raise UsageError(f"{error.message} {error.remedy}".strip()) from None
    for name in names:
        magics.removed_tools.pop(name, None)
    magics.added_tools = list(dict.fromkeys([*magics.added_tools, *names]))


def _remove(magics: GLMMagics, names: list[str]) -> None:
    known = magics.tools()
    for name in names:
        if name not in known:
            raise UsageError(f"There is no tool {name!r}.{nearest(name, known) if known else ''}")
    magics.added_tools = [one for one in magics.added_tools if one not in names]
    namespace = magics.shell.user_ns
    magics.removed_tools.update({name: namespace[name] for name in names if name in namespace})


def _list(magics: GLMMagics) -> None:
    names = magics.tools()
    if not names:
        print("No tools. %glm tools add NAME offers a function; @glm_notebook.tool marks one.")
    for tool in Tools(names, magics.shell.user_ns):
        print(f"{_signature(tool)}{_settings(tool)}  {tool.description}".rstrip())


def _signature(tool: Tool) -> str:
    properties = tool.schema.json.get("properties", {})
    return f"{tool.name}({', '.join(properties)})"


def _settings(tool: Tool) -> str:
    settings = [
        *["asks first"] * tool.approve,
        *["on a thread"] * tool.thread,
        *([f"at most {tool.timeout_s:g} s"] if tool.timeout_s else []),
    ]
    return f" [{', '.join(settings)}]" if settings else ""
