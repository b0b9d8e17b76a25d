"""The documents say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from glm_notebook import dialects, endpoints
from glm_notebook.references import expressions
from glm_notebook.retry import DELAYS_S, RetryPolicy
from glm_notebook.tools.results import BUDGET_TOKENS
from glm_notebook.widgets.chat import ChatWidget
from glm_notebook.widgets.chat_traits import OF_PAGES

DOCS = Path(__file__).parents[1] / "docs"
SCRIPTS = DOCS.parent / "js" / "src" / "chat"
PROTOCOLS = (DOCS / "protocols.md").read_text("utf-8")


def _rows(*, of: str) -> list[list[str]]:
    """Return the cells of the rows of a section's table."""
    section = PROTOCOLS.partition(f"## {of}\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:1] == "|"]
    return rows[2:]


@pytest.mark.parametrize("name", [n for n in endpoints.names() if n != endpoints.AUTO])
def test_every_endpoint_has_its_row(name: str) -> None:
    (row,) = [one for one in _rows(of="Endpoints") if f"`{name}`" in one[0]]
    place = endpoints.places().get(name)
    if place is None:
        return
    assert f"`{place.dialect}`" in row[1] or (
        row[1] == "of the same name" and place.dialect == name
    )
    assert all(f"`{key}`" in row[2] for key in place.keys)
    assert ("none" in row[2]) == (not dialects.dialect(place.dialect).key)
    workspace_only = not (place.openai or place.dashscope)
    assert (row[3] == "both") == bool(place.dashscope or workspace_only)


@pytest.mark.parametrize("name", dialects.names())
def test_every_dialect_has_its_row(name: str) -> None:
    (row,) = [one for one in _rows(of="Dialects") if one[0] == f"`{name}`"]
    dialect = dialects.dialect(name)
    switch = {**dialect.think.on, **dialect.think.off}
    assert (row[1] == "–") == (not switch)
    assert not switch or any(key in row[1] for key in switch)
    for cell, field in ((2, "thinking_budget"), (3, "effort"), (6, "tool_stream")):
        sent_as = dialect.fields.get(field)
        assert row[cell] == (f"`{sent_as}`" if sent_as else "always" if cell == 6 else "–")
    assert (row[4] == "–") == (not dialect.keep.off)
    assert name == "openai" or dialect.history in row[5]


def test_the_waits_are_those_of_the_code() -> None:
    shown = [row[1] for row in _rows(of="Retries")]
    sent = RetryPolicy().attempts - 1
    for text, delays in zip(shown, DELAYS_S.values(), strict=False):
        assert text.startswith(", ".join(f"{delay:g} s" for delay in delays[:sent]))
    assert "at most three times within 60 s" in PROTOCOLS


class TestChatting:
    """The user's guide to the chat."""

    PAGE = (DOCS / "chatting.md").read_text("utf-8")

    def test_everything_that_is_named_is_there(self) -> None:
        named = set(re.findall(r"\bchat\.(\w+)", self.PAGE)) - {"md"}
        assert len(named) > 10
        assert [one for one in sorted(named) if not hasattr(ChatWidget, one)] == []
        (settings,) = re.findall(r"so too (.*?): they count", self.PAGE)
        assert {"model", *re.findall(r"`(\w+)`", settings)} == {*OF_PAGES} - {"language"}

    def test_every_public_name_of_the_widget_is_named(self) -> None:
        inner = {"set_state", "show_change", "show_refusal", "language_of_page", "models"}
        there = {one for one in vars(ChatWidget) if not one.startswith("_")} - inner
        assert [one for one in sorted(there - {"close"}) if f"{one}" not in self.PAGE] == []

    def test_what_is_a_reference_and_what_is_not(self) -> None:
        section = self.PAGE.partition("## Objects of the kernel")[2].partition("\n## ")[0]
        rows = [line for line in section.splitlines() if line.startswith("| `{{")]
        as_written = [row for row in rows if "sent as written" in row]
        for row in rows:
            for written in re.findall(r"`(\{\{.*?\}\})`", row):
                assert bool(expressions(written)) == (row not in as_written), written
        assert (len(rows), len(as_written)) == (3, 1)
        assert expressions(r"`{{ df }}` \frac{{a}}{{b}} ${{ x }} a{{ x }}") == []

    def test_the_bounds_are_those_of_the_code(self) -> None:
        assert f"share {BUDGET_TOKENS:,} tokens" in self.PAGE
        attachments, files, pasted = (
            (SCRIPTS / f"{name}.ts").read_text("utf-8")
            for name in ("attachments", "files", "pasted")
        )
        (long,) = re.findall(r"LONG = (\d+);", pasted)
        assert f"more than {int(long):,} characters" in self.PAGE
        (each,) = re.findall(r"FILE_MAX = (\d)_000_000;", files)
        (times,) = re.findall(r"TOTAL_MAX = (\d) \* FILE_MAX", attachments)
        assert f"{each} MB each and {int(each) * int(times)} MB in" in self.PAGE
