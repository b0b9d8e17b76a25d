/** The view of a chat. It is drawn from the link, at most once per frame. */

import { visible } from "../markdown/visible.ts";
import { wordsOf } from "../strings.ts";
import { element, setText } from "../ui/dom.ts";
import { Composer } from "./composer.ts";
import { Controls } from "./controls.ts";
import type { Disclosure } from "./disclosure.ts";
import { acceptFiles } from "./dropping.ts";
import { Exporting } from "./exporting.ts";
import { FocusKeeper } from "./focus.ts";
import type { ChatLink } from "./link.ts";
import { MeterView } from "./meter.ts";
import { leaveSaveToPage } from "./shortcuts.ts";
import { Transcript } from "./transcript.ts";
import { WaitingPrompts } from "./waiting-prompts.ts";
import type { Attachment, Queued, Refusal } from "./wire.ts";
import { type ChatWords, chatWordsOf } from "./words.ts";

/** What is written and not sent, and the ids of what was sent from a view: it may come back. */
export interface Draft {
  readonly text: string;
  readonly attachments: readonly Attachment[];
  readonly sent: ReadonlySet<string>;
}

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
  readonly #exporting: Exporting;
  readonly #meter: MeterView;
  readonly #focus: FocusKeeper;
  readonly #unsubscribe: () => void;
  readonly #forgetKeys = leaveSaveToPage(this.root);
  /** Ids of what was sent from this view: what of it is refused comes back to it. */
  readonly #sent = new Set<string>();
  #refusal: Refusal | null = null;
  #frame = 0;

  constructor(link: ChatLink, language: string) {
    this.#link = link;
    this.#words = chatWordsOf(language);
    // A button of its own asks again here.
    const say = { ...wordsOf(language), retryHint: "" };
    this.#transcript = new Transcript(link, {
      words: this.#words,
      say,
      focusComposer: () => this.#composer.focus(),
      giveBack: (text) => this.#composer.putBack(text),
    });
    this.#waiting = new WaitingPrompts(link, this.#words, (prompt) => this.#takeBack(prompt));
    this.#composer = new Composer(this.#words, say, {
      send: (text, attachments) => this.#send(text, attachments),
      stop: () => link.stop(),
      recall: () => link.lastPrompt,
      asks: link.asks,
    });
    const group = new Set<Disclosure>();
    this.#controls = new Controls(link.settings, link.asks, this.#words, group);
    this.#exporting = new Exporting(link, this.#words, group, {
      refuse: (message, remedy) => this.#showRefusal({ message, remedy }),
      note: (text) => this.#composer.note(text),
      shown: this.#transcript.root,
    });
    this.#meter = new MeterView(this.#words);
    this.#focus = new FocusKeeper(this.root, () => this.#composer.focus());
    this.root.lang = say.language;
    this.#build();
    this.#unsubscribe = link.subscribe(() => this.#schedule());
    this.#draw();
  }

  /** What another view of the same chat is to go on with. */
  get draft(): Draft {
    const { text: written, attachments } = this.#composer;
    const text = [this.#transcript.unsent, written].filter(Boolean).join("\n");
    return { text, attachments, sent: this.#sent };
  }

  set draft({ text, attachments, sent }: Draft) {
    this.#composer.putBack(text, attachments);
    for (const id of sent) this.#sent.add(id);
  }

  /** Take the view down. */
  dispose(): void {
    this.#unsubscribe();
    this.#forgetKeys();
    cancelAnimationFrame(this.#frame);
    this.#transcript.dispose();
    this.root.remove();
  }

  #build(): void {
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", this.#words.chat);
    this.root.addEventListener("keydown", (event) => this.#onKey(event));
    this.#notice.setAttribute("role", "status");
    this.#refused.setAttribute("role", "alert");
    this.#buildComposer();
    this.root.append(
      this.#transcript.root,
      this.#waiting.root,
      this.#refused,
      this.#notice,
      this.#composer.root,
    );
  }

  #buildComposer(): void {
    const { root, panels, buttons } = this.#composer;
    const { button, panel } = this.#exporting.disclosure;
    this.#controls.root.append(button);
    buttons.before(this.#controls.root);
    buttons.prepend(this.#meter.root);
    panels.append(this.#controls.more.panel, panel);
    const drop = acceptFiles(this.root, this.#words.drop, (files) => {
      this.#composer.addFiles(files);
    });
    root.append(drop);
  }

  /** Escape of an input method belongs to it. */
  #onKey(event: KeyboardEvent): void {
    if (event.key !== "Escape" || event.isComposing || event.defaultPrevented) return;
    if (!this.#link.isAsking) return;
    event.preventDefault();
    event.stopPropagation();
    this.#link.stop();
  }

  #send(text: string, attachments: readonly Attachment[]): void {
    this.#sent.add(this.#link.send(text, attachments));
    this.#transcript.toEnd();
  }

  #takeBack({ id, text, attachments }: Queued): void {
    this.#link.unqueue(id);
    this.#composer.putBack(text, attachments);
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
    this.#exporting.update();
    this.#meter.update(this.#link.meter);
    this.#focus.check();
  }

  #drawNotice(): void {
    const { gone, isUnheard, changes } = this.#link;
    const busy = isUnheard ? (changes.isUnheard ? this.#words.busyChange : this.#words.busy) : "";
    setText(this.#notice, gone ? this.#words.gone : busy);
    this.#notice.hidden = this.#notice.textContent === "";
  }

  #drawRefusal(): void {
    const { refusal } = this.#link;
    if (refusal === this.#refusal) return;
    this.#refusal = refusal;
    this.#showRefusal(refusal);
    if (!refusal || !this.#sent.delete(refusal.id)) return;
    this.#composer.putBack(refusal.text, refusal.attachments);
  }

  #showRefusal(reason: Reason | null): void {
    this.#refused.replaceChildren(...(reason ? [lineOf(reason)] : []));
  }
}

type Reason = Pick<Refusal, "message" | "remedy">;

function lineOf({ message, remedy }: Reason): HTMLElement {
  const line = element("p");
  line.append(element("strong", "", visible(message)), visible(remedy && ` ${remedy}`));
  line.dir = "auto";
  return line;
}
