/** Where a prompt that was asked is written anew. */

import { element, setText } from "../ui/dom.ts";
import { Area } from "./area.ts";
import type { ChatWords } from "./words.ts";

export interface EditorHost {
  send(text: string): void;
  cancel(): void;
}

/** What an editor has to know. */
export interface EditorState {
  /** Whether a turn runs, or is to: then it cannot be sent. */
  readonly isAsking: boolean;
  /** Whether what is written was sent, and has not become a turn. */
  readonly isSent: boolean;
  readonly isGone: boolean;
  /** Whether the tree can be changed. */
  readonly canChange: boolean;
}

export class Editor {
  readonly root = element("div", "glm-editor");
  readonly #words: ChatWords;
  readonly #host: EditorHost;
  readonly #area: Area;
  readonly #note = element("span", "glm-muted");
  readonly #send = element("button", "glm-send-edit");
  readonly #cancel = element("button", "glm-cancel");
  #state: EditorState;

  constructor(words: ChatWords, state: EditorState, host: EditorHost) {
    this.#words = words;
    this.#host = host;
    this.#state = state;
    this.#area = new Area(words.editPrompt, {
      submit: () => this.#submit(),
      changed: () => this.#draw(),
    });
    this.#build();
    this.#draw();
  }

  get text(): string {
    return this.#area.text.trim();
  }

  /** Begin with a text, once the editor is in the page. */
  begin(text: string): void {
    this.#area.text = text;
    this.#area.focus();
  }

  /** Show what can be done now. */
  update(state: EditorState): void {
    this.#state = state;
    this.#draw();
  }

  #build(): void {
    const row = element("div", "glm-editor-row");
    this.#note.setAttribute("role", "status");
    for (const button of [this.#send, this.#cancel]) button.type = "button";
    this.#send.textContent = this.#words.send;
    this.#send.addEventListener("click", () => this.#submit());
    this.#cancel.textContent = this.#words.cancel;
    this.#cancel.addEventListener("click", () => this.#host.cancel());
    this.root.addEventListener("keydown", (event) => this.#onKey(event));
    row.append(this.#note, this.#cancel, this.#send);
    this.root.append(this.#area.root, row);
  }

  /** Escape leaves the editor, and stops no turn; once the prompt is sent, it stops that. */
  #onKey(event: KeyboardEvent): void {
    const isOfInput = event.isComposing || event.keyCode === 229;
    if (event.key !== "Escape" || isOfInput || this.#state.isSent) return;
    event.preventDefault();
    event.stopPropagation();
    this.#host.cancel();
  }

  /** The focus is on what stays: Send can be pressed no more. */
  #submit(): void {
    if (this.text === "" || !this.#state.canChange) return;
    this.#area.focus();
    this.#host.send(this.text);
  }

  #draw(): void {
    const { isAsking, isSent, isGone, canChange } = this.#state;
    const waits = isAsking && !isSent ? this.#words.editWaits : "";
    this.#area.root.readOnly = isSent || isGone;
    setText(this.#note, isSent ? this.#words.sending : waits);
    this.#send.disabled = this.text === "" || !canChange;
    this.#send.title = waits || this.#words.editHint;
    this.#cancel.disabled = isSent;
  }
}
