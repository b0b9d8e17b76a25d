/** Questions that follow what is being written: only the answer to the newest counts. */

import type { Fields } from "../fields.ts";

/** A pause in writing. */
const PAUSE_MS = 100;
/** A kernel that is busy is not asked at each letter: it would have to answer all of them afterwards. */
const PATIENCE_MS = 5000;

export class Newest<Wish> {
  readonly #ask: (wish: Wish) => Promise<Fields>;
  readonly #take: (body: Fields) => void;
  #wish: Wish | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;

  /** `take` is given the answer to what is still wished for. What is refused is not told. */
  constructor(ask: (wish: Wish) => Promise<Fields>, take: (body: Fields) => void) {
    this.#ask = ask;
    this.#take = take;
  }

  /** Ask, as soon as nothing else is wished for. */
  want(wish: Wish): void {
    this.cancel();
    this.#wish = wish;
    this.#timer = setTimeout(() => this.#go(), PAUSE_MS);
  }

  /** No answer is wished for. */
  cancel(): void {
    this.#wish = null;
    clearTimeout(this.#timer);
  }

  #go(): void {
    const wish = this.#wish;
    const now = performance.now();
    if (wish === null || now - this.#askedAt < PATIENCE_MS) return;
    this.#askedAt = now;
    const end = (body: Fields | null) => {
      this.#askedAt = Number.NEGATIVE_INFINITY;
      if (this.#wish !== wish) this.#go();
      else if (body) this.#take(body);
    };
    this.#ask(wish).then(end, () => end(null));
  }
}
