from __future__ import annotations

import pytest

from glm_notebook.tools import docstrings

NUMPY = """Return the weather
    of a city.

    It asks nobody.

    Parameters
    ----------
    city : str
        Where, as a person
        would write it.
    days, hours : int, optional
        How far ahead.
    **others
        Not for you.

    Returns
    -------
    dict
        Numbers: of a sort.
    """
GOOGLE = """Return the weather
    of a city.

    It asks nobody.

    Args:
        city (str): Where, as a person
            would write it.
        days (int, optional): How far ahead.
        hours: How far ahead.
        **others: Not for you.

    Returns:
        dict: Numbers.
    """
REST = """Return the weather
    of a city.

    It asks nobody.

    :param str city: Where, as a person
        would write it.
    :param days: How far ahead.
    :type days: int
    :param hours: How far ahead.
    :param others: Not for you.
    :returns: Numbers.
    """


@pytest.mark.parametrize("text", [NUMPY, GOOGLE, REST], ids=["numpy", "google", "rest"])
def test_all_styles_say_the_same(text: str) -> None:
    docs = docstrings.read(text)
    assert docs.summary == "Return the weather of a city."
    assert docs.parameters == {
        "city": "Where, as a person would write it.",
        "days": "How far ahead.",
        "hours": "How far ahead.",
        "others": "Not for you.",
    }


@pytest.mark.parametrize("text", [None, "", "  \n "])
def test_no_docstring_says_nothing(text: str | None) -> None:
    assert docstrings.read(text) == docstrings.Docs()


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("Do it.", "Do it."),
        ("\n    Do it\n    well.\n\n    More.\n    ", "Do it well."),
        ("Do it.\n    :param x: The x.", "Do it."),
        ("Do it.\n    Args:\n        x: The x.", "Do it."),
        ("Do it.\n\n    Returns\n    -------\n    int", "Do it."),
        ("\n    Args:\n        x: The x.\n    ", ""),
        ("\n    Parameters\n    ----------\n    x : int\n        The x.\n    ", ""),
    ],
)
def test_the_summary_is_the_first_paragraph(text: str, summary: str) -> None:
    assert docstrings.read(text).summary == summary


def test_half_a_section_leaves_the_summary() -> None:
    assert docstrings.read("Do it.\n\nArgs:\n").summary == "Do it."
    assert docstrings.read("Do it.\n\n:param x\n:param: y").summary == "Do it."
