/** Formulas and code are made more of when they come into sight, and stay as they were written where that cannot be. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Refused } from "../../src/asks.ts";
import { Enricher } from "../../src/enrich/enricher.ts";
import * as highlight from "../../src/highlight.ts";
import { GrowingMarkdown } from "../../src/markdown/growing.ts";
import * as math from "../../src/math.ts";
import { Observer } from "../chat/observers.ts";

/** The browser, as far as it tells what is near. */
class Near extends Observer {
  /** Some elements come near; each is as far away as it has a number. */
  show(targets: readonly Element[] = [...this.seen]): void {
    const entries = targets.map((target, top) => {
      const box = { top: -top, bottom: -top };
      return { target, isIntersecting: true, boundingClientRect: box, rootBounds: null };
    });
    this.callback(entries.reverse());
  }
}

const sources = { math: "the source of math", highlight: "the source of highlight" };
const evaluate = async (code: string) => (code === sources.math ? math : highlight);
const ask = vi.fn(async (_what: string, { name }: { name?: unknown } = {}) => ({
  code: sources[name as keyof typeof sources],
  css: `.glm-of-${name} {}`,
}));

let enrichers: Enricher[] = [];

/** A place where answers are shown. */
function place(): { root: HTMLElement; enricher: Enricher; near: Near } {
  const root = document.body.appendChild(document.createElement("div"));
  const enricher = new Enricher(root, { asks: { ask }, notTypeset: "As written.", evaluate });
  enrichers.push(enricher);
  return { root, enricher, near: Observer.all.at(-1) as Near };
}

function shown(text: string, { root, enricher }: ReturnType<typeof place>): GrowingMarkdown {
  const markdown = new GrowingMarkdown(root, "Copy", (block) => enricher.add(block));
  markdown.push(text);
  while (markdown.work(Number.POSITIVE_INFINITY));
  return markdown;
}

/** Everything that is asked for comes, and as many frames pass as are wanted. */
async function settle(): Promise<void> {
  for (let round = 0; round < 5; round++) {
    await Promise.resolve();
    await vi.advanceTimersByTimeAsync(20);
  }
}

async function enriched(text: string, at = place()): Promise<HTMLElement> {
  shown(text, at).end();
  at.near.show();
  await settle();
  return at.root;
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("IntersectionObserver", Near);
  ask.mockClear();
});

afterEach(() => {
  for (const enricher of enrichers) enricher.dispose();
  enrichers = [];
  Observer.all = [];
  Reflect.deleteProperty(globalThis, Symbol.for("glm-notebook.modules.1"));
  vi.useRealTimers();
  vi.unstubAllGlobals();
  document.getSelection()?.removeAllRanges();
  document.body.replaceChildren();
  document.head.replaceChildren();
});

const FORMULAS = "Let $x$ be.\n\n$$\ny\n$$\n\n```python\ndef f(): pass\n```\n\nEnd.";

describe("what is finished", () => {
  test("is typeset and coloured", async () => {
    const root = await enriched(FORMULAS);
    expect([...root.querySelectorAll(".glm-math.glm-typeset")]).toHaveLength(2);
    expect(root.querySelector(".katex-display")).not.toBeNull();
    expect(root.querySelector("code .glm-code-keyword")?.textContent).toBe("def");
    expect(root.querySelector("code")?.textContent).toBe("def f(): pass\n");
  });

  test("is not before it comes near", async () => {
    const at = place();
    shown(FORMULAS, at).end();
    await settle();
    expect(ask).not.toHaveBeenCalled();
    expect(at.near.seen.size).toBe(3);
  });

  test("what still grows is left alone", async () => {
    const at = place();
    const markdown = shown("$a$\n\n$b$ and\nmore", at);
    expect([...at.near.seen].map(({ textContent }) => textContent)).toEqual(["$a$"]);
    markdown.end();
    expect([...at.near.seen].map(({ textContent }) => textContent)).toEqual(["$a$", "$b$"]);
  });

  test("a definition at the end draws all anew", async () => {
    const at = place();
    const markdown = shown("$a$ [x]\n\nText.\n\n", at);
    at.near.show();
    await settle();
    markdown.push("[x]: https://x.example\n");
    markdown.end();
    expect(at.root.querySelector(".glm-math")?.textContent).toBe("$a$");
    at.near.show();
    await settle();
    expect(at.root.querySelector(".glm-typeset")).not.toBeNull();
  });

  test.each(["```\nx\n```", "    x", "`x`", "text", "```nolanguage\nx\n```"])(
    "%j stays",
    async (text) => {
      const root = await enriched(text);
      expect(root.querySelector("code *:not(.glm-piece)")).toBeNull();
    },
  );

  test("long code stays", async () => {
    const root = await enriched(`\`\`\`python\n${"def f(): pass\n".repeat(1500)}\`\`\``);
    expect(root.querySelector("[class^=glm-code-]")).toBeNull();
  });

  test("a mistake in a formula is said", async () => {
    const root = await enriched("$\\frac{a}$ and $b$");
    const [wrong, right] = root.querySelectorAll<HTMLElement>(".glm-math");
    expect(wrong?.title).toBe("As written.");
    expect(wrong?.textContent).toBe("$\\frac{a}$");
    expect(right?.title).toBe("");
  });
});

describe("for the keyboard and the screen reader", () => {
  test("a header that is a formula has a name, others need none", async () => {
    const root = await enriched("| $x^2$ | and $y$ |\n|---|---|\n| $z$ | 1 |\n");
    const names = [...root.querySelectorAll("math")].map((one) => one.getAttribute("aria-label"));
    expect(names).toEqual(["$x^2$", null, null]);
  });

  test("what is too wide can be reached", async () => {
    const widths = vi.spyOn(Element.prototype, "scrollWidth", "get").mockReturnValue(100);
    const root = await enriched("| a |\n|---|\n| 1 |\n\n$$x$$\n\nText.\n");
    await vi.advanceTimersByTimeAsync(600);
    widths.mockRestore();
    const reached = [...root.querySelectorAll("[tabindex='0']")].map(({ tagName }) => tagName);
    expect(reached).toContain("TABLE");
    expect(root.querySelector(".katex-display")?.getAttribute("tabindex")).toBe("0");
    expect(root.lastElementChild?.hasAttribute("tabindex")).toBe(false);
    expect((await enriched("$$x$$\n")).querySelector("[tabindex]")).toBeNull();
  });
});

test("of turns that are far away nothing is looked at", async () => {
  const at = place();
  const [turns, near] = Observer.all.slice(-2) as [Near, Near];
  at.root.className = "glm-exchange";
  shown("$x$\n\n$y$\n", at).end();
  expect([...turns.seen]).toEqual([at.root]);
  expect(near.seen.size).toBe(0);
  turns.show();
  expect(near.seen.size).toBe(2);
  near.show();
  await settle();
  expect(at.root.querySelectorAll(".glm-typeset")).toHaveLength(2);
});

describe("the modules", () => {
  test("are asked for once in a page, and their styles are there once", async () => {
    await enriched(FORMULAS);
    const again = await enriched(FORMULAS);
    expect(ask.mock.calls.map(([what, fields]) => [what, fields?.name])).toEqual([
      ["module", "math"],
      ["module", "highlight"],
    ]);
    expect(again.querySelector(".glm-typeset")).not.toBeNull();
    const styles = [...document.head.querySelectorAll("style")];
    expect(styles.map((one) => one.textContent)).toEqual([
      ".glm-of-math {}",
      ".glm-of-highlight {}",
    ]);
  });

  test("come with styles for a shadow root, too", async () => {
    const shadow = document.body
      .appendChild(document.createElement("div"))
      .attachShadow({ mode: "open" });
    const at = place();
    shadow.append(at.root);
    await enriched("$x$", at);
    expect(shadow.querySelectorAll("style")).toHaveLength(1);
    expect(document.head.querySelectorAll("style")).toHaveLength(1);
  });

  test("only what is needed is asked for", async () => {
    await enriched("Only $x$.");
    expect(ask).toHaveBeenCalledTimes(1);
  });

  test("that cannot be had leave all as it is; the next view asks again", async () => {
    ask.mockRejectedValueOnce(new Refused("no"));
    const at = place();
    const root = await enriched(FORMULAS, at);
    expect(root.querySelector(".glm-typeset")).toBeNull();
    expect(root.querySelector("[class^=glm-code-]")).not.toBeNull();
    expect(root.querySelector("[title]")).toBeNull();
    await enriched("$z$", at);
    expect(ask).toHaveBeenCalledTimes(2);
    expect((await enriched("$x$")).querySelector(".glm-typeset")).not.toBeNull();
  });
});

describe("the work", () => {
  test("takes some milliseconds in a frame, the nearest first", async () => {
    await enriched("$x$");
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now++);
    const at = place();
    shown(Array.from({ length: 12 }, (_, n) => `$n_{${n}}$`).join(" "), at).end();
    at.near.show();
    await Promise.resolve();
    await Promise.resolve();
    const done = () => [...at.root.querySelectorAll<HTMLElement>(".glm-typeset")];
    await vi.advanceTimersByTimeAsync(17);
    const first = done();
    expect(first.length).toBeGreaterThan(0);
    expect(first.length).toBeLessThan(6);
    expect(first[0]?.dataset.tex).toBe("$n_{0}$");
    await settle();
    vi.restoreAllMocks();
    await settle();
    expect(done()).toHaveLength(12);
  });

  test("takes away nothing that is selected", async () => {
    const at = place();
    shown("Let $x$ be.", at).end();
    const formula = at.root.querySelector(".glm-math") as HTMLElement;
    let isSelected = true;
    vi.spyOn(document, "getSelection").mockImplementation(
      () => ({ isCollapsed: !isSelected, containsNode: () => isSelected }) as unknown as Selection,
    );
    at.near.show();
    await settle();
    expect(formula.textContent).toBe("$x$");
    isSelected = false;
    document.dispatchEvent(new Event("selectionchange"));
    at.near.show();
    await settle();
    vi.restoreAllMocks();
    expect(formula.querySelector(".katex")).not.toBeNull();
  });

  test("ends with the view", async () => {
    const at = place();
    shown("$x$", at).end();
    at.near.show();
    at.enricher.dispose();
    await settle();
    expect(at.root.querySelector(".glm-typeset")).toBeNull();
  });
});

describe("copying", () => {
  function copied(root: HTMLElement, choose: (range: Range) => void): Map<string, string> {
    const range = document.createRange();
    choose(range);
    document.getSelection()?.removeAllRanges();
    document.getSelection()?.addRange(range);
    const data = new Map<string, string>();
    const event = new Event("copy", { bubbles: true, cancelable: true });
    Object.assign(event, {
      clipboardData: { setData: (type: string, text: string) => data.set(type, text) },
    });
    root.firstElementChild?.dispatchEvent(event);
    return data;
  }

  test("gives the source of a formula", async () => {
    const root = await enriched("Let $x^2$ be <b>.");
    const data = copied(root, (range) => range.selectNodeContents(root));
    expect(data.get("text/plain")).toBe("Let $x^2$ be <b>.");
    expect(data.get("text/html")).toContain("$x^2$</span> be &lt;b&gt;.");
    expect(root.querySelector(".glm-copied")).toBeNull();
    expect(root.querySelector(".katex")).not.toBeNull();
  });

  test("half a formula is the whole of it", async () => {
    const root = await enriched("Let $x^2$ be.");
    const inner = root.querySelector(".katex-html") as HTMLElement;
    expect(copied(root, (range) => range.selectNodeContents(inner)).get("text/plain")).toBe(
      "$x^2$",
    );
  });

  test("other text is the browser's business", async () => {
    const root = await enriched("Let $x$ be.\n\nText.");
    const last = root.lastElementChild as HTMLElement;
    expect(copied(root, (range) => range.selectNodeContents(last)).size).toBe(0);
  });
});
