import { describe, expect, test, vi } from "vitest";
import { GrowingMarkdown } from "../../src/markdown/growing.ts";
import { Parser } from "../../src/markdown/parser.ts";
import { cut, outline, pick, seeded, shown } from "./grown.ts";
import { FRAGMENTS, SAMPLES } from "./samples.ts";

/** How many random texts: `SEEDS=5000 npm test` for a longer search. */
const SEEDS = Number(process.env.SEEDS ?? 150);

describe.each(Object.entries(SAMPLES))("%s", (_, text) => {
  const whole = outline(shown(text));

  test("character by character", () => {
    expect(outline(shown(...text))).toBe(whole);
    expect(outline(shown(...text.split("")))).toBe(whole);
  });

  test("cut at every place", () => {
    for (let at = 1; at < text.length; at++) {
      expect(outline(shown(text.slice(0, at), text.slice(at)))).toBe(whole);
    }
  });
});

test("random texts, cut at random, are the same as whole", () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const random = seeded(seed);
    const text = Array.from({ length: 40 }, () => pick(FRAGMENTS, random)).join("");
    const whole = outline(shown(text));
    const grown = outline(shown(...cut(text, random, 4)));
    expect(grown, `seed ${seed}: ${JSON.stringify(text)}`).toBe(whole);
    const byOne = outline(shown(...text));
    expect(byOne, `seed ${seed}: ${JSON.stringify(text)}`).toBe(whole);
  }
});

test("samples in any order are the same as whole", () => {
  const samples = Object.values(SAMPLES);
  for (let seed = 0; seed < 60; seed++) {
    const random = seeded(seed);
    const text = Array.from({ length: 12 }, () => pick(samples, random)).join("\n");
    const grown = outline(shown(...cut(text, random, 20)));
    expect(grown, `seed ${seed}`).toBe(outline(shown(text)));
  }
});

test("finished blocks are not parsed again", () => {
  const blocks = vi.spyOn(Parser.prototype, "blocks");
  const text = SAMPLES.paragraphs?.repeat(200) ?? "";
  shown(...cut(text, seeded(1), 50));
  const parsed = blocks.mock.calls.reduce((sum, [part]) => sum + part.length, 0);
  blocks.mockRestore();
  expect(parsed).toBeLessThan(5 * text.length);
});

test("a paragraph that has not changed is not parsed again, nor its DOM touched", () => {
  const root = document.createElement("div");
  const markdown = new GrowingMarkdown(root, "Copy");
  const inline = vi.spyOn(Parser.prototype, "inline");
  for (let item = 0; item < 100; item++) {
    markdown.push(`- item *${item}*\n`);
    while (markdown.work(Number.POSITIVE_INFINITY));
  }
  expect(inline).toHaveBeenCalledTimes(100);
  inline.mockRestore();
});

test("code that grows is appended to", () => {
  const root = document.createElement("div");
  const markdown = new GrowingMarkdown(root, "Copy");
  const show = (text: string) => {
    markdown.push(text);
    while (markdown.work(Number.POSITIVE_INFINITY));
  };
  show("```py\nfirst = 1\n");
  const pieces = root.getElementsByClassName("glm-piece");
  const first = pieces[0]?.firstChild;
  for (let line = 0; line < 300; line++) show(`line = ${line}\n`);
  expect(pieces[0]?.firstChild).toBe(first);
  expect(pieces.length).toBe(5);
  show("```\nText");
  expect(pieces[0]?.firstChild).toBe(first);
  expect(root.querySelector("code")?.textContent).toMatch(
    /^first = 1\nline = 0\n[\s\S]*line = 299\n$/,
  );
});
