/** The view of a chat. It is drawn from the link, at most once per frame. */

import { visible } from "../markdown/visible.ts";
import { wordsOf } from "../strings.ts";
import { element, setText } from "../ui/dom.ts";
import { Composer } from "./composer.ts";
import { Controls } from "./controls.ts";
import { FocusKeeper } from "./focus.ts";
import type { ChatLink } from "./link.ts";
import { Transcript } from "./transcript.ts";
import { WaitingPrompts } from "./waiting-prompts.ts";
import type { Queued, Refusal } from "./wire.ts";
import { type ChatWords, chatWordsOf } from "./words.ts";

export class ChatView {
  readonly root = element("div", "glm-chat");
  readonly #link: ChatLink;
  readonly #words: ChatWords;
  readonly #transcript: Transcript;
  readonly #waiting: WaitingPrompts;
  readonly #notice = element("p", "glm-notice");
  readonly #refused = element("div", "glm-refused");
  readonly #composer: Composer;
  readonly #controls: Controls;
  readonly #focus: FocusKeeper;
  readonly #unsubscribe: () => void;
  /** Ids of what was sent from this view: what of it is refused comes back to it. */
  readonly #sent = new Set<string>();
  #refusal: Refusal | null = null;
  #frame = 0;

  constructor(link: ChatLink, language: string) {
    this.#link = link;
    this.#words = chatWordsOf(language);
    // A button of its own asks again here.
    const say = { ...wordsOf(language), retryHint: "" };
    const host = { words: this.#words, say, retry: () => this.#retry() };
    this.#transcript = new Transcript(link, host, () => this.#composer.focus());
    this.#waiting = new WaitingPrompts(link, this.#words, (prompt) => this.#takeBack(prompt));
    this.#composer = new Composer(this.#words, say, {
      send: (text) => this.#send(text),
      stop: () => link.stop(),
      recall: () => link.lastPrompt,
    });
    this.#controls = new Controls(link.settings, this.#words);
    this.#focus = new FocusKeeper(this.root, () => this.#composer.focus());
    this.root.lang = say.language;
    this.#build();
    this.#unsubscribe = link.subscribe(() => this.#schedule());
    this.#draw();
  }

  /** What is written and not sent. */
  get draft(): string {
    return this.#composer.text;
  }

  set draft(text: string) {
    if (text) this.#composer.putBack(text);
  }

  /** Take the view down. */
  dispose(): void {
    this.#unsubscribe();
    cancelAnimationFrame(this.#frame);
    this.#transcript.dispose();
    this.root.remove();
  }

  #build(): void {
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", this.#words.chat);
    // Else JupyterLab would take the keys for its own, where it listens before the page does.
    this.root.dataset.lmSuppressShortcuts = "true";
    this.root.addEventListener("keydown", (event) => this.#onKey(event));
    this.#notice.setAttribute("role", "status");
    this.#refused.setAttribute("role", "alert");
    this.#composer.row.prepend(this.#controls.root);
    this.root.append(
      this.#transcript.root,
      this.#waiting.root,
      this.#refused,
      this.#notice,
      this.#composer.root,
    );
  }

  /** Escape of an input method belongs to it. */
  #onKey(event: KeyboardEvent): void {
    if (event.key !== "Escape" || event.isComposing || !this.#link.isAsking) return;
    event.preventDefault();
    event.stopPropagation();
    this.#link.stop();
  }

  #send(text: string): void {
    this.#sent.add(this.#link.send(text));
    this.#transcript.toEnd();
  }

  #retry(): void {
    this.#link.retry();
    this.#transcript.toEnd();
    this.#composer.focus();
  }

  #takeBack({ id, text }: Queued): void {
    this.#link.unqueue(id);
    this.#composer.putBack(text);
    this.#composer.focus();
  }

  #schedule(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    this.#frame = 0;
    const { running, isAsking, gone } = this.#link;
    this.root.classList.toggle("glm-gone", gone);
    this.#transcript.draw();
    this.#waiting.draw();
    this.#drawNotice();
    this.#drawRefusal();
    const isStopping = running !== null && running.stop !== "none";
    this.#composer.update({ isRunning: isAsking, isStopping, isGone: gone });
    this.#controls.update(gone);
    this.#focus.check();
  }

  #drawNotice(): void {
    const { gone, sends } = this.#link;
    const busy = sends.isUnheard ? this.#words.busy : "";
    setText(this.#notice, gone ? this.#words.gone : busy);
    this.#notice.hidden = this.#notice.textContent === "";
  }

  #drawRefusal(): void {
    const { refusal } = this.#link;
    if (refusal === this.#refusal) return;
    this.#refusal = refusal;
    this.#refused.replaceChildren(...(refusal ? [reason(refusal)] : []));
    if (refusal && this.#sent.delete(refusal.id)) this.#composer.putBack(refusal.text);
  }
}

function reason({ message, remedy }: Refusal): HTMLElement {
  const line = element("p");
  line.append(element("strong", "", visible(message)), visible(remedy && ` ${remedy}`));
  line.dir = "auto";
  return line;
}
