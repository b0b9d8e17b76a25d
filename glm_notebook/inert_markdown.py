"""Make a model's Markdown harmless, wherever it is rendered.

JupyterLab renders the outputs of an executed notebook as trusted: without a sanitiser, raw HTML included. GitHub,
nbconvert and VS Code read Markdown with other parsers, which disagree in corners on what is code, a link or a tag.
So nothing here relies on a sanitiser, nor on two parsers agreeing:

* Outside code nothing is left that any parser could take for a tag, an image, or a link to anything but the web, mail
  and the page itself. This holds for the text as such, whatever structure is read into it.
* Code is told from prose by markdown-it (CommonMark). Code that holds such characters is written in a form that stays
  code, or shows as the same text, if a parser takes its surroundings for something else.

What a reader sees is what markdown-it shows with HTML switched off, which is how the live view reads it. No I/O.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from html import unescape
from typing import TYPE_CHECKING

from glm_notebook.inert_text import IN_LINE, plain_block, reference, visible

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

PARSED_MAX = 200_000
"""Longest text that is parsed, in characters: half a second of work. A longer one is shown as plain text."""
NESTING_MAX = 40
"""Deepest nesting of quotes and lists, in markdown-it's count. Other parsers run out of stack on a thousand."""
STARS_MAX = 1000
"""Most runs of ``*`` or ``_`` in a paragraph. JupyterLab's parser needs four seconds for seven thousand."""
GROWTH_MAX = 4
"""How many times longer a text may become. Only one that consists of dollars and backticks does."""

# --- the whole ------------------------------------------------------------------------------------------------------


def inert(text: str) -> str:
    """Return Markdown that shows what the model's Markdown shows, and can do nothing.

    Parameters
    ----------
    text : str
        Markdown, from anyone.

    Returns
    -------
    str
        Markdown for any parser, with raw HTML on or off. Blank lines must stand before and after it.
    """
    text = visible(text).strip("\n")
    if len(text) <= PARSED_MAX:
        tokens = _parser().parse(text)
        if not any(_is_heavy(token) for token in tokens):
            written = _rewritten(text, tokens)
            if len(written) <= GROWTH_MAX * len(text) + 1000:
                return written
    return plain_block(text)


def _is_heavy(token: Token) -> bool:
    return token.level > NESTING_MAX or (
        token.type == "inline" and len(_STARS.findall(token.content)) > STARS_MAX
    )


def _rewritten(text: str, tokens: Sequence[Token]) -> str:
    page = _Page(text)
    cell = False
    for token in tokens:
        if token.type in ("fence", "code_block"):
            page.put(token, _code(page, token))
        elif token.type == "tr_open":
            page.put(token, _row(page, page.source(token)))
        elif token.type == "inline" and not cell:
            page.put(token, _spans(page, page.source(token)))
        cell = token.type in ("th_open", "td_open")
    return page.finish()


@cache
def _parser() -> MarkdownIt:
    """Return a parser of blocks. It is loaded when first needed."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 2 * NESTING_MAX})
    parser.enable("table").core.ruler.enableOnly(["normalize", "block"])
    return parser


class _Page:
    """The lines of a text, with its code taken out: a piece of code is kept aside, a number stands in its place."""

    def __init__(self, text: str) -> None:
        self._lines: list[str | None] = [*text.split("\n")]
        self._kept: list[str] = []

    def source(self, token: Token) -> str:
        first, end = token.map or (0, 0)
        return "\n".join(line or "" for line in self._lines[first:end])

    def put(self, token: Token, text: str) -> None:
        first, end = token.map or (0, 0)
        self._lines[first:end] = [text, *[None] * (end - first - 1)]

    def keep(self, code: str) -> str:
        self._kept.append(code)
        return f"\x01{len(self._kept) - 1}\x01"

    def finish(self) -> str:
        prose = "\n".join(line for line in self._lines if line is not None)
        prose = _BLANK_LINES.sub("\n\n", _prose(self, prose))
        return _KEPT.sub(lambda match: self._kept[int(match[1])], prose).strip("\n")


_STARS = re.compile(r"\*+|_+")
_BLANK_LINES = re.compile(r"\n{3,}")
_KEPT = re.compile("\x01([0-9]+)\x01")

# --- prose ----------------------------------------------------------------------------------------------------------

_URL = r"""(?: (?:https?://|mailto:|\#) (?:[\w.~:/?\#@!*+,=%&-] | \([\w.~:/?\#@!*+,=%&-]*\))* )"""
"""Where a link may lead. It holds no entity, no backslash and no dollar: JupyterLab puts formulas back after parsing,
into attributes too, quotes and all."""
_TITLE = r"""(?: [ \t]+ (?: "[^"\\$<>&`\n\x01]*" | '[^'"\\$<>&`\n\x01]*' ) )?"""
_AUTOLINK = (
    r"(?: (?:https?://(?![^\s<>]*/(?:on|style))|mailto:|[\w.+-]+@) [\w.~:/?\#@!*+,=%&-]+ > )"
)

_ACTIVE_FORMS = rf"""
    < (?! {_AUTOLINK}) (?= [A-Za-z/!?])
  | \] (?= \( (?! [ \t]* {_URL} {_TITLE} [ \t]* \)))
  | \] (?= : (?! [ \t]* {_URL} {_TITLE} [ \t]* (?: \Z | \n (?! [ \t>]* ["'(]))))
  | ! (?= \[)
  | (?<= ftp:/ ) / | (?<= xmpp ) : | (?<= / ) (?<! :/ ) (?<! [^\W_]/ ) / (?= \S)
  | @ (?= \\?@) | ~ (?= ~~)
"""
"""The character that must not stay: of a tag, a bad link, a bad link definition (or one whose title may follow), an
image, a bad link by itself, of ``@@1@@`` (where JupyterLab puts a formula back), and of a fence."""
_ACTIVE = re.compile(_ACTIVE_FORMS, re.X | re.I)
_MATH_BEGINS = re.compile(r"\$|\\begin\{|\\\\[(\[]", re.I)
_BACKSLASH = r"(?: (?<!\\)\\+ | &\#0*92; | &\#x0*5c; | &bsol; )"
_TEX_NAMES = "href|url|class|cssId|style|data|bbox|require|mmlToken|csname|def|let|include|html|unicode|newcommand"
_TEX_FORMS = rf"{_BACKSLASH} (?= {_TEX_NAMES})"
_TEX = re.compile(_TEX_FORMS, re.X | re.I)
"""What could make MathJax do more than set a formula, however its backslash is written."""

_FORMULA = r"""(?: [^$`\\\x01\n] | \\[^\x01] | \n (?! [ \t>]* (?: \n | \Z )) )*"""
"""What stands between dollars: no dollar, no code, no blank line."""
_PROSE = re.compile(
    rf"""
    (?P<tex> {_TEX_FORMS} )
  | (?P<math> (?<![\\$]) (?: \$\$ (?!\$) {_FORMULA} (?<!\\) \$\$ (?!\$)
                           | \$ (?![\s$]) {_FORMULA} (?<![\s\\]) \$ (?![\d$]) ) )
  | (?P<active> \\? (?: ` | (?<= \\\\ ) [(\[] | (?<= \\begin ) \{{ | ^ [ \t>]* : (?= [ \t]) | {_ACTIVE_FORMS} ))
  | (?P<dollar> \\? \$ )
  | (?P<escape> \\ [!-/:-@\[-`{{-~] )
  | (?P<stars> \*+ )
    """,
    re.X | re.I | re.M,
)
"""What is rewritten in prose, and what is passed over whole. Beside the active forms these are the marks with which
formulas and lists of definitions begin for nbconvert, which looks for their ends beyond code."""

_BARE_URL = re.compile(r"(?:https?://|www\.)\S*", re.I)
_IN_BARE_URL = re.compile(r"\$|\\(?=\\|begin)", re.I)
_LETTER = re.compile(r"&#(?:0*\d{2,3}|x0*[0-9a-f]{2});", re.I)
_MARK = r"[ \t>*+\d.)-]*"
_LABEL = re.compile(
    rf"""^ ({_MARK}) \[ (?! (?: \\. | [^\[\]\\\n] | \\?\n (?! {_MARK} (?: \n | \Z | \[ )) )* [\[\]] )""",
    re.X | re.M,
)
"""A line that begins with a bracket which its paragraph does not close before another such line. Marked, and mistune,
look for the end of a definition's label beyond code."""


def _prose(page: _Page, text: str) -> str:
    text = _LETTER.sub(_letter, text)
    text = _BARE_URL.sub(lambda url: _IN_BARE_URL.sub(lambda one: reference(one[0]), url[0]), text)
    lone = text.count("$") == 1
    emphasis = _Emphasis()

    def rewrite(match: re.Match[str]) -> str:
        kind = match.lastgroup
        if kind == "tex":  # however the name is read, it is none
            return f"{match[0]}\u200b"
        if kind == "math":
            formula = _formula(match)
            if formula:
                return page.keep(formula)
            return _PROSE.sub(rewrite, match[0].replace("$", "\x02")).replace("\x02", _DOLLAR)
        if kind == "active":
            return match[0][:-1].removesuffix("\\") + reference(match[0][-1])
        if kind == "dollar":
            return match[0] if lone else _DOLLAR
        return emphasis.write(match) if kind == "stars" else match[0]

    return _LABEL.sub(r"\1&#91;", _PROSE.sub(rewrite, text))


def _letter(match: re.Match[str]) -> str:
    """Write a letter that was written as a number: it could be of a TeX name."""
    letter = unescape(match[0])
    return letter if letter.isascii() and letter.isalnum() else match[0]


def _formula(match: re.Match[str]) -> str:
    """Return a formula without tags (none begins with ``< ``, and TeX does not mind the space), or "" if it is none."""
    first = not _MARKS.sub("", match.string[max(0, match.start() - 80) : match.start()])
    last = bool(_REST_OF_LINE.match(match.string, match.end()))
    display = match[0].startswith("$$")
    over_lines = "\n" in match[0] and (not (first and last) if display else "[" in match[0])
    if over_lines or not _is_balanced(match[0]):
        return ""
    formula = _TEX.sub(r"\g<0>" + "\u200b", _ACTIVE.sub(r"\g<0> ", match[0]))
    if display:
        return "\u200b" * (first and not last) + formula
    return formula.replace("\\\\[", "\\\\ [")


def _is_balanced(formula: str) -> bool:
    """Tell whether a formula ends where it seems to. JupyterLab counts braces, nbconvert looks for ends."""
    names = []
    depth = 0
    for match in _BRACES.finditer(formula):
        if match["begin"]:
            names.append(match["begin"])
        elif match["end"]:
            if not names or names.pop() != match["end"]:
                return False
        else:
            depth = max(0, depth + (1 if match[0] == "{" else -1))
    return not names and depth == 0


_BRACES = re.compile(
    r"\\begin\{(?P<begin>[a-z]*\*?)\}|\\end\{(?P<end>[a-z]*\*?)\}|(?<!\\)[{}]", re.I
)
_MARKS = re.compile(rf"(?:\A|(?s:.*)\n){_MARK}\Z")
_REST_OF_LINE = re.compile(r"[ \t]*(?:\n|\Z)")
_DOLLAR = "<span>&#36;</span>"
"""In an element of its own, MathJax does not pair it."""


class _Emphasis:
    """Lets emphasis begin and end between a Chinese letter and punctuation, where CommonMark sees no border of it.

    A space of no width takes the side of the punctuation.
    """

    def __init__(self) -> None:
        self._open: set[int] = set()
        self._seen = 0

    def write(self, match: re.Match[str]) -> str:
        text, (start, end) = match.string, match.span()
        if "\n" in text[self._seen : start]:
            self._open.clear()
        self._seen = end
        before, after = text[start - 1 : start] or "\n", text[end : end + 1] or "\n"
        if before.isspace() and after.isspace():
            return match[0]
        opens = end - start not in self._open
        self._open ^= {end - start}
        if before.isspace() or after.isspace() or not (_is_wide(before) or _is_wide(after)):
            return match[0]
        if opens:
            return match[0] + "\u200b" * (_is_mark(after) and not _is_mark(before))
        return "\u200b" * (_is_mark(before) and not _is_mark(after)) + match[0]


def _is_wide(one: str) -> bool:
    return unicodedata.east_asian_width(one) in "WF"


def _is_mark(one: str) -> bool:
    return one == "\x01" or unicodedata.category(one)[0] in "PS"


# --- code -----------------------------------------------------------------------------------------------------------

_WORD = re.compile(r"[A-Za-z][\w+#.-]{0,30}", re.ASCII)
_MISREAD = re.compile(r"\\\\[)\]]|\\end\{|@@[0-9]", re.I)
"""What JupyterLab, or nbconvert, may take for the end of a formula, or for the place of one, even between fences."""


def _is_risky(code: str) -> bool:
    return bool(_ACTIVE.search(code) or _MATH_BEGINS.search(code) or _TEX.search(code))


def _as_html(code: str) -> str:
    return f"<code>{code.translate(IN_LINE).replace('//', '/&#47;')}</code>"


def _as_block(code: str) -> str:
    """Write code as HTML on one line: a block to every parser, or at worst a line of text."""
    return f"<pre>{_as_html(code)}</pre>".replace("\n", "&#10;")


def _as_fence(token: Token) -> str:
    """Write code between fences that no parser can miss: at the margin, closed, longer than any inside."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", token.content)), default=0))
    code = token.content.removesuffix("\n") + "\n" if token.content else ""
    return f"{fence}{_language(token.info)}\n{code}{fence}"


def _language(info: str) -> str:
    """Return the name of a fence's language. JupyterLab writes the whole info string into its HTML as it is.

    nbconvert does so with the text of a mermaid block, and mermaid can load images.
    """
    word = _WORD.search(info)
    name = word[0] if word else ""
    return "text" if name.lower().startswith("mermaid") else name


def _code(page: _Page, token: Token) -> str:
    return _code_inside(page, token) if token.level else _code_at_margin(page, token)


def _code_at_margin(page: _Page, token: Token) -> str:
    code = _as_block(token.content) if _MISREAD.search(token.content) else _as_fence(token)
    return f"\n{page.keep(code)}\n"


def _code_inside(page: _Page, token: Token) -> str:
    """Keep code of a list or quote as it was written where nothing could come of it: parsers differ on its borders."""
    source = page.source(token)
    risky = _is_risky(source) or _LABEL.search(source)
    if not risky and (token.type == "code_block" or _is_clean(token, source)):
        return page.keep(source)
    return _margin(token, source.split("\n")[0]) + page.keep(_as_block(token.content))


def _is_clean(fence: Token, source: str) -> bool:
    last = source.split("\n")[-1].strip("> \t")
    closed = "\n" in source and last == fence.markup[0] * max(len(last), len(fence.markup))
    return closed and _language(fence.info) == fence.info.strip()


def _margin(token: Token, line: str) -> str:
    """Return what stands before code on its first line: the marks and indents of the lists and quotes around it."""
    if token.type == "fence":
        return line[: line.index(token.markup)]
    margin = line.removesuffix(token.content.split("\n")[0])
    return margin.removesuffix("\t" if margin.endswith("\t") else "    ")


_BACKTICKS = re.compile(r"(?<!\\)(\\*)(`+)")
_LINE_END = re.compile(r"\n[ \t>]*")
_PIPE = re.compile(r"(?<!\\)(\|)")


def _row(page: _Page, line: str) -> str:
    """Take the code spans out of a table's row: no span goes on in the next cell."""
    return "".join(one if one == "|" else _spans(page, one, cell=True) for one in _PIPE.split(line))


def _spans(page: _Page, text: str, *, cell: bool = False) -> str:
    """Take the code spans out of a paragraph, heading or cell."""
    pieces, done = [], 0
    for start, last, ticks in _pairs(text):
        code = _LINE_END.sub(" ", text[start + ticks : last - ticks])
        code = code.replace("\\|", "|") if cell else code
        pieces += [text[done:start], _span(page, text[start:last], code)]
        done = last
    return "".join(pieces) + text[done:]


def _span(page: _Page, source: str, code: str) -> str:
    if not (_is_risky(code) or "\n" in source or source.startswith("```")):
        return page.keep(source)
    if code.strip(" ") and code[0] == code[-1] == " ":
        code = code[1:-1]
    return page.keep(_as_html(code))


def _pairs(text: str) -> Iterator[tuple[int, int, int]]:
    """Yield the code spans of a text: start, end, and how many backticks stand at either."""
    runs = [(*match.span(2), len(match[1]) % 2) for match in _BACKTICKS.finditer(text)]
    by_length: dict[int, list[int]] = {}
    for index, (start, end, _) in enumerate(runs):
        by_length.setdefault(end - start, []).append(index)
    index = 0
    while index < len(runs):
        start, end, escaped = runs[index]
        start += escaped
        peers = by_length.get(end - start, [])
        following = bisect_right(peers, index)
        if following < len(peers):
            index = peers[following]
            yield start, runs[index][1], end - start
        index += 1
