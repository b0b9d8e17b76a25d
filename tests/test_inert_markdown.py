from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from nbconvert.filters.markdown_mistune import markdown2html_mistune

from glm_notebook.inert_markdown import GROWTH_MAX, PARSED_MAX, inert
from glm_notebook.inert_text import entities, plain_block, plain_lines, visible

HOSTILE: Mapping[str, str] = json.loads(
    (Path(__file__).parent / "data" / "hostile.json").read_text("utf-8")
)
FOOTER = "<p><small>footer</small></p>"

# --- parsers --------------------------------------------------------------------------------------------------------

COMMONMARK = MarkdownIt("commonmark", {"html": True})
GFM = MarkdownIt("gfm-like", {"html": True, "linkify": False})


def linkified(text: str) -> str:
    pytest.importorskip("linkify_it")
    return str(MarkdownIt("gfm-like", {"html": True}).render(text))


def jupyterlab(text: str) -> str:
    """As JupyterLab does it: formulas are taken out, put back into the HTML, and info strings are not escaped."""
    formulas: list[str] = []

    def keep(match: re.Match[str]) -> str:
        formulas.append(match[0] if match[0][0] == "@" else escape(match[0], quote=False))
        return f"@@{len(formulas) - 1}@@"

    pieces = r"@@\d+@@|(?<!\\)(\$\$?)(?:(?!\n\s*\n|\1).|\n(?!\s*\n))+?(?<!\\)\1"
    pieces += (
        r"|\\\\([(\[])(?:.|\n(?!\s*\n))*?\\\\[)\]]|\\begin\{(\w*)\}(?:.|\n(?!\s*\n))*?\\end\{\3\}"
    )
    fence = re.compile(r"^(`{3,})[^`\n]*\n(?:.*\n)*?\1`*$", re.M)
    fences = [match[0] for match in fence.finditer(text)]
    parts = [re.sub(pieces, keep, part) for part in fence.sub("\0", text).split("\0")]
    text = "".join(part + code for part, code in zip(parts, [*fences, ""], strict=True))
    html = LAB.render(text.replace("&#64;", "\ue000"))  # which marked does not decode
    html = re.sub(r"@@(\d+)@@", lambda match: formulas[int(match[1])], html)
    in_link = any(re.search(r"(?i)(?:https?://|www\.)[^\s<]*@@\d", part) for part in parts)
    return html + "<formula-in-a-bare-link>" * in_link  # marked takes all up to a space for it


def raw_fence(tokens: Any, index: int, *rest: Any) -> str:
    info = tokens[index].info.strip()
    if info == "mermaid":
        return "<mermaid></mermaid>"
    return f'<pre><code class="language-{info}">{escape(tokens[index].content)}</code></pre>'


LAB = MarkdownIt("gfm-like", {"html": True, "linkify": False})
LAB.add_render_rule("fence", lambda renderer, *rest: raw_fence(*rest))

PARSERS: Mapping[str, Callable[[str], str]] = {
    "commonmark": COMMONMARK.render,
    "gfm": GFM.render,
    "linkify": linkified,
    "nbconvert": markdown2html_mistune,
    "jupyterlab": jupyterlab,
}

# --- what HTML may do -----------------------------------------------------------------------------------------------

TAGS = {
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "em",
    "strong",
    "del",
    "s",
    "br",
    "hr",
    "span",
    "small",
    "a",
}
TAGS |= {"ul", "ol", "li", "dl", "dt", "dd", "blockquote", "pre", "code", "input", "div"}
TAGS |= {"table", "thead", "tbody", "tr", "th", "td"}
ATTRIBUTES = {
    "href": r"(?i)(?:https?://|mailto:|#).*",
    "title": r"[^<>]*",
    "class": r"[\w+#. -]*",
    "id": r"(?s).*",
    "start": r"\d+",
    "style": r"text-align: ?(?:left|right|center)",
    "type": "checkbox",
    "disabled": "",
    "checked": "",
}


class Harm(HTMLParser):
    """Collects what must not be in rendered HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.found.append(f"<{tag}>")
        self.found += [
            f"{tag} {name}={value}"
            for name, value in attrs
            if not re.fullmatch(ATTRIBUTES.get(name, r"(?!)"), value or "")
        ]

    def handle_comment(self, data: str) -> None:
        self.found.append(f"comment {data}")

    def handle_decl(self, decl: str) -> None:
        self.found.append(f"declaration {decl}")

    def handle_pi(self, data: str) -> None:
        self.found.append(f"instruction {data}")

    def unknown_decl(self, data: str) -> None:
        self.found.append(f"declaration {data}")


def harm(html: str) -> list[str]:
    parser = Harm()
    parser.feed(html)
    parser.close()
    return parser.found


def assert_inert(text: str, parser: str) -> None:
    written = f"{inert(text)}\n\n{FOOTER}\n"
    html = PARSERS[parser](written)
    assert harm(html) == [], written
    assert FOOTER in html, f"the footer is swallowed: {written!r}"


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_hostile_does_anything(name: str, parser: str) -> None:
    assert_inert(HOSTILE[name], parser)


@pytest.mark.parametrize("parser", PARSERS)
def test_not_even_all_of_it_together(parser: str) -> None:
    shallow = [text for name, text in HOSTILE.items() if not name.startswith("very deep")]
    assert_inert("\n\n".join(shallow), parser)
    assert_inert("\n".join(shallow), parser)


@pytest.mark.parametrize("name", [name for name in HOSTILE if not name.startswith("very deep")])
@pytest.mark.parametrize(
    "around", ["- {}", "> {}", "1. a\n   {}", "$ {} $", "`{}", "[a]({}", "<!-- {}"]
)
def test_nothing_hostile_does_anything_inside_of_something(name: str, around: str) -> None:
    for parser in ("commonmark", "nbconvert", "jupyterlab"):
        assert_inert(around.format(HOSTILE[name]), parser)


ATOMS = [
    *"<>[]()!`$\\\"'@|*_#&-:/ \t\n\n\n=~{}a中，“”",
    "\n\n",
    "\n    ",
    "\n  ",
    "- ",
    "1. ",
    "> ",
]
ATOMS += [
    "```",
    "~~~",
    "```html\n",
    '```x"><img src=x onerror=alert(1)>\n',
    "``",
    "$$",
    "\\\\",
    "![",
    "[a](",
]
ATOMS += [
    "<script>",
    "</p>",
    "<img src=x onerror=alert(1)>",
    "<!--",
    "-->",
    "<?",
    "<![CDATA[",
    "<svg/onload=1>",
]
ATOMS += [
    "javascript:alert(1)",
    "https://a.b",
    "<https://a.b>",
    "www.a.b",
    "ftp://a.b",
    "[a](https://a.b)",
    "[x]: ",
]
ATOMS += [
    "\\begin{a}",
    "\\end{a}",
    "\\href{javascript:1}{x}",
    '$" onmouseover=alert(1) $',
    " onmouseover=alert(1) ",
]
ATOMS += ["]: x", "\n[", "$[", "]$", "$}$", "${$", "\n: a", "$\\begin{a}$", "\n[a]: https://b.c"]
ATOMS += [
    f"\n\n```\n{end}\n<img src=x onerror=alert(1)>\n```\n\n"
    for end in ("", "]: x", "\\\\]", "$$", '"\n')
]
ATOMS += [
    "@@0@@",
    "@\\@0@@",
    "&lt;",
    "&#60;",
    "|-|-|\n",
    "| a | b |\n",
    "\n---\n",
    ": a",
    "~T",
    "~D",
    "mermaid\n",
]
ATOMS += [
    "\x1b[31m",
    "\u202e",
    "\0",
    "</pre>",
    "</code>",
    "<pre>",
    "<a href=x>",
    "x<y",
    "\\\\(",
    "\\\\)",
    "\\\\[",
]


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(st.lists(st.sampled_from(ATOMS), max_size=40).map("".join))
def test_nothing_at_all_does_anything(text: str) -> None:
    for parser in PARSERS:
        assert_inert(text, parser)


@pytest.mark.parametrize("name", [name for name in HOSTILE if name.startswith("TeX")])
@pytest.mark.parametrize("parser", PARSERS)
def test_no_tex_name_is_left_that_does_more_than_set_formulas(name: str, parser: str) -> None:
    """MathJax reads what a page shows, however it was written."""
    text = unescape(re.sub(r"<[^>]*>", "", PARSERS[parser](inert(HOSTILE[name]))))
    assert not re.search(r"\\(?:href|style|class|cssId|require|unicode|csname|let|def)", text)


# --- what a reader sees ---------------------------------------------------------------------------------------------

ORDINARY = {
    "headings": "# One\n\n## Two `x`\n\nThree\n===\n\ntext\n\nFour\n----\n\n###### Six ######",
    "emphasis": "*a* **b** ***c*** _d_ __e__ ~~f~~ snake_case 2*3*4",
    "nested lists": "- a\n  - b\n    1. c\n    2. d\n- e\n\n  more\n\n3. x\n4. y",
    "loose list": "1. a\n\n   b\n\n2. c\n\n   > d",
    "task list": "- [x] done\n- [ ] to do",
    "table": "| a | b |\n|:--|--:|\n| `x` | **y** |\n| 1 < 2 | a \\| b |\n| `p \\| q` | `<p \\| q>` |",
    "quote": "> a\n> b\n>\n> > c\nlazy",
    "links": "[a](https://a.example/x_(y)?q=1&r=2#s) <https://b.example> [c](#part) [d](mailto:a@b.example)",
    "link with a title": '[a](https://a.example "The title")',
    "reference links": "[a], [b][a] and [c][]\n\n[a]: https://a.example\n[c]: https://c.example 'x'",
    "python": "Run:\n\n```python\nif a < b and c > d:\n    print(f'<b>{x!r}</b>')  # & so on\n```\n\nDone.",
    "html": '```html\n<div class="x">\n  <script>alert(1)</script>\n</div>\n```',
    "bash": '```bash\ncat < in.txt > out.txt && echo "$HOME" $(date) `ls`\n```',
    "javascript": "```js\nconst t = `<p>${a}</p>`; // $5\nf[a](b);\n```",
    "fences without a blank line": "a\n```\n<b>\n```\nb\n~~~c++\nx\n~~~",
    "fence in a list": "1. a\n   ```python\n   x\n\n   y\n   ```\n2. b\n   ```html\n   <p>\n     x\n   ```\n3. c",
    "fence in a quote": "> ```\n> <b>\n> ```\n> after",
    "fence in a nested list": "- a\n  - b\n\n    ```html\n    <b>\n    ```\n\n    c\n- d",
    "fence that begins an item": "- ```html\n  <b>\n  ```\n- b",
    "indented code": "a\n\n    <b>\n      c\n\nd\n\n    x",
    "indented code in a list": "- a\n\n      <b>\n\n  c",
    "empty fence": "```\n```\n\na",
    "blank lines in a fence": "```\n\na\n\n\n```",
    "inline code": "Use `Vec<T>`, `` a`b ``, `a[0](x)`, ` x `, `$HOME`, `a && b` and ``` `` ```.",
    "inline code over lines": "a `b\nc` d `<b>\nc`",
    "backticks": "a ` b `` c \\` d",
    "backticks over cells": "| a ` b | c ` d |\n|---|---|\n| `<e | f>` |",
    "html in prose": "The <div> element, a<b, x < y, List<int>, <-, <3, &lt;b&gt;, &amp;, © &copy;",
    "html lines": "<div>\n\n**bold**\n\n</div>",
    "escapes": "\\*a\\* \\<b> \\[c\\] \\# \\!\\[d\\] \\\\",
    "formulas": "Mass $E=mc^2$, $a \\le b$ and\n\n$$\n\\int_0^1 x\\,dx\n$$\n\nend",
    "dollars": "It costs $5 or $6, \\$7, US$8.",
    "breaks": "a  \nb\\\nc\n\n---\n\n***",
    "brackets": "[note]: this is text\n\narr[0]: first, [1] [x] []",
    "chinese": "# 标题\n\n**中文**加粗，*斜体*。\n\n1. 第一\n2. 第二：`代码<T>`\n\n> 引用\n\n| 列 |\n|---|\n| 甲 |",
    "at signs": "a@b.example @user @@ -1,5 +1,7 @@ \\@",
    "tildes": "~ ~~a~~ ~/x",
    "urls": "See https://a.example/b_c?d=e&f=g#h, or http://x.example.",
    "comment": "a <!-- b --> c",
}


class Shown(HTMLParser):
    """Collects tags and texts, as a reader would see them."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "span":
            self.seen.append(f"<{tag} {dict(attrs).get('href') or ''}>")

    def handle_endtag(self, tag: str) -> None:
        if tag != "span":
            self.seen.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.seen.append(unescape(data).replace("\u200b", ""))


def shown(html: str) -> str:
    parser = Shown()
    parser.feed(html)
    parser.close()
    return re.sub(r"\s+", " ", re.sub(r"\s*(<[^>]*>)\s*", r"\1", "".join(parser.seen)))


def code_of(html: str) -> list[str]:
    return [
        unescape(one).rstrip("\n") for one in re.findall(r"(?s)<pre><code[^>]*>(.*?)</code>", html)
    ]


LIVE = MarkdownIt("gfm-like", {"html": False, "linkify": False})


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_markdown_shows_the_same(name: str) -> None:
    live, settled = LIVE.render(ORDINARY[name]), GFM.render(inert(ORDINARY[name]))
    assert shown(settled) == shown(live)
    assert code_of(settled) == code_of(live)


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_markdown_is_harmless_too(name: str) -> None:
    for parser in PARSERS:
        assert_inert(ORDINARY[name], parser)


def test_all_of_it_together_shows_the_same() -> None:
    text = "\n\n<!-- -->\n\n".join(ORDINARY.values())
    assert shown(GFM.render(inert(text))) == shown(LIVE.render(text))


@pytest.mark.parametrize(
    "name", ["python", "html", "bash", "javascript", "chinese", "formulas", "headings"]
)
def test_what_needs_no_change_stays_as_it_is_written(name: str) -> None:
    text = ORDINARY[name].replace("`代码<T>`", "`代码`")
    assert inert(text) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("<b>", "&lt;b>"),
        ("`<b>`", "<code>&lt;b&gt;</code>"),
        ("$a<b$", "$a< b$"),
        ("![x](https://a.example)", "&#33;[x](https://a.example)"),
        ("<https://a.example/b>", "<https://a.example/b>"),
        ("<https://a.example/onx=1>", "&lt;https://a.example/onx=1>"),
        ("a [x](y.html)", "a [x&#93;(y.html)"),
        ("a $5 b $6", "a <span>&#36;</span>5 b <span>&#36;</span>6"),
        ("only $5", "only $5"),
        ("```a b\nx", "```a\nx\n```"),
        ("~~~\n```\n~~~", "````\n```\n````"),
        ("```mermaid\nx\n```", "```text\nx\n```"),
        ("- ```\n  <b>\n  ```", "- <pre><code>&lt;b&gt;&#10;</code></pre>"),
        (
            "text $$\nx\n$$",
            "text <span>&#36;</span><span>&#36;</span>\nx\n<span>&#36;</span><span>&#36;</span>",
        ),
        ("$$x$$.", "\u200b$$x$$."),
        ("a \\\\[x", "a \\\\&#91;x"),
        ("\\begin{a}", "\\begin&#123;a}"),
        ("a\n: b", "a\n&#58; b"),
        ("a $x{$ b", "a <span>&#36;</span>x{<span>&#36;</span> b"),
        ("$\\begin{a}$", "<span>&#36;</span>\\begin&#123;a}<span>&#36;</span>"),
        ("$\\begin{a}x\\end{a}$", "$\\begin{a}x\\end{a}$"),
        ("x $a\n[b$", "x <span>&#36;</span>a\n&#91;b<span>&#36;</span>"),
        ("[a $]$", "&#91;a $]$"),
        ("[a\n[b](#c)", "&#91;a\n[b](#c)"),
        ("- ```\n  [\n  ```", "- <pre><code>&#91;&#10;</code></pre>"),
        ("- ```\n  [\n  ]\n  ```", "- ```\n  [\n  ]\n  ```"),
        ("", ""),
        ("\n\na\n\n", "a"),
    ],
)
def test_what_is_written(text: str, written: str) -> None:
    assert inert(text) == written


@pytest.mark.parametrize(
    "text",
    [
        "**“用量”、**错误",
        "错误**“用量”**",
        "中文**（注）**中文",
        "**中文。**中文",
        "**注：**`x`",
        "**`用量`**错误",
    ],
)
def test_chinese_punctuation_does_not_keep_emphasis_from_closing(text: str) -> None:
    html = GFM.render(inert(text))
    assert "<strong>" in html
    assert "**" not in html


@pytest.mark.parametrize("text", ["a **b** c", "2 * 3", "**a.** b", "中 ** 文", "`**“a”**中`"])
def test_emphasis_that_is_right_is_left_alone(text: str) -> None:
    assert inert(text) == text


# --- limits ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "a " * (PARSED_MAX // 2 + 1),
        "> " * 60 + "x",
        "\n".join("  " * depth + "- x" for depth in range(60)),
        "*a " * 2000,
        "$" * 2000,
    ],
    ids=["long", "deep quotes", "deep lists", "many stars", "all dollars"],
)
def test_what_would_hang_a_reader_is_shown_as_text(text: str) -> None:
    assert inert(text) == plain_block(text.strip("\n"))


LONG = [
    "`",
    "`a``b",
    "\\",
    "\\`",
    "$",
    "$a ",
    "$$ ",
    "[",
    "![",
    "<",
    "<https://",
    '](# "',
    "*",
    "_",
    "~~~",
    "@",
]
LONG += [
    "&#97;",
    "\\href",
    "https://a",
    "|",
    "\\begin{a}",
    "\x1b[",
    "\x1b]",
    "](https://a(b",
    "> ",
    "- ",
    "[a]:\n",
]
LONG += [
    "中**“",
    "```\n",
    "- ```\n",
    "|a|b|\n|-|-|\n",
    "$a\n\n",
    "$$a$$ b",
    "- a\n  - b\n",
    "\t",
    "a@b.c ",
    "/",
]


@pytest.mark.parametrize("piece", LONG)
def test_a_long_text_takes_time_in_proportion(piece: str) -> None:
    text = (piece * 40_000)[:40_000]
    start = perf_counter()
    written = inert(text)
    assert perf_counter() - start < 2  # a tenth of it, where nothing else runs
    assert len(written) <= (GROWTH_MAX + 4) * len(text)


def test_the_largest_answer_is_settled_at_once() -> None:
    text = "\n\n".join(ORDINARY.values())
    text = (text + "\n\n") * (70_000 // len(text))
    start = perf_counter()
    written = inert(text)
    assert perf_counter() - start < 1  # measured: 0.1 s
    assert len(written) < 1.5 * len(text)


# --- plain text -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\x1b[31mb\x1b[0m", "ab"),
        ("a\x1b]8;;http://x\x07b", "ab"),
        ("a\0b\x08", "a␀b␈"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\u202ea", "⟨U+202E⟩a"),
        ("\ud83d", "\ufffd"),
        ("a\u2028b", "a b"),
        ("标题\t<b>", "标题\t<b>"),
    ],
)
def test_what_works_unseen_is_made_visible(text: str, seen: str) -> None:
    assert visible(text) == seen


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_plain_block_shows_any_text_as_it_is(name: str, parser: str) -> None:
    html = PARSERS[parser](f"{plain_block(HOSTILE[name])}\n\n{FOOTER}\n")
    assert harm(html) == []
    assert FOOTER in html
    text = re.sub(r"\s+", "", unescape(re.sub(r"<[^>]*>", "", html.replace(FOOTER, ""))))
    assert text == re.sub(r"\s+", "", visible(HOSTILE[name]))


def test_plain_lines_keep_lines_and_indents_and_hold_no_blank_line() -> None:
    assert plain_lines("\na\n  b\n\nc\n") == "a<br>\u00a0\u00a0b<br><br>\nc"


def test_entities_hold_no_line_end() -> None:
    assert entities("a\n<b> & $x$") == "a&#10;&lt;b&gt; &amp; &#36;x&#36;"


def test_importing_it_does_not_import_a_parser() -> None:
    code = "import sys, glm_notebook.inert_markdown; sys.exit('markdown_it' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
