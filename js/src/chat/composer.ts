/** Where a prompt is written: a text area that grows, Send, and Stop while a turn runs. */

import type { Words } from "../strings.ts";
import { element, setText } from "../ui/dom.ts";
import type { ChatWords } from "./words.ts";

/** Safari ends a composition before it tells of the key that has ended it. */
const AFTER_COMPOSING_MS = 100;
/** Stop appears where Send was: the second click of a double click is not meant for it. */
const ARMED_MS = 300;

/** What the composer asks of the chat. */
export interface ComposerHost {
  send(text: string): void;
  stop(): void;
  /** The prompt that was written last. */
  recall(): string;
}

/** What the composer has to know. */
export interface ComposerState {
  readonly isRunning: boolean;
  readonly isStopping: boolean;
  readonly isGone: boolean;
}

export class Composer {
  readonly root = element("div", "glm-composer");
  /** Beside the buttons is room for more. */
  readonly row = element("div", "glm-row");
  readonly #words: ChatWords;
  readonly #say: Words;
  readonly #host: ComposerHost;
  readonly #area = element("textarea", "glm-area");
  readonly #send = element("button", "glm-send");
  readonly #stop = element("button", "glm-stop-chat");
  #state: ComposerState = { isRunning: false, isStopping: false, isGone: false };
  #composedAt = Number.NEGATIVE_INFINITY;
  #stopShownAt = Number.NEGATIVE_INFINITY;

  constructor(words: ChatWords, say: Words, host: ComposerHost) {
    this.#words = words;
    this.#say = say;
    this.#host = host;
    this.#buildArea();
    this.#buildButtons();
    this.root.append(this.#area, this.row);
    this.#draw();
  }

  get text(): string {
    return this.#area.value;
  }

  /** Put a text back, before what has been written since. */
  putBack(text: string): void {
    this.#write(this.text.trim() ? `${text}\n${this.text}` : text);
  }

  /** Show what can be done now. */
  update(state: ComposerState): void {
    if (state.isRunning && !this.#state.isRunning) this.#stopShownAt = performance.now();
    this.#state = state;
    this.#draw();
  }

  focus(): void {
    this.#area.focus({ preventScroll: true });
  }

  #buildArea(): void {
    const area = this.#area;
    area.rows = 1;
    area.dir = "auto";
    area.placeholder = this.#words.placeholder;
    area.setAttribute("aria-label", this.#words.prompt);
    area.addEventListener("input", () => this.#onInput());
    area.addEventListener("keydown", (event) => this.#onKey(event));
    area.addEventListener("compositionend", () => {
      this.#composedAt = performance.now();
    });
  }

  #buildButtons(): void {
    this.#send.type = "button";
    this.#send.title = this.#words.sendHint;
    this.#send.addEventListener("click", () => this.#submit());
    this.#stop.type = "button";
    this.#stop.title = this.#words.stopHint;
    this.#stop.addEventListener("click", () => {
      if (performance.now() - this.#stopShownAt >= ARMED_MS) this.#host.stop();
    });
    this.row.append(this.#send, this.#stop);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.isComposing || event.keyCode === 229) return; // the input method's
    if (event.key === "Enter" && !event.shiftKey) this.#onEnter(event);
    else if (event.key === "ArrowUp" && this.text === "") this.#onUp(event);
  }

  #onEnter(event: KeyboardEvent): void {
    event.preventDefault();
    if (performance.now() - this.#composedAt >= AFTER_COMPOSING_MS) this.#submit();
  }

  #onUp(event: KeyboardEvent): void {
    const text = this.#host.recall();
    if (text === "" || this.#state.isGone) return;
    event.preventDefault();
    this.#write(text);
  }

  #submit(): void {
    const text = this.text.trim();
    if (text === "" || this.#state.isGone) return;
    this.#write("");
    this.#host.send(text);
    this.focus();
  }

  #write(text: string): void {
    this.#area.value = text;
    this.#area.setSelectionRange(text.length, text.length);
    this.#onInput();
  }

  #onInput(): void {
    this.#fit();
    this.#draw();
  }

  /** Give the area the height of its text. It shrinks too; how far it grows the style says. */
  #fit(): void {
    const { style } = this.#area;
    style.height = "auto";
    const { scrollHeight, offsetHeight, clientHeight } = this.#area;
    if (scrollHeight > 0) style.height = `${scrollHeight + offsetHeight - clientHeight}px`;
  }

  #draw(): void {
    const { isRunning, isStopping, isGone } = this.#state;
    const isEmpty = this.text.trim() === "";
    // What is shown and cannot be written in can still be read and copied.
    this.#area.readOnly = isGone;
    setText(this.#send, isRunning ? this.#words.enqueue : this.#words.send);
    this.#send.hidden = isRunning && isEmpty;
    this.#send.disabled = isGone || isEmpty;
    this.#stop.hidden = !isRunning;
    this.#stop.disabled = isStopping;
    setText(this.#stop, isStopping ? this.#say.stopping : this.#say.stop);
  }
}
