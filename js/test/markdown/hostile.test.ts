/** Whatever the model writes, nothing but known elements and attributes come of it, and not after a long time. */

import { describe, expect, test } from "vitest";
import { pick, seeded, shown } from "./grown.ts";
import { FRAGMENTS } from "./samples.ts";

const ELEMENTS =
  /^(?:P|H[1-6]|UL|OL|LI|BLOCKQUOTE|TABLE|THEAD|TBODY|TR|TH|TD|HR|BR|PRE|CODE|EM|STRONG|DEL|A|SPAN|DIV|BUTTON|INPUT)$/;
const ATTRIBUTES: Readonly<Record<string, RegExp>> = {
  class: /^(?:glm-[a-z]+|language-[\w+#.-]+)$/,
  dir: /^(?:auto|ltr)$/,
  href: /^(?:https?:|mailto:|#)/i,
  title: /^/,
  target: /^_blank$/,
  rel: /^noopener noreferrer nofollow$/,
  start: /^\d{1,9}$/,
  align: /^(?:left|right|center)$/,
  type: /^(?:button|checkbox)$/,
  disabled: /^$/,
  checked: /^$/,
  "aria-label": /^/,
};

function expectHarmless(root: HTMLElement, said: string): void {
  for (const element of root.querySelectorAll("*")) {
    expect(element.tagName, said).toMatch(ELEMENTS);
    for (const { name, value } of element.attributes) {
      expect(value, `${name} of ${said}`).toMatch(ATTRIBUTES[name] ?? /^no such attribute$/);
    }
  }
}

const HOSTILE: readonly string[] = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<svg/onload=alert(1)>",
  "<a href='javascript:alert(1)'>x</a>",
  "<!-- --><iframe src=//x.example>",
  "<style>*{display:none}</style>",
  "[x](javascript:alert(1))",
  "[x](JaVaScRiPt:alert(1))",
  "[x](java\tscript:alert(1))",
  "[x](&#106;avascript:alert(1))",
  "[x](&#x6A;avascript&colon;alert(1))",
  "[x](\\javascript:alert(1))",
  "[x](%6aavascript:alert(1))",
  "[x](\u0001javascript:alert(1))",
  "[x](< javascript:alert(1)>)",
  "[x](vbscript:x) [x](file:///etc/passwd) [x](blob:x) [x](//x.example) [x](/x) [x](ftp://x)",
  "[x](data:text/html;base64,PHNjcmlwdD4=) ![x](data:image/svg+xml,<svg/onload=alert(1)>)",
  "<javascript:alert(1)> <data:text/html,x> <vbscript:x>",
  "[x][y]\n\n[y]: javascript:alert(1)",
  "![x](https://x.example/pixel.png)",
  "![x](javascript:alert(1))",
  '[x](https://x.example "\\" onmouseover=alert(1) x=\\"")',
  '[x](https://x.example/"onmouseover="alert(1))',
  'https://x.example/"onmouseover=alert(1)',
  "https://x.example/<script>alert(1)</script>",
  '```" onload=alert(1)\n<script>alert(1)</script>\n```',
  '```x"><script>\ncode\n```',
  "`<script>alert(1)</script>`",
  "$<script>alert(1)</script>$\n\n$$\n<img src=x onerror=alert(1)>\n$$",
  "\\(<script>\\) \\[<img src=x onerror=alert(1)>\\]",
  "| a |\n|---|\n| <script>alert(1)</script> |",
  "- [x] <script>alert(1)</script>\n- [ ] [a](javascript:b)",
  "a\u0000<script\u0000>b</script>\u202e\x1b[8m\x1b]8;;javascript:alert(1)\x07x",
  "99999999999. x\n\n0. y\n\n-1. z",
  "[__proto__]: https://x.example\n[constructor]: https://x.example\n\n[__proto__] [constructor] [toString]",
];

test.each(HOSTILE)("%j", (text) => {
  expectHarmless(shown(text), text);
  expectHarmless(shown(...text), text);
  expectHarmless(shown(`> - ${text.replaceAll("\n", "\n>   ")}`), text);
});

test("a picture is a link, and is never loaded", () => {
  const root = shown("![chart](https://x.example/c.png)");
  expect(root.querySelector("img")).toBeNull();
  expect(root.querySelector("a")?.getAttribute("href")).toBe("https://x.example/c.png");
  expect(root.textContent).toBe("chart");
});

test("what is no link is shown as it was written", () => {
  expect(shown("[x](javascript:alert(1))").textContent).toBe("[x](javascript:alert(1))");
  expect(shown("<script>alert(1)</script>").textContent).toBe("<script>alert(1)</script>");
});

test("random mixtures", () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = seeded(seed);
    const pieces = [...HOSTILE, ...FRAGMENTS];
    const text = Array.from({ length: 20 }, () => pick(pieces, random)).join("");
    expectHarmless(shown(text), `seed ${seed}: ${JSON.stringify(text)}`);
  }
});

const MB = 1_000_000;
const LONG: Readonly<Record<string, string>> = {
  "quotes, nested 1,000 deep": `${"> ".repeat(1000)}x`,
  "lists, nested 1,000 deep": Array.from({ length: 1000 }, (_, n) => `${"  ".repeat(n)}- x`).join(
    "\n",
  ),
  "lists on a line, 1,000 deep": `${"- ".repeat(1000)}x`,
  "emphasis, nested 2,000 deep": `${"*a **b ".repeat(1000)}${"b** a* ".repeat(1000)}`,
  "links, nested 1,000 deep": `${"[".repeat(1000)}x${"](https://x.example)".repeat(1000)}`,
  "brackets that never close": "[".repeat(40_000),
  "pictures that never close": "![".repeat(20_000),
  "backticks of all lengths": Array.from({ length: 250 }, (_, n) => "`".repeat(n)).join(" "),
  "formulas that never close": "\\(".repeat(20_000) + "$a ".repeat(10_000),
  "emphasis that never closes": "*a _b **c ".repeat(4000),
  "a line of 1 MB": "word ".repeat(MB / 5),
  "a line of 1 MB without spaces": "x".repeat(MB),
  "a table that is wide": `${"|a".repeat(5000)}|\n${"|-".repeat(5000)}|\n`,
  definitions: Array.from({ length: 2000 }, (_, n) => `[${n}]: https://x.example/${n}\n`).join(""),
  "an escape that never ends": `\x1b]${"x".repeat(50_000)}`,
};

describe("long texts", () => {
  test.each(Object.entries(LONG))("%s", (_, text) => {
    const start = performance.now();
    const root = shown(text);
    expect(performance.now() - start).toBeLessThan(10_000);
    expectHarmless(root, "it");
    expect(depth(root)).toBeLessThan(120);
  });

  test("a text that is nested too deep is shown nevertheless", () => {
    expect(shown(LONG["quotes, nested 1,000 deep"] as string).textContent).toContain("x");
  });
});

function depth(root: HTMLElement): number {
  let deepest = 0;
  for (const element of root.querySelectorAll("*")) {
    let level = 0;
    for (let at: Element | null = element; at && at !== root; at = at.parentElement) level++;
    deepest = Math.max(deepest, level);
  }
  return deepest;
}
