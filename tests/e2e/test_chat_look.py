"""How the chat looks and is reached: themes, widths, languages, both writing directions, and what axe finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import Open
from tests.e2e.lab import ROOT, Notebook, Server, write_notebook
from tests.e2e.test_chat import ANSWERING, CHAT, opened
from tests.e2e.test_chat_record import ask

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

AXE = ROOT / "js" / "node_modules" / "axe-core" / "axe.min.js"
THEMES = ("JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast")
TOOL = (
    "import glm_notebook\nfrom glm_notebook import ChatWidget\n"
    "@glm_notebook.tool(approve=True)\ndef drop(column: str) -> str:\n"
    "    '''Drop a column.'''\n    return f'{column} is gone'\n"
)


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong in the chats of a page, as it looks now."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(
        """async () => { const { violations, passes } = await axe.run('.glm-chat',
            { rules: { region: { enabled: false } } });
            if (passes.length < 10) throw new Error('axe has looked at nothing');
            return violations; }"""
    )
    return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]


UseTheme = Callable[[Notebook, str], None]


@pytest.fixture
def themed() -> Iterator[UseTheme]:
    """Use another theme, which all pages share, for as long as a test runs."""
    books = []

    def use(book: Notebook, theme: str) -> None:
        books.append(book)
        use_theme(book, theme)

    yield use
    for book in books[:1]:
        use_theme(book, THEMES[0])


def use_theme(book: Notebook, theme: str) -> None:
    book.page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme
    )
    light = "true" if theme.endswith("Light") else "false"
    expect(book.page.locator("body")).to_have_attribute("data-jp-theme-light", light)
    expect(book.page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
    expect(book.page.locator("#jupyterlab-splash")).to_have_count(0)


def cut_off(view: Locator) -> list[str]:
    """Return what of the chat is cut off at its sides."""
    cut: list[str] = view.evaluate(
        """root => [...root.querySelectorAll('button, input, select, textarea, .glm-prompt')]
            .filter(one => one.checkVisibility() && !one.closest('.glm-announcer')).filter(one => {
                const box = one.getBoundingClientRect(), { left, right } = root.getBoundingClientRect();
                return box.left < left - 1 || box.right > right + 1; })
            .map(one => `${one.outerHTML} ${one.getBoundingClientRect().left} ${root.getBoundingClientRect().left}`)"""
    )
    return cut


@pytest.mark.parametrize("theme", THEMES)
def test_nothing_is_wrong_in_any_theme_and_state(
    notebook: Open, themed: UseTheme, theme: str
) -> None:
    book = notebook(TOOL + "chat = ChatWidget(tools=[drop])\nchat")
    themed(book, theme)
    book.page.set_viewport_size({"width": 1200, "height": 1000})
    view, area = opened(book)
    name = theme.removeprefix("JupyterLab ").replace(" ", "-").lower()
    assert violations(book.page) == []
    ask(area, view, "show mathematics and code")
    expect(view.locator(".katex").first).to_be_visible()
    expect(view.locator(".glm-code-keyword").first).to_be_visible()
    view.locator(".glm-exchange").hover()
    assert violations(book.page) == []
    book.shot(f"chat-mathematics-{name}")
    area.fill("drop a column")
    area.press("Enter")
    expect(view.get_by_role("button", name="Approve", exact=True)).to_be_visible()
    area.fill("Who are you?")
    area.press("Enter")
    expect(view.locator(".glm-queue li")).to_have_count(1)
    assert violations(book.page) == []
    book.shot(f"chat-approval-{name}")
    view.get_by_role("button", name="Approve", exact=True).click()
    expect(view.locator(".glm-queue li")).to_have_count(0)
    expect(view.locator(".glm-footer").last).to_contain_text("stop", timeout=30_000)
    area.fill("refuse the key")
    area.press("Enter")
    expect(view.get_by_role("alert")).to_contain_text("401")
    view.get_by_role("button", name="Settings").click()
    assert violations(book.page) == []
    book.shot(f"chat-settings-{name}")


def test_in_chinese_at_400_pixels_nothing_is_cut_off(notebook: Open, themed: UseTheme) -> None:
    book = notebook("from glm_notebook import ChatWidget\nchat = ChatWidget(language='zh')\nchat")
    book.page.set_viewport_size({"width": 520, "height": 900})
    view = book.output(0).locator(".glm-chat")
    book.start(0)
    area = view.get_by_role("textbox", name="提问")
    expect(area).to_be_visible()
    view.evaluate("root => { root.parentElement.style.width = '400px'; }")
    area.fill("你是谁？")
    area.press("Enter")
    expect(view.locator(".glm-footer").last).to_contain_text("stop", timeout=30_000)
    view.locator(".glm-exchange").hover()
    assert cut_off(view) == []
    assert violations(book.page) == []
    book.shot("chat-narrow-chinese-light")
    view.get_by_role("button", name="设置").click()
    assert cut_off(view) == []
    themed(book, "JupyterLab Dark")
    book.shot("chat-narrow-chinese-dark")


def test_right_to_left_prompts_and_answers_read_from_the_right(notebook: Open) -> None:
    book = notebook(CHAT)
    view, area = opened(book)
    ask(area, view, "اكتب بالعربية")
    sides = "one => getComputedStyle(one).direction"
    assert view.locator(".glm-prompt").evaluate(sides) == "rtl"
    assert view.locator(".glm-answer p").first.evaluate(sides) == "rtl"
    assert view.locator(".glm-answer li").first.evaluate(sides) == "rtl"
    area.fill("مرحبا")
    assert area.evaluate(sides) == "rtl"
    book.shot("chat-rtl-light")


@pytest.fixture
def still(browser: Browser, server: Server) -> Iterator[Notebook]:
    """Open a notebook in a page that wants little motion, and forces its colours."""
    context = browser.new_context(
        viewport={"width": 1000, "height": 800}, reduced_motion="reduce", forced_colors="active"
    )
    write_notebook(server.folder / "still.ipynb", CHAT)
    yield Notebook(context.new_page(), server, "still.ipynb").open()
    context.close()


def test_reduced_motion_and_forced_colours_are_respected(still: Notebook) -> None:
    view, area = opened(still)
    ask(area, view, "Who are you?")
    view.locator(".glm-exchange").hover()
    moving = view.evaluate(
        """root => [...root.querySelectorAll('*')].filter(one => { const style = getComputedStyle(one);
            return parseFloat(style.transitionDuration) > 0 || parseFloat(style.animationDuration) > 0; })
            .map(one => one.className)"""
    )
    assert moving == []
    assert (
        view.locator(".glm-prompt").evaluate("one => getComputedStyle(one).borderTopStyle")
        == "solid"
    )
    still.shot("chat-forced-colors")


def test_it_follows_the_end_until_the_reader_scrolls_up(notebook: Open) -> None:
    book = notebook(CHAT)
    view, area = opened(book)
    area.fill("go on for long")
    area.press("Enter")
    expect(view).to_contain_text(ANSWERING)
    scroller = view.locator(".glm-scroller")
    at_end = "one => one.scrollHeight - one.scrollTop - one.clientHeight < 8"
    book.page.wait_for_function(
        "() => { const one = document.querySelector('.glm-scroller');"
        " return one.scrollHeight > one.clientHeight + 300; }"
    )
    assert scroller.evaluate(at_end)
    scroller.hover()
    book.page.mouse.wheel(0, -400)
    latest = view.get_by_role("button", name="Jump to latest")
    expect(latest).to_be_visible()
    top = scroller.evaluate("one => one.scrollTop")
    book.page.wait_for_function(
        """([before]) => document.querySelector('.glm-scroller').scrollHeight > before + 200""",
        arg=[scroller.evaluate("one => one.scrollHeight")],
    )
    assert scroller.evaluate("one => one.scrollTop") == top
    latest.click()
    expect(latest).to_be_hidden()
    book.page.wait_for_function(f"() => ({at_end})(document.querySelector('.glm-scroller'))")
    area.press("Escape")


def test_every_action_is_reached_by_the_keyboard(notebook: Open) -> None:
    book = notebook(CHAT)
    view, area = opened(book)
    ask(area, view, "Who are you?")
    names: list[str] = []
    view.locator(".glm-scroller").focus()
    for _ in range(30):
        book.page.keyboard.press("Tab")
        name: str = book.page.evaluate(
            """() => { const one = document.activeElement;
                if (!one.closest('.glm-chat')) return '';
                return one.ariaLabel || one.labels?.[0]?.innerText || one.innerText; }"""
        )
        if not name:
            break
        names.append(name.strip())
    for wanted in ("Copy prompt", "Edit prompt", "Delete prompt and answer", "Copy answer",
                   "Regenerate", "Prompt", "Model", "Thinking", "Tools", "Settings", "Export"):  # fmt: skip
        assert any(wanted in name for name in names), (wanted, names)


def test_what_is_heavy_comes_from_the_kernel_and_no_request_leaves_the_page(notebook: Open) -> None:
    book = notebook(CHAT)
    asked: list[str] = []
    view, area = opened(book)
    book.page.on("request", lambda request: asked.append(request.url))
    ask(area, view, "show mathematics and code")
    expect(view.locator(".katex").first).to_be_visible()
    local = book.server.url
    assert [url for url in asked if not url.startswith((local, "blob:", "data:"))] == []
    assert not [url for url in asked if Path(url).suffix in (".woff2", ".woff", ".ttf")]
