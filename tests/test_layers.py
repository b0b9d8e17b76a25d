"""The direction of imports, read from the source: what may know of what."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import glm_notebook

PACKAGE = Path(glm_notebook.__file__).parent
NAME = PACKAGE.name
VALUES = {"errors", "events", "snapshot", "messages", "dialects", "catalogue", "toml", "_version"}


@cache
def modules() -> dict[str, ast.Module]:
    """Return every module of the package by its name inside it; the package itself is ``__init__``."""
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): ast.parse(
            path.read_text(encoding="utf-8")
        )
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def _walk(node: ast.AST, *, lazily: bool) -> Iterator[ast.AST]:
    """Yield what is run: not what only a type checker reads, and function bodies only if asked."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and not lazily:
            continue
        yield child
        yield from _walk(child, lazily=lazily)


@cache
def imports(module: str, *, lazily: bool = True) -> frozenset[str]:
    """Return the dotted names that a module imports."""
    names: set[str] = set()
    for node in _walk(modules()[module], lazily=lazily):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def own(module: str, *, lazily: bool = True) -> set[str]:
    """Return the modules of the package that a module imports, by their names inside it."""
    found = set()
    for name in imports(module, lazily=lazily):
        head, _, rest = name.partition(".")
        if head == NAME:
            found.add(_module_of(rest))
    return found


def _module_of(name: str) -> str:
    """Return the module that ``a.b.C`` is of, which may be a package."""
    while name and name not in modules() and f"{name}.__init__" not in modules():
        name = name.rpartition(".")[0]
    return name or "__init__"


def uses(library: str, *, lazily: bool = True) -> set[str]:
    """Return the modules that import a library."""
    return {
        module
        for module in modules()
        for name in imports(module, lazily=lazily)
        if name.split(".")[0] == library
    }


def within(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def group(*packages: str) -> list[str]:
    return [module for module in modules() if within(module, *packages)]


def test_there_is_something_to_check() -> None:
    assert {"client.client", "conversation", "protocol.sse", "magics.__init__"} <= modules().keys()
    assert own("client.client") >= {"errors", "messages", "protocol.base"}
    assert "magics" in own("__init__")
    assert "magics" not in own("__init__", lazily=False)
    assert "IPython.core.interactiveshell.InteractiveShell" not in imports("__init__")


@pytest.mark.parametrize("module", sorted(VALUES & modules().keys()))
def test_values_know_only_values(module: str) -> None:
    assert own(module) <= VALUES


@pytest.mark.parametrize("module", group("protocol"))
def test_a_protocol_knows_values_and_protocols_and_does_no_io(module: str) -> None:
    assert all(one in VALUES or within(one, "protocol") for one in own(module))
    io = {"asyncio", "httpx", "threading", "socket", "time", "logging", "tornado", "os", "pathlib"}
    assert not {name.split(".")[0] for name in imports(module)} & io


@pytest.mark.parametrize("module", group("preflight"))
def test_the_check_of_a_request_knows_values_alone(module: str) -> None:
    assert all(one in VALUES or within(one, "preflight") for one in own(module))


@pytest.mark.parametrize("module", group("client"))
def test_the_client_knows_nothing_of_conversations_or_views(module: str) -> None:
    above = ("conversation", "turn", "runner", "magics", "sinks", "widgets", "settle", "simulator")
    assert not [one for one in own(module) if within(one, *above)]


@pytest.mark.parametrize(
    "module", ["chat", "conversation", "turn", "runner", "record", "settle", "transcript"]
)
def test_conversations_know_nothing_of_views(module: str) -> None:
    assert not [one for one in own(module) if within(one, "magics", "sinks", "widgets")]


@pytest.mark.parametrize("module", group("sinks", "widgets"))
def test_views_know_nothing_of_the_network_or_of_magics(module: str) -> None:
    below_or_above = ("client", "protocol", "magics", "simulator")
    assert not [one for one in own(module) if within(one, *below_or_above)]


@pytest.mark.parametrize("module", group("simulator"))
def test_the_simulator_shares_nothing_with_what_it_tests(module: str) -> None:
    assert all(
        one in {"__init__", "_version", "toml"} or within(one, "simulator") for one in own(module)
    )


def test_only_the_magics_and_the_package_know_the_magics() -> None:
    knowing = {one for one in modules() if any(within(name, "magics") for name in own(one))}
    assert {one for one in knowing if not within(one, "magics")} == {"__init__"}


def test_httpx_is_imported_in_one_package() -> None:
    assert {one.partition(".")[0] for one in uses("httpx")} == {"client"}


def test_ipython_is_imported_where_a_notebook_is_certain() -> None:
    assert all(within(one, "magics", "sinks", "runner") for one in uses("IPython"))


def test_anywidget_is_imported_in_widgets_only() -> None:
    for library in ("anywidget", "ipywidgets"):
        assert all(within(one, "widgets") for one in uses(library))


def test_nothing_is_imported_in_a_circle_when_a_module_is() -> None:
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        module = module if module in modules() else f"{module}.__init__"
        assert module not in path, f"a circle: {' → '.join((*path, module))}"
        if module not in done:
            for one in own(module, lazily=False) - {"__init__"}:
                visit(one, (*path, module))
            done.add(module)

    for module in modules():
        visit(module, ())


def loaded_by(code: str) -> set[str]:
    """Return the top-level modules that a fresh Python has loaded after some code."""
    report = f"{code}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", report],
        check=True,
        capture_output=True,
        text=True,
        cwd=PACKAGE.parent,
    )
    return set(done.stdout.split())


HEAVY = {"IPython", "anywidget", "pydantic", "httpx", "markdown_it", "ipywidgets", "tornado"}


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert not loaded_by("import glm_notebook") & HEAVY


def test_the_client_is_there_when_it_is_asked_for() -> None:
    loaded = loaded_by("import glm_notebook; glm_notebook.AsyncClient")
    assert loaded & HEAVY == {"httpx"}
