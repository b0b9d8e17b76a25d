"""A notebook that runs with no page: nbclient, papermill, nbconvert. They must end up with the same output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from glm_notebook.record import TURN_MIME, TurnRecord
from glm_notebook.simulator import Simulator

pytestmark = [pytest.mark.kernel, pytest.mark.timeout(120)]

KEY = "sk-unattended-0123456789"
QUICKSTART = Path(__file__).parents[2] / "notebooks" / "01_quickstart.ipynb"
TURNS = (4, 6, 7)
NBCLIENT = """
import nbclient, nbformat, sys
notebook = nbformat.read(sys.argv[1], 4)
nbclient.NotebookClient(notebook).execute()
nbformat.write(notebook, sys.argv[2])
"""


@pytest.fixture
def environment(simulator: Simulator) -> dict[str, str]:
    return {
        **os.environ,
        "DASHSCOPE_API_KEY": KEY,
        "DASHSCOPE_COMPATIBLE_BASE_URL": simulator.base_url,
        "LANG": "en_US.UTF-8",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


def _execute(tool: str, source: Path, target: Path, environment: dict[str, str]) -> Any:
    commands = {
        "nbclient": ["-c", NBCLIENT, str(source), str(target)],
        "papermill": ["-m", "papermill", "--no-progress-bar", str(source), str(target)],
        "nbconvert": [
            "-m", "nbconvert", "--execute", "--to", "notebook", "--output", str(target), str(source),
        ],
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, *commands[tool]], env=environment, capture_output=True, text=True
    )
    assert target.exists(), done.stderr[-3000:]
    return nbformat.read(target, 4)


@pytest.mark.parametrize("tool", ["nbclient", "papermill", "nbconvert"])
def test_the_quickstart_settles_as_in_a_page(
    tool: str, environment: dict[str, str], tmp_path: Path
) -> None:
    target = tmp_path / "done.ipynb"
    document = _execute(tool, QUICKSTART, target, environment)
    for index in TURNS:
        (output,) = document.cells[index].outputs
        assert set(output.data) == {"text/markdown", "text/plain", TURN_MIME}
        assert TurnRecord.from_json(output.data[TURN_MIME]).status == "complete"
    assert "Thought for" in document.cells[4].outputs[0].data["text/markdown"]
    text = target.read_text("utf-8")
    assert "widget" not in json.dumps(document.metadata)
    assert "widget-view" not in text
    assert KEY not in text


def test_a_failing_turn_fails_the_run_with_a_sentence(
    environment: dict[str, str], tmp_path: Path
) -> None:
    source = tmp_path / "failing.ipynb"
    cells = ["%load_ext glm_notebook", "%%glm -m glm-0\nhi", "print('never')"]
    document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
    document.metadata.kernelspec = {"name": "python3", "display_name": "P", "language": "python"}
    nbformat.write(document, source)
    done = subprocess.run(
        [sys.executable, "-m", "nbconvert", "--execute", "--to", "notebook", str(source)],
        env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode != 0
    assert "ModelNotFoundError" in done.stderr
    assert "does not serve the model 'glm-0'" in done.stderr
    assert KEY not in done.stderr


def test_without_a_key_the_simulator_is_only_where_it_is_asked_for(
    environment: dict[str, str], tmp_path: Path
) -> None:
    for name in ("DASHSCOPE_API_KEY", "DASHSCOPE_COMPATIBLE_BASE_URL"):
        environment.pop(name)
    target = tmp_path / "done.ipynb"
    document = _execute("nbconvert", QUICKSTART, target, environment)
    for index in TURNS:
        markdown = document.cells[index].outputs[0].data["text/markdown"]
        assert "Simulated answer, no model was asked" in markdown


@pytest.mark.parametrize(
    ("shown", "n_chats"), [("chat", 0), ("import ipywidgets\nipywidgets.VBox([chat])", 1)]
)
def test_a_chat_is_saved_as_a_widget_only_where_a_layout_has_it(
    shown: str, n_chats: int, environment: dict[str, str], tmp_path: Path
) -> None:
    source = tmp_path / "chat.ipynb"
    cells = ["import glm_notebook\nchat = glm_notebook.ChatWidget()", shown, "chat.model = 'glm-5'"]
    document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
    document.metadata.kernelspec = {"name": "python3", "display_name": "P", "language": "python"}
    nbformat.write(document, source)
    done = _execute("nbclient", source, tmp_path / "done.ipynb", environment)
    metadata = json.dumps(done.metadata)
    assert metadata.count('"_esm"') == n_chats
    assert ("widgets" in done.metadata) == bool(n_chats)
