"""A real JupyterLab in headless Chromium, with the simulator on the other side of the kernel."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from glm_notebook.simulator import Match, Rule, Scenario, ScriptedCall, Simulator
from tests.e2e.lab import FLAGS, Notebook, Server, serve, write_notebook

LONG = "One line of an answer that goes on, with **bold** words and `code`.\n\n"

SHOWN = r"""The mean is $\bar{x} = \frac{1}{n}\sum_{i=1}^{n} x_i$, and

$$\int_0^\infty e^{-x^2}\,dx = \frac{\sqrt{\pi}}{2}.$$

| region | price |
|---|--:|
| north | 4.20 |
| south | 3.90 |

- [x] read the data
- [ ] plot it

```python
def mean(values: list[float]) -> float:
    return sum(values) / len(values)  # 平均值
```
"""

expect.set_options(timeout=20_000)

SCENARIO = Scenario(
    rules=(
        Rule(
            "go on for long",
            thinking="First I think about it for a while. " * 4,
            answer=LONG * 200,
            tokens_per_s=200,
            first_token_s=0.2,
        ),
        Rule(
            "half a minute",
            thinking="A short thought. ",
            answer=LONG * 60,
            tokens_per_s=100,
            first_token_s=0.2,
        ),
        Rule(
            "many formulas",
            answer="\n\n".join(f"Line with $x_{n}^2$, **bold** words." for n in range(300)),
            tokens_per_s=5000,
        ),
        Rule(
            "show mathematics and code",
            thinking="A formula, a table, a list and some code. ",
            answer=SHOWN,
            tokens_per_s=1000,
        ),
        Rule(
            "اكتب بالعربية",
            answer="هذه إجابة **عربية** قصيرة مع `code` بداخلها.\n\n- أولا\n- ثانيا، مع 2 + 2\n",
            tokens_per_s=1000,
        ),
        Rule("say nothing", fault="stall:0"),
        Rule("break off", answer=LONG * 30, fault="cut:20"),
        Rule(
            "count and describe",
            thinking="Two tools can tell me that. ",
            tool_calls=(
                ScriptedCall("count", {"to": 30}),
                ScriptedCall("describe", {"name": "sales"}),
            ),
        ),
        Rule(Match(contains="count and describe", after_tools=True), answer="Both have answered."),
        Rule("drop a column", tool_calls=(ScriptedCall("drop", {"column": "price"}),)),
        Rule(
            Match(contains="drop a column", after_tools=True),
            answer="It was told: {tool_results}",
        ),
        Rule(
            "busy once",
            answer="It was worth the wait, which was not long. " * 3,
            tokens_per_s=50,
            fault="fail-first:1:429:limit_requests,retry-after:4",
        ),
        Rule("busy for long", fault="status:429:limit_requests,retry-after:50"),
        Rule("refuse the key", fault="status:401:invalid_api_key"),
        Rule("owe money", fault="status:400:Arrearage"),
        Rule("be forbidden", fault="status:400:data_inspection_failed"),
        Rule("stay down", fault="status:503:ModelUnavailable"),
    ),
    tokens_per_s=250,
    first_token_s=0.3,
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        pytest.fail("Set CHROMIUM to the path of a Chromium or Chrome, or run: make browser-test")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    with Simulator(SCENARIO) as running:
        yield running


@pytest.fixture
def unhurried(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have answers come no faster than a model's, for who wants to see them come."""
    monkeypatch.setattr(simulator._service, "_tokens_per_s", 50.0)


@pytest.fixture(scope="session")
def server(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder, home = tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("home")
    with serve(folder, home, simulator.base_url) as running:
        yield running


Open = Callable[..., Notebook]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    yield page
    context.close()


@pytest.fixture
def notebook(page: Page, server: Server, request: pytest.FixtureRequest) -> Open:
    """Make a notebook of some cells, or copy one of ours, and open it."""
    stem = "".join(c if c.isalnum() else "_" for c in request.node.name)

    def make(*cells: str, source: Path | None = None) -> Notebook:
        name = f"{stem}.ipynb"
        if source is not None:
            shutil.copy(source, server.folder / name)
        else:
            write_notebook(server.folder / name, *cells)
        return Notebook(page, server, name).open()

    return make
