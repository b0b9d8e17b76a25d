from __future__ import annotations

import asyncio
import functools
import subprocess
import sys
from typing import Any

import pytest

from glm_notebook.errors import ToolError
from glm_notebook.tools import Tool, marked, names, tool
from glm_notebook.tools.callables import UnresolvedHint


def load(path: str) -> str:
    """Load a file."""
    return path


async def wait(seconds: float) -> None:
    """Wait."""


class Table:
    def head(self, n: int = 5) -> int:
        """Show the first rows."""
        return n

    @staticmethod
    def version(n: int) -> int:
        return n

    async def fetch(self) -> None: ...


class Ask:
    def __call__(self, question: str) -> str:
        """Ask somebody."""
        return question


class AskLater:
    async def __call__(self) -> None: ...


def wrapped(function: Any) -> Any:
    @functools.wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return inner


@pytest.mark.parametrize(
    ("one", "name", "description", "takes"),
    [
        (load, "load", "Load a file.", ["path"]),
        (wait, "wait", "Wait.", ["seconds"]),
        (Table().head, "head", "Show the first rows.", ["n"]),
        (Table.version, "version", "", ["n"]),
        (functools.partial(load), "load", "Load a file.", ["path"]),
        (functools.partial(Table().head, n=3), "head", "Show the first rows.", []),
        (wrapped(load), "load", "Load a file.", ["path"]),
        (Tool(Ask(), "ask"), "ask", "Ask somebody.", ["question"]),
        (Tool(lambda x: x, "echo"), "echo", "", ["x"]),
        (Tool(load, "read", "Read it."), "read", "Read it.", ["path"]),
        (tool(name="read_file")(wrapped(load)), "read_file", "Load a file.", ["path"]),
    ],
    ids=range(11),
)
def test_anything_that_can_be_called_is_a_tool(
    one: Any, name: str, description: str, takes: list[str]
) -> None:
    spec = Tool.of(one).spec()
    assert (spec.name, spec.description) == (name, description)
    assert list(spec.parameters.get("properties", [])) == takes


@pytest.mark.parametrize(
    ("one", "is_async"),
    [
        (load, False),
        (wait, True),
        (functools.partial(wait, 1), True),
        (Table().fetch, True),
        (Tool(AskLater(), "ask"), True),
        (Tool(Ask(), "ask"), False),
        (wrapped(wait), False),
    ],
    ids=range(7),
)
def test_async_functions_are_known(one: Any, is_async: bool) -> None:
    assert Tool.of(one).is_async is is_async


def test_a_marked_function_is_called_as_before() -> None:
    @tool
    def double(n: int) -> int:
        """Double it."""
        return 2 * n

    assert double(2) == 4
    assert double.__name__ == "double"
    assert Tool.of(double) == Tool(double)


def test_marks_are_the_settings_of_the_tool() -> None:
    @tool(name="twice", description="Two times.", approve=True, thread=True, timeout_s=30)
    def double(n: int) -> int:
        return 2 * n

    made = Tool.of(double)
    assert made == Tool(double, "twice", "Two times.", True, True, 30)
    assert Tool.of(made) == made
    assert Tool.of(double, approve=False).approve is False
    assert Tool.of(made, name="again").name == "again"
    assert Tool.of(functools.partial(double, 1)).timeout_s == 30
    assert tool(load_copy := wrapped(load), approve=True) is load_copy
    assert Tool.of(load_copy).approve


def test_marked_methods_are_tools_of_their_objects() -> None:
    class Counter:
        @tool(name="count_up")
        def up(self, by: int) -> int:
            return by

        @tool
        @staticmethod
        def zero() -> int:
            return 0

    assert Tool.of(Counter().up).name == "count_up"
    assert list(Tool.of(Counter().up).spec().parameters["properties"]) == ["by"]
    assert Tool.of(Counter.zero).name == "zero"
    assert Counter().up(2) == 2


def test_marked_functions_are_found() -> None:
    copy = tool(wrapped(load))
    namespace = {"load": load, "copy": copy, "_": copy, "n": 3, "Table": Table, "m": sys}
    assert marked(namespace) == ("copy",)


def test_a_tool_is_read_once() -> None:
    made = Tool.of(load)
    assert made.schema is made.schema


@pytest.mark.parametrize(
    ("name", "message", "suggested"),
    [
        ("search", "'search': the service keeps it for itself", "search_notebook"),
        ("a.b c", "'a.b c': a name has ASCII letters, digits, _ and - only", "a_b_c"),
        ("naïve", "'naïve': a name has ASCII letters, digits, _ and - only", "naive"),
        ("天气", "'天气': a name has ASCII letters, digits, _ and - only", "my_tool"),
        ("x" * 65, f"'{'x' * 65}': it has 65 characters, and 64 is the most", "x" * 64),
        ("x\n", "'x\\n': a name has ASCII letters, digits, _ and - only", "x"),
    ],
)
def test_a_name_that_the_service_refuses_is_refused_with_another(
    name: str, message: str, suggested: str
) -> None:
    with pytest.raises(ToolError) as raised:
        Tool(load, name)
    assert raised.value.message == f"A tool cannot be called {message}."
    assert raised.value.remedy == f"Give it another name, such as @tool(name={suggested!r})."
    names.check(suggested)
    with pytest.raises(ToolError, match="A tool cannot be called"):
        tool(name=name)(load)


@pytest.mark.parametrize("name", ["a", "Search", "search2", "get-it_2", "x" * 64])
def test_other_names_are_taken(name: str) -> None:
    assert Tool(load, name).name == name


@pytest.mark.parametrize(
    ("one", "message"),
    [
        (lambda: 1, "A lambda has no name that a model could call it by."),
        (Ask(), "An object of the class Ask has no name that a model could call it by."),
        (functools.partial(Ask()), "An object of the class Ask has no name that a model could"),
        (Table, "Table is a class."),
        (3, "A int cannot be called."),
    ],
    ids=range(5),
)
def test_what_cannot_be_a_tool_is_told(one: Any, message: str) -> None:
    with pytest.raises(ToolError) as raised:
        Tool.of(one)
    assert raised.value.message.startswith(message)
    assert raised.value.remedy
    with pytest.raises(ToolError):
        tool(one)


def test_a_method_without_its_object_is_told() -> None:
    with pytest.raises(ToolError) as raised:
        Tool.of(Table.head).spec()
    assert str(raised.value) == (
        "The tool head is a method without its object. Give the method of an object: its_object.head."
    )


def test_a_function_that_hides_its_parameters_is_told() -> None:
    with pytest.raises(ToolError, match="The tool min does not tell its parameters") as raised:
        Tool.of(min).spec()
    assert "Wrap it in a function of your own" in raised.value.remedy


def test_hints_that_are_read_with_the_signature_may_name_what_is_not_there() -> None:
    class Late:
        """Does what a function of Python 3.14 does."""

        @property
        def __signature__(self) -> Any:
            raise NameError("name 'Later' is not defined")

        def __call__(self) -> None: ...

    with pytest.raises(
        UnresolvedHint, match="A hint of the tool late cannot be read: name 'Later'"
    ):
        Tool(Late(), "late").spec()


def test_what_cannot_be_marked_is_told() -> None:
    with pytest.raises(ToolError, match="A method cannot be marked") as raised:
        tool(Table().head)
    assert "Use Tool(" in raised.value.remedy


def test_a_model_could_not_call_it_is_said_where_it_is_defined() -> None:
    with pytest.raises(ToolError, match=r"The tool add takes \*numbers"):

        @tool
        def add(*numbers: int) -> None: ...

    @tool
    def later(x: NotYet) -> None: ...  # type: ignore[name-defined]  # noqa: F821 - the point

    assert Tool.of(later).name == "later"


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_a_timeout_is_above_zero(seconds: float) -> None:
    with pytest.raises(ToolError, match="Give seconds above 0"):
        Tool(load, timeout_s=seconds)


def test_settings_that_are_none_are_refused() -> None:
    with pytest.raises(TypeError, match="timeout"):
        tool(timeout=3)(load)  # type: ignore[call-overload]


def test_nothing_heavy_is_loaded_before_the_first_schema() -> None:
    code = (
        "import sys, glm_notebook.tools as t\n"
        "t.Tool(lambda: 1, 'one'); t.Tools()\n"
        "assert not {'pydantic', 'docstring_parser', 'IPython'} & set(sys.modules)\n"
        "t.Tool(lambda x: 1, 'one').spec()\n"
        "assert 'pydantic' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_marking_leaves_a_coroutine_function_one() -> None:
    @tool
    async def soon() -> int:
        return 1

    assert asyncio.run(soon()) == 1
