/** A turn that has a widget model to itself: the page's end of its channel, one for each model. */

import { Comm, type Model } from "./comm.ts";
import type { Fields } from "./fields.ts";
import { Turn } from "./turn.ts";
import { readMessage, readState } from "./wire.ts";

export class Link extends Turn {
  readonly #comm: Comm;

  constructor(model: Model, page: string, language: string) {
    super((message) => this.#comm.send(message));
    this.#comm = new Comm(model, page, language, {
      receive: (message) => this.#receive(message),
      reopen: (state) => this.#reopen(state),
      lose: () => this.lose(),
    });
    this.#reopen(model.get("state"));
    if (this.#comm.isDead) this.lose();
    if (!this.isOver) this.#comm.greet();
    if (this.snapshot === null) this.request();
  }

  /** Let go of the model. */
  override dispose(): void {
    super.dispose();
    this.#comm.dispose();
  }

  protected override quiet(): void {
    super.quiet();
    this.#comm.quiet();
  }

  #receive(data: Fields): void {
    const message = readMessage(data);
    if (message) this.receive(message);
  }

  /** The trait holds what the model was opened with, or opened again. */
  #reopen(data: unknown): void {
    const state = readState(data);
    if (state) this.adopt(state);
  }
}
