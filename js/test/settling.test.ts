import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { spreadTypesetting, typesetterOf } from "../src/settling.ts";

/** What MathJax and JupyterLab do, as far as it matters here. */
class Page {
  readonly area = document.body.appendChild(document.createElement("div"));
  readonly view = document.createElement("div");
  readonly host = document.createElement("div");
  /** How many blocks each call has typeset. */
  readonly slices: number[] = [];
  readonly typesetter = { typeset: (host: HTMLElement) => this.#typeset(host) };
  fails = false;

  constructor() {
    this.area.className = "jp-OutputArea";
    this.area.append(this.view);
    this.host.className = "jp-RenderedMarkdown";
  }

  /** Put Markdown where the view was, as JupyterLab does: it typesets at the end of a chain of promises. */
  async settle(html: string): Promise<void> {
    this.view.remove();
    this.area.append(this.host);
    await Promise.resolve();
    this.host.innerHTML = html;
    await Promise.resolve();
    await this.typesetter.typeset(this.host);
  }

  async #typeset(host: HTMLElement): Promise<void> {
    await Promise.resolve();
    if (this.fails) throw new Error("no fonts");
    const shown = [...host.children].filter(
      (block) => !block.classList.contains("mathjax_ignore") && block.textContent?.includes("$"),
    );
    for (const block of shown) block.textContent = "set";
    this.slices.push(shown.length);
  }
}

const BLOCKS = "<p>a $x$</p>".repeat(50);

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
  document.body.replaceChildren();
});

test("formulas are typeset some at a time, and all of them", async () => {
  const page = new Page();
  spreadTypesetting(page.view, page.typesetter);
  await page.settle(`${BLOCKS}<p class="mathjax_ignore">a $y$</p>`);
  expect(page.slices).toEqual([0]);
  await vi.runAllTimersAsync();
  expect(page.slices).toEqual([0, 4, 8, 16, 22]);
  expect(page.host.innerHTML).toBe(`${"<p>set</p>".repeat(50)}<p class="mathjax_ignore">a $y$</p>`);
});

test("where typesetting fails, no block stays hidden from the next one", async () => {
  const page = new Page();
  spreadTypesetting(page.view, page.typesetter);
  await page.settle(BLOCKS);
  page.fails = true;
  await vi.runAllTimersAsync();
  expect(page.host.innerHTML).toBe(BLOCKS);
});

test("an output that comes much later is not that of the turn", async () => {
  const page = new Page();
  spreadTypesetting(page.view, page.typesetter);
  await vi.advanceTimersByTimeAsync(11_000);
  await page.settle(BLOCKS);
  expect(page.slices).toEqual([50]);
});

test("Markdown within the view is left alone", async () => {
  const page = new Page();
  spreadTypesetting(page.view, page.typesetter);
  const own = page.view.appendChild(document.createElement("div"));
  own.className = "jp-RenderedMarkdown";
  own.innerHTML = BLOCKS;
  await Promise.resolve();
  expect(own.innerHTML).toBe(BLOCKS);
  await page.settle(BLOCKS);
  expect(page.slices).toEqual([0]);
});

test("a host that hands on no typesetter is left alone", () => {
  const typesetter = new Page().typesetter;
  expect(typesetterOf({ widget_manager: { rendermime: { latexTypesetter: typesetter } } })).toBe(
    typesetter,
  );
  for (const model of [
    {},
    { widget_manager: {} },
    { widget_manager: { rendermime: { latexTypesetter: null } } },
  ]) {
    expect(typesetterOf(model)).toBeUndefined();
  }
});
