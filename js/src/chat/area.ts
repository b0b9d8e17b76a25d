/** A text area for a prompt: it grows with its text, and knows which Enter belongs to an input method. */

import { element } from "../ui/dom.ts";

/** Safari ends a composition before it tells of the key that has ended it. */
const AFTER_COMPOSING_MS = 100;

/** What an area tells. */
export interface AreaHost {
  /** Enter was pressed, and means it. */
  submit(): void;
  /** The text has changed. */
  changed(): void;
  /** A key that is not of an input method: tells whether it was taken. */
  key?(event: KeyboardEvent): boolean;
}

export class Area {
  readonly root = element("textarea", "glm-area");
  readonly #host: AreaHost;
  #composedAt = Number.NEGATIVE_INFINITY;

  /** `label` is its name for a screen reader. */
  constructor(label: string, host: AreaHost) {
    this.#host = host;
    this.root.rows = 1;
    this.root.dir = "auto";
    this.root.setAttribute("aria-label", label);
    this.root.addEventListener("input", () => this.#onInput());
    this.root.addEventListener("keydown", (event) => this.#onKey(event));
    this.root.addEventListener("compositionend", () => {
      this.#composedAt = performance.now();
    });
  }

  get text(): string {
    return this.root.value;
  }

  /** Write another text, with the cursor at its end. */
  set text(text: string) {
    this.root.value = text;
    this.root.setSelectionRange(text.length, text.length);
    this.#onInput();
  }

  focus(): void {
    this.root.focus({ preventScroll: true });
  }

  /** Give the area the height of its text. It shrinks too; how far it grows the style says. */
  fit(): void {
    const { style } = this.root;
    style.height = "auto";
    const { scrollHeight, offsetHeight, clientHeight } = this.root;
    if (scrollHeight > 0) style.height = `${scrollHeight + offsetHeight - clientHeight}px`;
  }

  #onInput(): void {
    this.fit();
    this.#host.changed();
  }

  #onKey(event: KeyboardEvent): void {
    if (event.isComposing || event.keyCode === 229) return; // the input method's
    if (this.#host.key?.(event)) event.preventDefault();
    else if (event.key === "Enter" && !event.shiftKey) this.#onEnter(event);
  }

  #onEnter(event: KeyboardEvent): void {
    event.preventDefault();
    if (performance.now() - this.#composedAt >= AFTER_COMPOSING_MS) this.#host.submit();
  }
}
