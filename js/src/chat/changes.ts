/** The change of the tree of turns that was asked for, until the kernel has told what came of it: one at a time. */

import type { ToChat } from "./wire.ts";

/** How long a change may go unheard before the view says so. */
const UNHEARD_MS = 1500;
/** How long the turn of a change that was heard is waited for: a key ring or a local model may take seconds. */
const BEGIN_MS = 10_000;

export type Change = Extract<
  ToChat,
  { type: "retry" | "edit" | "regenerate" | "continue" | "select" | "delete" }
>;

export class Changes {
  /** What the kernel has not told the end of. */
  pending: Change | null = null;
  /** Whether it has waited for long to be heard. */
  isUnheard = false;
  readonly #tell: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `tell` is called when one has waited for long. */
  constructor(tell: () => void) {
    this.#tell = tell;
  }

  /** Whether a turn is to come of it. */
  get beginsTurn(): boolean {
    const type = this.pending?.type;
    return type !== undefined && type !== "select" && type !== "delete";
  }

  begin(change: Change): void {
    this.#wait(UNHEARD_MS, () => {
      this.isUnheard = true;
    });
    this.pending = change;
  }

  /** The kernel has told its list. `isDone` if it is another, or a turn runs: then nothing more comes of the change. */
  hear(isDone: boolean): void {
    if (this.pending === null) return;
    if (isDone || !this.beginsTurn) this.end();
    else this.#wait(BEGIN_MS, () => this.end());
  }

  /** Nothing comes of it any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.pending = null;
    this.isUnheard = false;
  }

  #wait(ms: number, then: () => void): void {
    clearTimeout(this.#timer);
    this.isUnheard = false;
    this.#timer = setTimeout(() => {
      then();
      this.#tell();
    }, ms);
  }
}
