/** The prompts that the page has sent and the kernel has not shown yet. They are repeated: the same id is one prompt. */

import type { Attachment, Queued } from "./wire.ts";

/** How long a prompt may go unheard before the view says so. */
const UNHEARD_MS = 1500;
/** A kernel that hears answers each repetition. */
const REPEAT_MS = 2000;
/** Characters from which on a prompt is repeated once in so many times: it fills the connection. */
const HEAVY = 50_000;
const HEAVY_TIMES = 15;

export class Sends {
  /** What waits to be heard, the oldest first. */
  waiting: readonly Queued[] = [];
  /** Whether the oldest has waited for long. */
  isUnheard = false;
  readonly #send: (prompt: Queued) => void;
  readonly #tell: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #repeater: ReturnType<typeof setInterval> | undefined;
  #repeated = 0;
  /** Of the prompts that may still come back, by id. */
  readonly #attachments = new Map<string, readonly Attachment[]>();

  /** `tell` is called when one of them has waited for long. */
  constructor(send: (prompt: Queued) => void, tell: () => void) {
    this.#send = send;
    this.#tell = tell;
  }

  /** Send a prompt, until it is heard. */
  begin(prompt: Queued): void {
    this.waiting = [...this.waiting, prompt];
    if (prompt.attachments) this.#attachments.set(prompt.id, prompt.attachments);
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

  /** What was sent along with a prompt. */
  attachmentsOf(id: string): readonly Attachment[] {
    return this.#attachments.get(id) ?? [];
  }

  /** No prompt can come back any more. */
  forget(): void {
    this.#attachments.clear();
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
    this.#repeated = 0;
    this.#repeater = setInterval(() => this.#repeat(), REPEAT_MS);
  }

  #repeat(): void {
    this.#repeated += 1;
    const isTurnOfAll = this.#repeated % HEAVY_TIMES === 0;
    for (const prompt of this.waiting) if (isTurnOfAll || !isHeavy(prompt)) this.#send(prompt);
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

function isHeavy({ text, attachments = [] }: Queued): boolean {
  return attachments.reduce((sum, one) => sum + one.text.length, text.length) >= HEAVY;
}
