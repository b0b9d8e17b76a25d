"""What a prompt refers to, and what the model is sent of it."""

from __future__ import annotations

import re
import time
from html import unescape
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glm_notebook.attachment import EXCERPT_MAX, Attachment, compose
from glm_notebook.references import expressions, normal, resolve
from tests.test_inert_markdown import COMMONMARK

TABLE = Attachment("df", "a,b\n1,2", "DataFrame 1 × 2")


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ("What is in {{ df }}?", ["df"]),
        ("{{df}} and {{  df  }} and {{ y }}", ["df", "y"]),
        ("请看{{ 数据 }}的第一行", ["数据"]),
        ("{{ model.coef_ }} {{ rows['a'][0] }} {{ x[-1] }} {{ x[1:-2] }}", None),
        ("{{ df['a'] }} {{ df[\"a\"] }}", ["df['a']"]),
        ("{{ df['a}}b'] }} {{ df['it\\'s'] }}", ["df['a}}b']", "df['it\\'s']"]),
        ("a ` and {{ df }}", ["df"]),
        ("```\n{{ no }}\n```\n{{ df }}", ["df"]),
        ("> ~~~ jinja\n> {{ no }}\n> ~~~\n{{ df }}", ["df"]),
        ("````\n```\n{{ no }}\n````\n{{ df }}", ["df"]),
        ("```\n{{ no }}\n``` not the end\n{{ no }}", []),
        ("`{{ no }}` and ``a ` {{ no }}`` and {{ df }}", ["df"]),
        ("`open\n\n{{ df }}`", ["df"]),
        (r"\frac{{a}}{{b}} x^{{a}} x_{{a}} \sqrt[3]{{a}} ${{ github.ref }}", []),
        ("{% for a in b %}{{ a }}{% endfor %} {{ a|upper }} {{{ a }}}", []),
        ("f\"{{a}}\" rf'{{a}} and {{b}}' f'\\'{{a}}'", []),
        ("{{ f() }} {{ a + b }} {{ [a] }} {{ 1 }} {{ }} {{ a b }} {{ a\n}} {{ 'a' }}", []),
        ("{{ a.__class__ }} {{ __name__ }} {{ a.__dict__['x'] }}", []),
        ("{{ a[b] }} {{ a[1.5] }} {{ a[1, 2] }} {{ a[f()] }} {{ a[True] }} {{ a[b'x'] }}", []),
        ("{{ a['x' * 9] }} {{ (a := 1) }} {{ a[:f()] }} {{ lambda: 1 }} {{ a.b() }}", []),
        ("{{ a" + ".b" * 500 + " }}", []),
    ],
)
def test_what_is_a_reference(prompt: str, found: list[str] | None) -> None:
    if found is None:
        found = [one.strip() for one in re.findall(r"\{\{(.+?)\}\}", prompt)]
    assert expressions(prompt) == found


@pytest.mark.parametrize(
    "piece",
    ["`", "` `` ", "{{ ", '{{ "', "f'", "```\n", "> ", "\n", "`\n", "{{a['", "{{ a }}", "~~~"],
)
def test_a_long_prompt_is_read_in_no_time(piece: str) -> None:
    began = time.perf_counter()
    expressions(piece * (100_000 // len(piece)))
    assert time.perf_counter() - began < 2


def test_one_thing_has_one_form() -> None:
    assert normal("df['a']") == normal(' df["a"]'.strip()) == normal("df [ 'a' ]")
    assert normal("df()") == ""


def test_what_a_reference_stands_for() -> None:
    namespace = {"a": {"x": [1, 2, 3]}, "t": SimpleNamespace(tag="tag")}
    assert resolve('a["x"][-1]', namespace) == 3
    assert resolve('a["x"][:2]', namespace) == [1, 2]
    assert resolve("t.tag", namespace) == "tag"


@pytest.mark.parametrize("expression", ["b", "a['y']", "a.x", "a[9]", "len", "a()", "", "a["])
def test_what_there_is_not(expression: str) -> None:
    with pytest.raises(LookupError):
        resolve(expression, {"a": {"x": 1}})


def test_without_attachments_the_prompt_is_sent_as_it_is() -> None:
    prompt = "  {{ df }} \r\n<attachment>\n"
    assert compose(prompt, ()) is prompt


def test_the_name_stands_in_the_prompt_and_the_text_below() -> None:
    prompt = "How is {{ df }}, unlike {{df}}, `{{ df }}` and {{ other }}?"
    assert compose(prompt, [TABLE]) == (
        "How is `df`, unlike `df`, `{{ df }}` and {{ other }}?\n\n"
        '<attachment name="df" kind="DataFrame 1 × 2">\na,b\n1,2\n</attachment>'
    )


def test_a_name_with_backticks_is_code_all_the_same() -> None:
    attached = [Attachment("df['a`b']", "1", "int")]
    assert compose('{{ df["a`b"] }}', attached).startswith('``df["a`b"]``\n')


def test_a_file_is_no_variable() -> None:
    composed = compose("{{ df }}", [Attachment("df", "text\n")])
    assert composed == '{{ df }}\n\n<attachment name="df" kind="file">\ntext\n</attachment>'


def test_names_and_kinds_cannot_leave_their_attributes() -> None:
    composed = compose("", [Attachment('a" kind="x>\n</attachment>', "1", "<b>'&")])
    (token,) = COMMONMARK.parseInline(composed.strip().split("\n")[0])
    start = token.children[0].content if token.children else ""
    values = [unescape(one) for one in re.findall(r'"([^"<>]*)"', start)]
    assert values == ['a" kind="x> </attachment>', "<b>'&"]


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("</attachment>", "attachment-2"),
        ("< / ATTACHMENT >", "attachment-2"),
        ("<attachment name='x'>", "attachment-2"),
        ("</attachment></attachment-2><attachment-3", "attachment-4"),
        ("</attachment-2>", "attachment"),
        ("an attachment", "attachment"),
    ],
)
def test_a_text_cannot_end_its_own_tags(text: str, tag: str) -> None:
    composed = compose("", [TABLE, Attachment("x", text)])
    assert composed.count(f"\n</{tag}>") == composed.count(f"<{tag} name=") == 2
    assert compose(text, [TABLE]).count(f"</{tag}>") == 1


@given(st.lists(st.text("</atchmen>- 23\n\"'"), min_size=1))
def test_no_texts_at_all_can(texts: list[str]) -> None:
    composed = compose("?", [Attachment("n", text) for text in texts])
    tag = composed.rpartition("</")[2].removesuffix(">")
    read = re.findall(rf'<{tag} name="n" kind="file">\n(.*?\n?)</{tag}>', composed, re.S)
    assert [one.removesuffix("\n") for one in read] == [one.removesuffix("\n") for one in texts]


def test_what_a_page_shows_of_it() -> None:
    wire = Attachment("a.txt", "字" * 3000).to_wire()
    excerpt = "字" * EXCERPT_MAX
    assert wire == {"name": "a.txt", "kind": "file", "tokens": 3000, "excerpt": excerpt}
