/** Helpers: Markdown shown piece by piece, and the DOM written out. */

import { GrowingMarkdown } from "../../src/markdown/growing.ts";

/** Show a text that comes in pieces, drawing after each, and return the element that holds it. */
export function shown(...pieces: string[]): HTMLElement {
  const root = document.createElement("div");
  const markdown = new GrowingMarkdown(root, "Copy");
  for (const piece of pieces) {
    markdown.push(piece);
    while (markdown.work(Number.POSITIVE_INFINITY));
  }
  markdown.end();
  return root;
}

/** Cut a text at random places. */
export function cut(text: string, random: () => number, mean: number): string[] {
  const pieces: string[] = [];
  for (let start = 0; start < text.length; ) {
    const end = start + 1 + Math.floor(random() * 2 * mean);
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}

/** Return a generator of random numbers in [0, 1) that gives the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Return one of some values. */
export function pick<T>(values: readonly T[], random: () => number): T {
  return values[Math.floor(random() * values.length)] as T;
}

/** Write DOM out: tags, attributes in order of name, texts. Texts that meet are one. */
export function outline(node: Node): string {
  const copy = node.cloneNode(true);
  copy.normalize();
  return [...copy.childNodes].map(written).join("");
}

function written(node: Node): string {
  if (!(node instanceof Element)) return JSON.stringify(node.textContent);
  const attributes = [...node.attributes].map(({ name, value }) => ` ${name}="${value}"`).sort();
  const tag = node.tagName.toLowerCase();
  return `<${tag}${attributes.join("")}>${[...node.childNodes].map(written).join("")}</${tag}>`;
}
