/** The prompts that the page has sent and the kernel has not shown yet. They are repeated: the same id is one prompt. */

import type { Queued } from "./wire.ts";

/** How long a prompt may go unheard before the view says so. */
const UNHEARD_MS = 1500;
/** A kernel that hears answers each repetition. */
const REPEAT_MS = 2000;

export class Sends {
  /** What waits to be heard, the oldest first. */
  waiting: readonly Queued[] = [];
  /** Whether the oldest has waited for long. */
  isUnheard = false;
  readonly #send: (prompt: Queued) => void;
  readonly #tell: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #repeater: ReturnType<typeof setInterval> | undefined;

  /** `tell` is called when one of them has waited for long. */
  constructor(send: (prompt: Queued) => void, tell: () => void) {
    this.#send = send;
    this.#tell = tell;
  }

  /** Send a prompt, until it is heard. */
  begin(prompt: Queued): void {
    this.waiting = [...this.waiting, prompt];
    this.#send(prompt);
    if (this.waiting.length === 1) this.resume();
  }

  /** The kernel has the prompt of an id. */
  hear(id: string): void {
    this.#end(this.waiting.find((sent) => sent.id === id));
  }

  /** The kernel has a prompt of this text. */
  hearText(text: string): void {
    this.#end(this.waiting.find((sent) => sent.text === text));
  }

  /** The kernel has taken the oldest. Returns it. */
  hearNext(): Queued | undefined {
    const [oldest] = this.waiting;
    this.#end(oldest);
    return oldest;
  }

  /** The kernel has spoken of the chat: it is not busy, though a prompt may still be on its way to a turn. */
  note(): void {
    if (this.#repeater !== undefined) this.#waitFor(REPEAT_MS + UNHEARD_MS);
  }

  /** Repeat nothing for now. */
  pause(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#repeater);
    this.#repeater = undefined;
    this.isUnheard = false;
  }

  /** Repeat what waits, if that is not done already. */
  resume(): void {
    if (this.waiting.length === 0 || this.#repeater !== undefined) return;
    this.#waitFor(UNHEARD_MS);
    this.#repeater = setInterval(() => this.waiting.forEach(this.#send), REPEAT_MS);
  }

  #waitFor(ms: number): void {
    this.isUnheard = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.isUnheard = true;
      this.#tell();
    }, ms);
  }

  /** What is left was sent before the kernel was heard: it is waited for anew. */
  #end(sent: Queued | undefined): void {
    if (!sent) return;
    this.waiting = this.waiting.filter((one) => one !== sent);
    this.pause();
    this.resume();
  }
}
