from __future__ import annotations

import functools
from typing import Any

import pytest

from glm_notebook.errors import ToolError
from glm_notebook.messages import ToolSpec
from glm_notebook.tools import Tool, Tools, UnknownToolError, tool


def load(path: str) -> str:
    """Load a file."""
    return path


def save(path: str) -> None:
    """Save a file."""


def define(namespace: dict[str, Any], source: str) -> None:
    """Run a cell."""
    exec(source, namespace)  # noqa: S102 - a cell is code


def test_tools_are_kept_in_order() -> None:
    tools = Tools([save, load])
    assert tools.names == ("save", "load")
    assert [one.name for one in tools] == ["save", "load"]
    assert tools.specs()[0] == Tool.of(save).spec()
    assert tools.find("load").function is load
    assert ("load" in tools, "lood" in tools, len(tools)) == (True, False, 2)
    assert repr(tools) == "<Tools: save, load>"
    assert Tools().specs() == ()


def test_a_tool_of_the_same_name_takes_the_others_place() -> None:
    tools = Tools([save, load])
    added = tools.add(load, name="save")
    assert added.name == "save"
    assert tools.names == ("save", "load")
    assert tools.find("save").function is load


def test_tools_are_removed() -> None:
    tools = Tools([save, load])
    tools.remove("save")
    assert tools.names == ("load",)
    with pytest.raises(UnknownToolError, match="There is no tool save"):
        tools.remove("save")


def test_the_newest_definition_runs() -> None:
    cells: dict[str, Any] = {}
    define(cells, "def f(a: int):\n    'First.'\n    return 1")
    tools = Tools([cells["f"]], cells)
    assert tools.specs() == (ToolSpec("f", "First.", tools.find("f").schema.json),)
    define(cells, "def f(b: str):\n    'Second.'\n    return 2")
    assert tools.find("f").function is cells["f"]
    assert tools.specs()[0].description == "Second."
    assert list(tools.specs()[0].parameters["properties"]) == ["b"]


@pytest.mark.parametrize(
    "first",
    [
        "f = make()",
        "f = functools.partial(make(), 1)",
        "f = Tool(make(), approve=True)",
        "f = tool(name='named')(make())",
    ],
)
def test_whatever_a_variable_holds_is_looked_up_by_it(first: str) -> None:
    def make() -> Any:
        def inner(x: int, y: int = 0) -> None: ...

        return inner

    cells: dict[str, Any] = {"make": make, "functools": functools, "Tool": Tool, "tool": tool}
    define(cells, first)
    tools = Tools([cells["f"]], cells)
    (name,) = tools.names
    old = tools.find(name)
    define(cells, first)
    assert tools.find(name).function is not old.function
    assert tools.find(name).approve == old.approve


def test_settings_go_on_with_a_new_definition() -> None:
    cells: dict[str, Any] = {}
    define(cells, "def f(): 'First.'")
    tools = Tools([Tool(cells["f"], approve=True, timeout_s=3)], cells)
    tools.add(cells["f"], name="g", thread=True)
    define(cells, "def f(): 'Second.'")
    for name, expected in (("f", (True, False, 3)), ("g", (False, True, None))):
        found = tools.find(name)
        assert found.function is cells["f"]
        assert found.description == "Second."
        assert (found.approve, found.thread, found.timeout_s) == expected


def test_a_name_is_looked_up_dots_and_all() -> None:
    class Table:
        def head(self, n: int) -> None: ...

    cells: dict[str, Any] = {"table": Table()}
    tools = Tools(["table.head"], cells)
    first = tools.find("head")
    assert tools.find("head") is first
    cells["table"] = Table()
    assert tools.find("head").function.__self__ is cells["table"]  # type: ignore[attr-defined]


def test_a_name_that_is_used_for_something_else_leaves_the_tool() -> None:
    cells: dict[str, Any] = {}
    define(cells, "def f(): pass")
    function = cells["f"]
    tools = Tools(["f"], cells)
    cells["f"] = 3
    assert tools.find("f").function is function
    del cells["f"]
    assert tools.find("f").function is function


def test_a_new_name_is_the_tools_name() -> None:
    cells: dict[str, Any] = {"tool": tool}
    define(cells, "def f(): pass\ndef g(): pass")
    tools = Tools(["g", "f"], cells)
    define(cells, "@tool(name='renamed')\ndef g(): pass")
    assert list(tools.names) == ["renamed", "f"]
    define(cells, "@tool(name='f')\ndef g(): pass")
    assert list(tools.names) == ["f"]


def test_a_definition_that_cannot_be_a_tool_is_told_when_it_is_used() -> None:
    cells: dict[str, Any] = {}
    define(cells, "def f(): pass\ndef g(): pass")
    tools = Tools(["f", "g"], cells)
    define(cells, "def f(*all): pass")
    with pytest.raises(ToolError, match=r"takes \*all"):
        tools.specs()
    define(cells, "f = lambda: 1")
    for _ in range(2):
        with pytest.raises(ToolError, match="A lambda has no name"):
            tools.specs()
    with pytest.raises(ToolError, match="A lambda has no name"):
        tools.find("f")
    assert tools.find("g").function is cells["g"]
    define(cells, "def f(): pass")
    assert len(tools.specs()) == 2


def test_what_cannot_be_added_leaves_what_was_there() -> None:
    def bad(*all: int) -> None: ...

    tools = Tools([load])
    with pytest.raises(ToolError):
        tools.add(bad, name="load")
    assert tools.find("load").function is load


def test_a_variable_that_is_not_there_is_told() -> None:
    with pytest.raises(ToolError) as raised:
        Tools(["lode"], {"load": load, "_load": load, "n": 3})
    assert str(raised.value) == (
        "There is no lode here. Did you mean load? Define it in a cell first."
    )
    with pytest.raises(ToolError, match=r"There is no lode here\. Define"):
        Tools(["lode"])


def test_an_unknown_tool_is_answered_with_those_there_are_the_nearest_first() -> None:
    tools = Tools([save, load, Tool(load, "download"), Tool(load, "x")])
    with pytest.raises(UnknownToolError) as raised:
        tools.find("loads")
    assert raised.value.message_for_model == (
        "There is no tool loads. There are: load, download, save, x."
    )
    with pytest.raises(
        UnknownToolError, match=r"There is no tool f: there are none\. Answer without"
    ):
        Tools().find("f")
    with pytest.raises(UnknownToolError) as raised:
        tools.find("\ud800" * 1000)
    assert len(raised.value.message.encode()) < 600


def test_the_kernels_own_variables_are_not_followed() -> None:
    cells: dict[str, Any] = {"_": load, "_7": load}
    tools = Tools([load], cells)
    cells["_"] = cells["_7"] = save
    assert tools.find("load").function is load
