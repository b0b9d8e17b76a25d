/**
 * Where a prompt is written: a text area that grows, what is sent along with it, Send, and Stop while a turn runs.
 */

import type { Asks } from "../asks.ts";
import type { Words } from "../strings.ts";
import { element, setText } from "../ui/dom.ts";
import { Area } from "./area.ts";
import { Attachments } from "./attachments.ts";
import { Completion } from "./completion.ts";
import { Objects } from "./objects.ts";
import { listenForPaste } from "./pasting.ts";
import type { Attachment } from "./wire.ts";
import type { ChatWords } from "./words.ts";

/** Stop appears where Send was: the second click of a double click is not meant for it. */
const ARMED_MS = 300;

/** What the composer asks of the chat. */
export interface ComposerHost {
  send(text: string, attachments: readonly Attachment[]): void;
  stop(): void;
  /** The prompt that was written last. */
  recall(): string;
  readonly asks: Asks;
}

/** What the composer has to know. */
export interface ComposerState {
  readonly isRunning: boolean;
  readonly isStopping: boolean;
  readonly isGone: boolean;
}

export class Composer {
  readonly root = element("div", "glm-composer");
  /** Between the text and the row is room for what is opened there. */
  readonly panels = element("div", "glm-panels");
  /** Before the buttons is room for more. */
  readonly row = element("div", "glm-row");
  readonly buttons = element("div", "glm-buttons");
  readonly #words: ChatWords;
  readonly #say: Words;
  readonly #host: ComposerHost;
  readonly #area: Area;
  readonly #attachments: Attachments;
  readonly #completion: Completion;
  readonly #objects: Objects;
  readonly #attach = element("button", "glm-attach");
  readonly #send = element("button", "glm-send");
  readonly #stop = element("button", "glm-stop-chat");
  #state: ComposerState = { isRunning: false, isStopping: false, isGone: false };
  #stopShownAt = Number.NEGATIVE_INFINITY;

  constructor(words: ChatWords, say: Words, host: ComposerHost) {
    this.#words = words;
    this.#say = say;
    this.#host = host;
    this.#area = new Area(words.prompt, {
      submit: () => this.#submit(),
      changed: () => this.#onText(),
      key: (event) => this.#completion.key(event) || (event.key === "ArrowUp" && this.#recall()),
    });
    this.#area.root.placeholder = words.placeholder;
    this.#attachments = new Attachments(words, say, {
      changed: () => this.#draw(),
      focus: () => this.focus(),
    });
    this.#completion = new Completion(this.#area.root, words, host.asks);
    this.#objects = new Objects(words, host.asks);
    this.#listen();
    this.#buildAttach();
    this.#buildButtons();
    this.#build();
    this.#draw();
  }

  get text(): string {
    return this.#area.text;
  }

  get attachments(): readonly Attachment[] {
    return this.#attachments.items;
  }

  /** Put a prompt back, before what has been written since. */
  putBack(text: string, attachments: readonly Attachment[] = []): void {
    this.#attachments.add(attachments);
    if (text) this.#area.text = this.text.trim() ? `${text}\n${this.text}` : text;
  }

  /** Attach files, or say why not. */
  addFiles(files: readonly File[]): void {
    if (this.#state.isGone) return;
    this.#attachments.addFiles(files);
    this.focus();
  }

  /** Say something quiet, until something else is done here. */
  note(text: string): void {
    this.#attachments.note(text);
  }

  /** Show what can be done now. */
  update(state: ComposerState): void {
    if (state.isRunning && !this.#state.isRunning) this.#stopShownAt = performance.now();
    this.#state = state;
    this.#draw();
  }

  focus(): void {
    this.#area.focus();
  }

  #build(): void {
    this.root.append(
      this.#attachments.root,
      this.#area.root,
      this.#completion.root,
      this.#objects.root,
      this.panels,
      this.row,
    );
  }

  #listen(): void {
    const area = this.#area.root;
    listenForPaste(area, {
      attach: (pasted) => {
        this.#attachments.add([pasted]);
        this.note(this.#words.pastedHint);
      },
      attachFiles: (files) => this.addFiles(files),
    });
    area.addEventListener("focus", () => this.#objects.refresh());
  }

  #buildAttach(): void {
    const input = element("input");
    input.type = "file";
    input.multiple = true;
    input.hidden = true;
    input.setAttribute("aria-label", this.#words.attach);
    input.addEventListener("change", () => {
      this.addFiles([...(input.files ?? [])]);
      input.value = ""; // the same file may be picked again
    });
    this.#attach.type = "button";
    this.#attach.textContent = this.#words.attach;
    this.#attach.title = this.#words.attachHint;
    this.#attach.addEventListener("click", () => input.click());
    this.row.append(this.#attach, input);
  }

  #buildButtons(): void {
    this.#send.type = "button";
    this.#send.addEventListener("click", () => this.#submit());
    this.#stop.type = "button";
    this.#stop.title = this.#words.stopHint;
    this.#stop.addEventListener("click", () => {
      if (performance.now() - this.#stopShownAt >= ARMED_MS) this.#host.stop();
    });
    this.buttons.append(this.#send, this.#stop);
    this.row.append(this.buttons);
  }

  /** Write the last prompt again, where nothing is written. Tells whether it did. */
  #recall(): boolean {
    const text = this.#host.recall();
    if (this.text !== "" || text === "" || this.#state.isGone) return false;
    this.#area.text = text;
    return true;
  }

  #submit(): void {
    const text = this.text.trim();
    if (text === "" || this.#state.isGone) return;
    const attachments = this.#attachments.take();
    this.#area.text = "";
    this.#host.send(text, attachments);
    this.focus();
  }

  #onText(): void {
    this.#objects.update(this.text);
    this.#completion.update();
    this.note("");
    this.#draw();
  }

  #draw(): void {
    const { isRunning, isStopping, isGone } = this.#state;
    const isEmpty = this.text.trim() === "";
    // What is shown and cannot be written in can still be read and copied.
    this.#area.root.readOnly = isGone;
    setText(this.#send, isRunning ? this.#words.enqueue : this.#words.send);
    this.#send.hidden = isRunning && isEmpty;
    this.#send.disabled = isGone || isEmpty;
    const needsText = isEmpty && this.#attachments.items.length > 0;
    this.#send.title = needsText ? this.#words.needsText : this.#words.sendHint;
    this.#attach.disabled = isGone;
    this.#stop.hidden = !isRunning;
    this.#stop.disabled = isStopping;
    setText(this.#stop, isStopping ? this.#say.stopping : this.#say.stop);
  }
}
