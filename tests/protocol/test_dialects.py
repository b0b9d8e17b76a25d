from __future__ import annotations

import re
from dataclasses import fields

import pytest

from glm_notebook import dialects
from glm_notebook.errors import ConfigError
from glm_notebook.messages import Parameters

DIALECTS = pytest.mark.parametrize("name", dialects.names())


@DIALECTS
def test_a_dialect_says_where_it_comes_from_and_when_that_was_read(name: str) -> None:
    dialect = dialects.dialect(name)
    assert (dialect.name, bool(dialect.title)) == (name, True)
    assert re.search(r"read 20\d\d-\d\d", dialect.source)


@DIALECTS
def test_a_dialect_names_fields_that_there_are(name: str) -> None:
    known = {one.name for one in fields(Parameters)}
    assert dialects.dialect(name).fields.keys() <= known


def test_what_is_said_of_one_dialect_is_added_to_what_is_said_of_all() -> None:
    zai, openai = dialects.dialect("zai"), dialects.dialect("openai")
    assert (zai.takes("temperature"), zai.takes("seed"), openai.takes("seed")) == (
        True,
        False,
        True,
    )
    assert openai.endings.items() < zai.endings.items()


def test_a_dialect_that_is_none_is_an_error_that_names_those_that_are() -> None:
    with pytest.raises(ConfigError, match="no dialect 'x'") as raised:
        dialects.dialect("x")
    assert all(name in raised.value.remedy for name in dialects.names())
