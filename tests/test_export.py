"""A conversation as a document, as data, and as a notebook."""

from __future__ import annotations

import base64
import json
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

from glm_notebook.attachment import Attachment
from glm_notebook.conversation import Conversation
from glm_notebook.errors import ConfigError, RateLimitError
from glm_notebook.export import export, export_to
from glm_notebook.magics.magics import GLMMagics
from glm_notebook.magics.options import parse
from glm_notebook.protocol.deltas import Delta, FinishDelta, TextDelta, ThinkingDelta
from glm_notebook.record import TURN_MIME, TurnRecord
from glm_notebook.simulator import Simulator
from glm_notebook.tools import tool
from glm_notebook.turn import Turn
from tests.test_conversation import ANSWER, Scripted, conversation
from tests.test_inert_markdown import COMMONMARK, HOSTILE, harm, jupyterlab
from tests.test_tool_turns import calls

FORMATS = ("md", "json", "ipynb")
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()


def said(text: str, thinking: str = "") -> list[Delta]:
    return [*[ThinkingDelta(thinking)] * bool(thinking), TextDelta(text), FinishDelta("stop")]


@pytest.fixture
def talk() -> Conversation:
    """A talk of two prompts, the second of which was asked twice."""
    talk, _ = conversation(said("**One**", "hm"), said("Two"), said("Another two"))
    talk.ask_sync("First\n  line", attachments=[Attachment("sales.csv", "a,b\n<1>,2\n")])
    talk.ask_sync("Second")
    again = talk.prepare_again()
    talk.begin(again)
    again.wait()
    return talk


@pytest.fixture
def running(talk: Conversation) -> Iterator[Turn]:
    client = talk.client
    assert isinstance(client, Scripted)
    client.scripts.append([TextDelta("unfinished"), None])
    turn = talk.start("Running")
    assert client.hanging.wait(10)
    yield turn
    turn.stop()
    turn.wait()


def records(text: str) -> list[TurnRecord]:
    return [TurnRecord.from_json(one) for one in json.loads(text)["turns"]]


def cells(text: str) -> list[Any]:
    notebook = nbformat.reads(text, 4)
    nbformat.validate(notebook)
    return list(notebook.cells)


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_turns_give_the_same_bytes(talk: Conversation, format: str) -> None:
    text = export(talk, format)
    assert text == export(talk, format)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("format", FORMATS)
def test_a_turn_that_runs_is_left_out(talk: Conversation, format: str, running: Turn) -> None:
    text = export(talk, format)
    assert "Another two" in text
    assert "Running" not in text
    assert "unfinished" not in text
    assert running.id not in text


@pytest.mark.parametrize("format", FORMATS)
def test_a_talk_without_turns(format: str) -> None:
    text = export(Conversation(model="glm-4.7"), format)
    if format == "md":
        assert text == "# A chat with glm-4.7\n"
    elif format == "json":
        assert json.loads(text) == {
            "version": 1,
            "conversation": "default",
            "turns": [],
            "head": None,
        }
    else:
        assert [cell.source for cell in cells(text)] == ["%load_ext glm_notebook"]


def test_there_is_no_other_format(talk: Conversation) -> None:
    with pytest.raises(ConfigError, match="as 'html'"):
        export(talk, "html")


@pytest.mark.parametrize("format", FORMATS)
def test_half_an_emoji_can_be_written(format: str, tmp_path: Path) -> None:
    talk, _ = conversation(said("\ud83d"))
    talk.ask_sync("half \ud83d", attachments=[Attachment("x", "\ud83d")])
    written = export_to(tmp_path / f"chat.{format}", talk).read_text("utf-8")
    assert "half \ufffd" in written


# --- a document -----------------------------------------------------------------------------------------------------


def test_the_document_is_the_branch_that_is_shown(talk: Conversation) -> None:
    text = export(talk, "md")
    beginnings = [
        "# A chat with glm-5",
        "First<br>",
        "sales.csv",
        "hm</blockquote>",
        "**One**",
        "Second",
    ]
    places = [text.index(one) for one in (*beginnings, "Another two")]
    assert places == sorted(places)
    assert "\nTwo" not in text
    assert "<summary><code>sales.csv</code> · file</summary>" in text
    assert "&lt;1&gt;,2" in text


def test_its_words_and_its_title_can_be_chosen(talk: Conversation) -> None:
    assert export(talk, "md", language="zh-CN").startswith("# 与 glm-5 的对话\n")
    assert export(talk, "md", title="Prices *2026*").startswith("# Prices &#42;2026&#42;\n")


def test_a_picture_is_in_the_document() -> None:
    talk, turn = pictured("image/png", PIXEL + "\n")
    assert f'<img alt="" src="data:image/png;base64,{PIXEL}">' in export(talk, "md")
    (settled, picture) = cells(export(talk, "ipynb"))[2].outputs
    assert TURN_MIME in settled.data
    assert picture.data == {"image/png": PIXEL + "\n"}
    assert turn.id in export(talk, "json")


def test_a_drawing_is_an_image_and_no_markup() -> None:
    talk, _ = pictured("image/svg+xml", "<svg onload='alert(1)'/>")
    text = export(talk, "md")
    assert "<svg" not in text
    assert 'src="data:image/svg+xml;base64,' in text


def pictured(mime: str, data: str) -> tuple[Conversation, Turn]:
    """Return a talk in which a tool has made a picture."""

    @tool
    def plot() -> str:
        """Plot."""
        return "done"

    talk, _ = conversation(calls(("plot", "{}")), said("Plotted."))
    turn = talk.prepare("plot it", tools=[plot])
    turn.listen(
        lambda events: shown() if any(one.type == "tool_result" for one in events) else None
    )

    def shown() -> None:
        with turn.held() as state:
            state.add_output(0, {"mime": mime, "data": data})

    talk.begin(turn)
    return talk, turn.wait()


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_hostile_does_anything_in_the_document(name: str) -> None:
    hostile = HOSTILE[name]
    talk, _ = conversation(said(hostile, hostile or "x"))
    talk.ask_sync(hostile or "x", attachments=[Attachment(hostile, hostile, hostile)])
    text = export(talk, "md", title=hostile)
    for html in (COMMONMARK.render(text), jupyterlab(text)):
        assert harm(html) == ["<details>", "<summary>"] * 2  # ours: the attachment and the thinking


# --- data -----------------------------------------------------------------------------------------------------------


def test_the_data_are_the_records_of_all_branches(talk: Conversation) -> None:
    text = export(talk, "json")
    first, second, third = records(text)
    assert [first, second, third] == [
        TurnRecord.from_json(turn.record().to_json()) for turn in talk.tree
    ]
    assert (first.parent_id, second.parent_id, third.parent_id) == (None, first.id, first.id)
    assert [one.messages[-1].content for one in (second, third)] == ["Two", "Another two"]
    data = json.loads(text)
    assert (data["version"], data["conversation"], data["head"]) == (1, "default", third.id)


def test_the_head_of_the_data_is_the_branch_that_is_shown(talk: Conversation) -> None:
    second = list(talk.tree)[1]
    talk.select(second)
    assert json.loads(export(talk, "json"))["head"] == second.id


def test_while_a_turn_runs_the_head_is_the_one_before(talk: Conversation, running: Turn) -> None:
    assert running.parent is not None
    assert json.loads(export(talk, "json"))["head"] == running.parent.id


# --- a notebook -----------------------------------------------------------------------------------------------------


def test_the_notebook_asks_what_was_asked_and_shows_what_came(talk: Conversation) -> None:
    load, first, second = cells(export(talk, "ipynb"))
    assert (load.id, load.source) == ("load", "%load_ext glm_notebook")
    assert second.source == "%%glm -m glm-5\nSecond"
    assert first.source == (
        '%%glm -m glm-5\nFirst\n  line\n\n<attachment name="sales.csv" kind="file">\na,b\n<1>,2\n</attachment>'
    )
    assert [first.id, second.id] == [turn.id for turn in talk.turns]
    (output,) = second.outputs
    assert set(output.data) == {"text/markdown", "text/plain", TURN_MIME}
    assert TurnRecord.from_json(output.data[TURN_MIME]).messages[-1].content == "Another two"
    assert "Another two" in output.data["text/markdown"]


def test_the_notebook_is_named_as_one_of_python(talk: Conversation) -> None:
    notebook = nbformat.reads(export(talk, "ipynb", title="Prices"), 4)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.title == "Prices"


def test_cells_have_the_options_of_their_turns() -> None:
    talk, _ = conversation(ANSWER, ANSWER, ANSWER)
    settings = {"thinking_budget": 4000, "effort": "high", "max_tokens": 90, "temperature": 0.0}
    talk.ask_sync(
        "a", model="glm-4.7", thinking=True, strict=False, system="Be\nbrief.", **settings
    )
    talk.ask_sync("b", thinking=False, system="It's “so”.")
    talk.ask_sync("c", system="Be\nbrief.")
    _, setup, *asked = cells(export(talk, "ipynb"))
    namespace: dict[str, str] = {}
    exec(setup.source, namespace)  # noqa: S102 # made by the export
    assert (namespace["system_1"], namespace["system_2"]) == ("Be\nbrief.", "It's “so”.")
    lines = [cell.source.partition("\n")[0] for cell in asked]
    assert lines == [
        "%%glm -m glm-4.7 --think --budget 4000 --effort high --max-tokens 90 --temperature 0.0"
        " --system system_1 --no-strict",
        "%%glm -m glm-5 --no-think --system system_2",
        "%%glm -m glm-5 --system system_1",
    ]
    options = parse(GLMMagics.glm, lines[0].removeprefix("%%glm "))
    assert {name: value for name, value in vars(options).items() if value} == {
        "model": "glm-4.7", "thinking": True, "budget": 4000, "effort": "high", "max_tokens": 90,
        "system": "system_1",
    }  # fmt: skip
    assert (options.temperature, options.strict) == (0.0, False)


def test_functions_that_could_be_called_are_named() -> None:
    talk, _ = pictured("image/png", PIXEL)
    _, setup, asked = cells(export(talk, "ipynb"))
    assert setup.source == "# Define these functions first: plot"
    assert asked.source == "%%glm -m glm-5 -t plot\nplot it"


def test_a_turn_that_failed_is_in_all_formats() -> None:
    talk, _ = conversation([RateLimitError("Too many requests.", "Wait a minute.")])
    with pytest.raises(RateLimitError):
        talk.ask_sync("Hello?")
    assert "Too many requests." in export(talk, "md")
    assert records(export(talk, "json"))[0].status == "failed"
    assert "Too many requests." in cells(export(talk, "ipynb"))[1].outputs[0].data["text/markdown"]


@pytest.mark.kernel
@pytest.mark.timeout(120)
def test_the_notebook_runs_and_asks_the_same(talk: Conversation, tmp_path: Path) -> None:
    talk.settings = Conversation(system="Be brief.", temperature=0.5).settings
    assert isinstance(talk.client, Scripted)
    talk.client.scripts.append(ANSWER)
    talk.ask_sync("Third: {{ nothing }}\n\n日本")
    notebook = nbformat.read(export_to(tmp_path / "chat.ipynb", talk), 4)
    with Simulator(tokens_per_s=0, first_token_s=0) as simulator:
        env = {
            "DASHSCOPE_API_KEY": "sk-export-0123456789",
            "DASHSCOPE_COMPATIBLE_BASE_URL": simulator.base_url,
        }
        nbclient.NotebookClient(notebook, timeout=60).execute(env={**os.environ, **env})
        bodies = [one.json for one in simulator.requests]
    assert [body["messages"][-1]["content"] for body in bodies] == prompts_sent(talk.turns)
    assert (bodies[2]["messages"][0]["content"], bodies[2]["temperature"]) == ("Be brief.", 0.5)
    ran = [cell for cell in notebook.cells if cell.source.startswith("%%glm")]
    ended = [TurnRecord.from_json(cell.outputs[0].data[TURN_MIME]).status for cell in ran]
    assert ended == ["complete"] * 3


def prompts_sent(turns: Sequence[Turn]) -> list[str]:
    return [turn.messages[0].content for turn in turns]


# --- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["chat.md", "chat.JSON", "a.b.ipynb"])
def test_the_suffix_says_the_format(talk: Conversation, tmp_path: Path, name: str) -> None:
    written = export_to(tmp_path / name, talk)
    assert written == tmp_path.resolve() / name
    assert written.read_bytes().decode() == export(talk, name.rpartition(".")[2].lower())
    assert os.listdir(tmp_path) == [name]


def test_the_home_folder_is_meant_by_its_sign(
    talk: Conversation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert export_to("~/chat.md", talk).parent == tmp_path.resolve()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("chat.txt", "The name 'chat.txt' does not say .* End it in one of .md, .json, .ipynb"),
        ("chat", "The name 'chat' does not say"),
        ("none/chat.md", "There is no folder '.*none'. Make it first"),
        ("folder.md", "'.*folder.md' could not be written: .* Choose another place"),
    ],
)
def test_where_it_cannot_be_written(
    talk: Conversation, tmp_path: Path, name: str, says: str
) -> None:
    (tmp_path / "folder.md").mkdir()
    with pytest.raises(ConfigError) as caught:
        export_to(tmp_path / name, talk)
    assert re.search(says, str(caught.value))
    assert os.listdir(tmp_path) == ["folder.md"]


def test_a_file_is_replaced_with_its_mode_and_a_link_stays_one(
    talk: Conversation, tmp_path: Path
) -> None:
    target, link = tmp_path / "old.md", tmp_path / "link.md"
    target.write_text("old" * 100_000)
    target.chmod(0o640)
    link.symlink_to(target)
    export_to(link, talk)
    assert link.is_symlink()
    assert target.read_text("utf-8") == export(talk, "md")
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_disk_that_is_full_leaves_the_old_file(
    talk: Conversation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "chat.md"
    target.write_text("old")

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match=r"chat\.md' could not be written: No space left"):
        export_to(target, talk)
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["chat.md"]
