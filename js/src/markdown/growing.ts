/**
 * Markdown that grows. Blocks that no further text can change become part of the page for good; only what follows them
 * is parsed again, so that the whole costs no more than its length.
 */

import { type Block, Parser, type References } from "./parser.ts";
import { patch, type Rendered } from "./patch.ts";
import { Shaper } from "./shape.ts";
import { Visible } from "./visible.ts";

/** Least characters taken in at once. */
const SLICE = 4096;
/** Most characters after which the browser is given time to lay them out. */
const FRAME_MAX = 16_384;
/** How often the time that the last rendering took is left to others before the next. */
const REST = 3;

export class GrowingMarkdown {
  readonly #root: HTMLElement;
  readonly #finished: ((block: HTMLElement) => void) | undefined;
  readonly #parser = new Parser();
  readonly #shaper: Shaper;
  readonly #visible = new Visible();
  #pending = "";
  #restUntil = 0;
  /** The whole text, for the case that its definitions have to be known from its first line on. */
  #text = "";
  /** What follows the blocks that are finished. */
  #tail = "";
  #checked = 0;
  #rendered: Rendered[] = [];
  #references: References = {};
  /** Whether what is finished defines references, and whether what follows it does. */
  #defines = false;
  #tailDefines = false;

  /** `finished` is called with every block that does not change any more. */
  constructor(root: HTMLElement, copyLabel: string, finished?: (block: HTMLElement) => void) {
    this.#root = root;
    this.#finished = finished;
    this.#shaper = new Shaper(this.#parser, copyLabel);
  }

  /** Take text in. It is shown by `work` or `end`. */
  push(text: string): void {
    this.#pending += this.#visible.push(text);
  }

  /** Show what was taken in, until about the given time (of `performance.now()`). Tells whether there is more to do. */
  work(deadline: number): boolean {
    const furthest = this.#text.length + FRAME_MAX;
    while (this.#pending && this.#text.length < furthest && performance.now() < deadline) {
      const start = performance.now();
      if (start < this.#restUntil) return true;
      // A slice in proportion to what has to be parsed again with it keeps the sum of all parsing in proportion, too.
      this.#take(Math.max(SLICE, this.#tail.length >> 1));
      const tookMs = performance.now() - start;
      if (tookMs > 4) this.#restUntil = start + tookMs * (1 + REST);
    }
    return this.#pending !== "";
  }

  /** Show all: nothing follows. */
  end(): void {
    this.#pending += this.#visible.end();
    while (this.#pending) this.#take(Math.max(SLICE, this.#tail.length >> 1));
    if (this.#defines || this.#tailDefines) this.#renderAnew();
    else this.#letGo();
  }

  #take(length: number): void {
    const slice = this.#pending.slice(0, length);
    this.#pending = this.#pending.slice(length);
    this.#text += slice;
    this.#tail += slice;
    this.#freeze();
    this.#render(this.#tail);
  }

  /** Let go of the blocks before the last one. Whether one has ended is sure only where lines are complete. */
  #freeze(): void {
    const complete = this.#tail.lastIndexOf("\n") + 1;
    if (complete <= this.#checked) return;
    this.#checked = complete;
    const lines = this.#tail.slice(0, complete);
    const blocks = this.#parser.blocks(lines, { ...this.#references });
    const last = blocks.at(-1);
    if (last === undefined || blocks.length === 1) return;
    const end = lineStart(lines, last.first);
    this.#renderFinished(lines.slice(0, end));
    this.#tail = this.#tail.slice(end);
    this.#checked -= end;
  }

  #renderFinished(text: string): void {
    const known = size(this.#references);
    const blocks = this.#parser.blocks(text, this.#references);
    this.#defines ||= size(this.#references) > known;
    this.#patch(blocks, text, this.#references);
    this.#letGo();
  }

  /** What has been rendered is not touched again. */
  #letGo(): void {
    const blocks = this.#rendered.map(({ dom }) => dom);
    this.#rendered = [];
    for (const block of blocks) if (block instanceof HTMLElement) this.#finished?.(block);
  }

  #render(text: string): void {
    const references = { ...this.#references };
    const blocks = this.#parser.blocks(text, references);
    this.#tailDefines = size(references) > size(this.#references);
    this.#patch(blocks, text, references);
  }

  #patch(blocks: readonly Block[], text: string, references: References): void {
    const shapes = this.#shaper.shapes(blocks, text, references);
    this.#rendered = patch(this.#root, this.#rendered, shapes);
  }

  /** A definition may stand after what refers to it. */
  #renderAnew(): void {
    this.#root.replaceChildren();
    this.#rendered = [];
    this.#references = {};
    this.#renderFinished(this.#text);
  }
}

function size(references: References): number {
  return Object.keys(references).length;
}

function lineStart(text: string, line: number): number {
  let start = 0;
  for (let passed = 0; passed < line; passed++) start = text.indexOf("\n", start) + 1;
  return start;
}
