/** What a tool printed and displayed. Nothing of it is run: a picture is an image, and Markdown is our own. */

import { GrowingMarkdown } from "../markdown/growing.ts";
import { visible } from "../markdown/visible.ts";
import { fill, UNKNOWN, type Words } from "../strings.ts";
import type { CallPart, Output } from "../wire.ts";
import { element, setText } from "./dom.ts";
import { PlainText } from "./plain.ts";

/** Longest name of a type that is shown. */
const MIME_MAX = 100;

interface OutputView {
  readonly root: HTMLElement;
  /** `isWhole` tells that nothing is added to it. Tells whether there is more to show than was shown by the deadline. */
  update(output: Output, isWhole: boolean, deadline: number): boolean;
}

export class Outputs {
  readonly root = element("div", "glm-outputs");
  readonly #say: Words;
  readonly #views: OutputView[] = [];

  constructor(say: Words) {
    this.#say = say;
  }

  /** Show what is new of the outputs. Tells whether there is more to show than was shown by the deadline. */
  update(call: CallPart, isOver: boolean, deadline: number): boolean {
    const last = call.outputs.length - 1;
    let isMore = false;
    for (const [index, output] of call.outputs.entries()) {
      const isWhole = isOver || index < last;
      isMore = this.#viewOf(output, index, call).update(output, isWhole, deadline) || isMore;
    }
    return isMore;
  }

  #viewOf(output: Output, index: number, call: CallPart): OutputView {
    const existing = this.#views[index];
    if (existing) return existing;
    const view = outputView(output, visible(call.name) || UNKNOWN, this.#say);
    this.#views.push(view);
    this.root.append(view.root);
    return view;
  }
}

function outputView({ mime }: Output, name: string, say: Words): OutputView {
  switch (mime) {
    case "text/plain":
      return new PrintedText(say);
    case "text/markdown":
      return new ShownMarkdown(say);
    case "image/png":
    case "image/jpeg":
    case "image/svg+xml":
      return new Picture(fill(say.pictureOf, name));
    default:
      return new NotShown(say);
  }
}

class PrintedText implements OutputView {
  readonly root: HTMLElement;
  readonly #text: PlainText;
  #isWhole = false;

  constructor(say: Words) {
    this.root = scrollingText(say.printed);
    this.#text = new PlainText(this.root, "ltr");
  }

  update({ data }: Output, isWhole: boolean): boolean {
    if (this.#isWhole) return false;
    this.#text.grow(data);
    if (isWhole) this.#text.end();
    this.#isWhole = isWhole;
    return false;
  }
}

class ShownMarkdown implements OutputView {
  readonly root = element("div", "glm-answer jp-RenderedHTMLCommon jp-RenderedMarkdown");
  readonly #markdown: GrowingMarkdown;
  #isTaken = false;
  #isShown = false;

  constructor(say: Words) {
    this.#markdown = new GrowingMarkdown(this.root, say.copy);
  }

  update({ data }: Output, _isWhole: boolean, deadline: number): boolean {
    if (this.#isShown) return false;
    if (!this.#isTaken) this.#markdown.push(data);
    this.#isTaken = true;
    if (this.#markdown.work(deadline)) return true;
    this.#markdown.end();
    this.#isShown = true;
    return false;
  }
}

class Picture implements OutputView {
  readonly root = element("img", "glm-picture");
  #isLoaded = false;

  constructor(alt: string) {
    this.root.alt = alt;
  }

  update(output: Output): boolean {
    if (!this.#isLoaded) this.root.src = dataUrl(output);
    this.#isLoaded = true;
    return false;
  }
}

class NotShown implements OutputView {
  readonly root = element("p", "glm-unshown");
  readonly #say: Words;

  constructor(say: Words) {
    this.#say = say;
  }

  update({ mime }: Output): boolean {
    setText(this.root, fill(this.#say.notShown, visible(mime).slice(0, MIME_MAX) || UNKNOWN));
    return false;
  }
}

/** An SVG comes as text from most libraries. As an image, it runs no script and loads nothing. */
function dataUrl({ mime, data }: Output): string {
  if (!data.trimStart().startsWith("<")) return `data:${mime};base64,${data}`;
  return `data:${mime};charset=utf-8,${encodeURIComponent(data.replace(HALF, "\ufffd"))}`;
}

/** Half of a surrogate pair, which cannot be encoded. */
const HALF = /[\ud800-\udfff]/gu;

/** Make an element for a text that scrolls once it is long: the keyboard has to reach it. */
export function scrollingText(label: string): HTMLElement {
  const text = element("pre", "glm-text");
  text.tabIndex = 0;
  text.setAttribute("role", "group");
  text.setAttribute("aria-label", label);
  return text;
}
