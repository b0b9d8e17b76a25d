"""The notebooks of this repository: committed without outputs, and fit to run with nobody there."""

from __future__ import annotations

import base64
import json
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest
from matplotlib.cbook import get_sample_data

from glm_notebook.endpoints import PROTOCOLS
from glm_notebook.record import TURN_MIME, TurnRecord
from glm_notebook.simulator import Simulator
from glm_notebook.simulator.scenario import demo

KEY = "sk-notebooks-0123456789"
NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
TOOLS = next(path for path in NOTEBOOKS if path.stem == "02_tools")
CHAT = next(path for path in NOTEBOOKS if path.stem == "03_chat")
ROUTES = {
    "openai": "/compatible-mode/v1/chat/completions",
    "dashscope": "/api/v1/services/aigc/text-generation/generation",
}
CHINESE = "[\u3400-\u9fff]"
DECLINED = "The user declined this call: nobody could be asked"

kernel = [pytest.mark.kernel, pytest.mark.timeout(120)]
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
every_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)


@dataclass(frozen=True)
class Run:
    """A notebook that has been run from top to bottom."""

    document: Any
    routes: frozenset[str]
    """Where the simulator was asked."""

    @property
    def cells(self) -> list[Any]:
        return [cell for cell in self.document.cells if cell.cell_type == "code"]

    @property
    def turns(self) -> list[Any]:
        """The cells that ask a model."""
        return [cell for cell in self.cells if cell.source.startswith("%%glm")]

    @property
    def records(self) -> list[TurnRecord]:
        return [TurnRecord.from_json(cell.outputs[0].data[TURN_MIME]) for cell in self.turns]


@cache
def run(path: Path, *settings: str, then: str = "") -> Run:
    """Run a notebook as nbclient does, with `settings` as lines of its first cell, and `then` as one more cell."""
    document = nbformat.read(path, 4)
    if then:
        document.cells.append(nbformat.v4.new_code_cell(then))
    first = next(cell for cell in document.cells if cell.cell_type == "code")
    first.source = "\n".join([first.source, *settings])
    with Simulator(tokens_per_s=0, first_token_s=0) as simulator:
        env = {
            "DASHSCOPE_API_KEY": KEY,
            "DASHSCOPE_COMPATIBLE_BASE_URL": simulator.base_url,
            "LANG": "en_US.UTF-8",
        }
        nbclient.NotebookClient(document, timeout=60).execute(env={**os.environ, **env})
        return Run(document, frozenset(one.path for one in simulator.requests))


def told(record: TurnRecord) -> list[str]:
    """Return what the tools of a turn returned."""
    return [one.content for one in record.messages if one.role == "tool"]


def prompts_sent(source: str) -> list[str]:
    """Return the prompts that a cell of Python sends in a chat."""
    return re.findall(r'chat\.(?:start|edit)\((?:\w+, )?"(.+?)"\)', source)


def prompts_proposed(source: str) -> list[str]:
    """Return the prompts that a text proposes to try: what is code, and a whole sentence."""
    return re.findall(r"`([^`]+[.。])`", source)


def of_chat(kind: str) -> list[str]:
    """Return the sources of the cells of a kind in the chat's notebook."""
    cells = nbformat.read(CHAT, 4).cells
    return [cell.source for cell in cells if cell.cell_type == kind]


SENT = [one for source in of_chat("code") for one in prompts_sent(source)]
PROPOSED = [one for source in of_chat("markdown") for one in prompts_proposed(source)]


def printed(cell: Any) -> list[str]:
    """Return the lines that a cell has printed; they may have come in several outputs."""
    return "".join(output.get("text", "") for output in cell.outputs).splitlines()


def rows_of_the_table() -> int:
    text = Path(get_sample_data("Stocks.csv", asfileobj=False)).read_text("utf-8")
    return len(text.splitlines()) - 2  # the source, and the names of the columns


@every_notebook
def test_it_is_committed_as_written_and_not_as_run(path: Path) -> None:
    document = nbformat.read(path, 4)
    nbformat.validate(document)
    cells = [cell for cell in document.cells if cell.cell_type == "code"]
    assert [(cell.outputs, cell.execution_count) for cell in cells] == [([], None)] * len(cells)
    assert set(document.metadata) == {"kernelspec", "language_info"}


class TestRun:
    pytestmark = kernel

    @every_protocol
    @every_notebook
    def test_it_runs_with_nobody_there(self, path: Path, protocol: str) -> None:
        ran = run(path, f"%glm protocol {protocol}")
        assert ran.routes == {ROUTES[protocol]}
        assert [record.status for record in ran.records] == ["complete"] * len(ran.turns)
        kinds = {output.output_type for cell in ran.cells for output in cell.outputs}
        assert "error" not in kinds

    @every_protocol
    @every_notebook
    def test_what_stays_reads_without_this_package(self, path: Path, protocol: str) -> None:
        ran = run(path, f"%glm protocol {protocol}")
        for cell in ran.turns:
            settled, *pictures = cell.outputs
            assert set(settled.data) == {"text/markdown", "text/plain", TURN_MIME}
            assert "Simulated answer, no model was asked" in settled.data["text/markdown"]
            assert [set(one.data) for one in pictures] == [{"image/png"}] * len(pictures)
        text = nbformat.writes(ran.document)
        assert "widget-view" not in text
        assert "widgets" not in ran.document.metadata
        assert KEY not in text

    @every_protocol
    def test_the_tools_are_called_in_rounds_and_the_answer_quotes_them(self, protocol: str) -> None:
        comparison, _ = run(TOOLS, f"%glm protocol {protocol}").records
        roles = [one.role for one in comparison.messages]
        assert roles == ["user", "assistant", "tool", "assistant", "tool", "assistant"]
        names = [call.name for one in comparison.messages for call in one.tool_calls]
        assert names == ["growth", "plot"]
        figures, drawn = told(comparison)
        multiples = json.loads(figures)
        assert list(multiples) == ["IBM", "AAPL", "MSFT"]
        assert all(isinstance(one, float) and one > 1 for one in multiples.values())
        assert drawn.startswith("Drawn: IBM, AAPL, MSFT, January 2000 to")
        _, second, third = [one.content for one in comparison.messages if one.role == "assistant"]
        assert f"> {figures}" in second
        assert f"> {drawn}" in third

    @every_protocol
    def test_the_figure_stays(self, protocol: str) -> None:
        ran = run(TOOLS, f"%glm protocol {protocol}")
        (picture,) = [
            output.data["image/png"]
            for cell in ran.turns
            for output in cell.outputs
            if "image/png" in output.data
        ]
        assert base64.b64decode(picture).startswith(b"\x89PNG")

    @every_protocol
    def test_nobody_approves_so_nothing_is_deleted(self, protocol: str) -> None:
        ran = run(TOOLS, f"%glm protocol {protocol}")
        deletion = ran.records[1]
        assert told(deletion) == [DECLINED]
        assert f"> {DECLINED}" in deletion.messages[-1].content
        assert ran.cells[-1].outputs[0].text == f"{rows_of_the_table()} rows\n"

    def test_what_needs_no_approval_is_deleted(self) -> None:
        ran = run(TOOLS, "%glm approve never")
        rows = int(ran.cells[-1].outputs[0].text.removesuffix(" rows\n"))
        assert 0 < rows < rows_of_the_table()
        deleted = rows_of_the_table() - rows
        assert told(ran.records[1]) == [f"{deleted} rows deleted, {rows} left"]


class TestChat:
    pytestmark = kernel

    @every_protocol
    def test_python_and_the_chat_see_the_same_tree(self, protocol: str) -> None:
        cells = {cell.source: cell for cell in run(CHAT, f"%glm protocol {protocol}").cells}
        growth, otherwise = SENT[1:3]
        (asked,) = [cell for source, cell in cells.items() if "chat.branches(" in source]
        shown = asked.outputs[0].data["text/plain"]
        assert shown.index("Growth compounds") < shown.index("对数收益率")
        (selected,) = [cell for source, cell in cells.items() if "chat.select(" in source]
        assert growth in selected.outputs[0].data["text/plain"]
        assert otherwise not in selected.outputs[0].data["text/plain"]
        (deleted,) = [cell for source, cell in cells.items() if "chat.delete(" in source]
        assert deleted.outputs[0].data["text/plain"] == "('glm-4.7', False, False)"

    @every_protocol
    def test_what_is_written_is_the_branch_that_is_shown(self, protocol: str) -> None:
        last = run(CHAT, f"%glm protocol {protocol}").cells[-1].outputs[-1]
        document = last.data["text/markdown"]
        asked = re.findall(r"<blockquote class=[^>]*>([^<]*)</blockquote>\n\n", document)
        assert [one for one in SENT if one in asked] == [SENT[0], SENT[1], *SENT[-2:]]
        assert document.count("Simulated answer, no model was asked") == 4
        assert "· DataFrame 524 × 10" in document
        assert document.count("data:image/png;base64,") == 1

    @every_protocol
    def test_the_chat_writes_while_a_cell_computes(self, protocol: str) -> None:
        cells = run(CHAT, f"%glm protocol {protocol}").cells
        at = next(n for n, cell in enumerate(cells) if "time.monotonic()" in cell.source)
        interval, written = printed(cells[at])
        low, high = map(float, re.findall(r"0\.\d\d", interval))
        assert 0.3 < low < 0.4 < 0.5 < high < 0.65
        assert int(written.split()[-2]) > 500
        assert "name='plot'" in cells[at + 1].outputs[0].data["text/plain"]

    def test_observers_are_told_of_the_history(self) -> None:
        lines = printed(run(CHAT, "%glm protocol openai").cells[-1])
        _, _, lengths = lines[-1].partition("at each change: ")
        assert max(json.loads(lengths)) >= 4

    def test_what_is_proposed_can_be_asked(self) -> None:
        ask = f"for one in {PROPOSED!r}:\n    print(chat.start(one).wait().messages[2].content)"
        told = run(CHAT, then=ask).cells[-1]
        assert printed(told) == ["Drawn: AAPL, MSFT, January 2010 to June 2022", DECLINED]


@pytest.mark.parametrize("prompt", [*SENT, *PROPOSED])
def test_every_prompt_has_an_answer_of_its_own(prompt: str) -> None:
    own = [rule.matcher for rule in demo().rules if rule.matcher.pattern != CHINESE]
    contained = [one.contains for one in own if one.contains and one.contains in prompt]
    found = [one.pattern for one in own if one.pattern and re.search(one.pattern, prompt)]
    assert contained or found


def test_the_chat_proposes_and_sends_in_both_languages() -> None:
    assert (len(SENT), len(PROPOSED)) == (6, 2)
    for prompts in (SENT, PROPOSED):
        assert {bool(re.search(CHINESE, one)) for one in prompts} == {True, False}
