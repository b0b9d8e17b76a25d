/**
 * The page's end of a widget model: what it says and hears, and whether there is a kernel behind it.
 *
 * The kernel may be gone at any time, and nothing here breaks then.
 */

import { type Fields, isFields } from "./fields.ts";

/** What of an anywidget model is used here. */
export interface Model {
  get(name: string): unknown;
  set?(name: string, value: unknown): void;
  save_changes?(): void;
  send(message: object): void;
  on(name: string, callback: (...values: unknown[]) => void): void;
  off(name: string, callback: (...values: unknown[]) => void): void;
  /** Hosts that pass their own model on have it; where it is missing, events tell. */
  readonly comm_live?: boolean;
}

/** What is told of a model. */
export interface Listener {
  /** A message has come. */
  receive(message: Fields): void;
  /** The trait `state` has a value: the model was opened, or opened again. */
  reopen(state: unknown): void;
  /** The kernel can no longer be reached. */
  lose(): void;
}

const READY_INTERVAL_MS = 250;
const READY_MAX = 40;

export class Comm {
  readonly #model: Model;
  readonly #hello: object;
  readonly #listener: Listener;
  readonly #callbacks: readonly [string, (...values: unknown[]) => void][];
  #greetings = 0;
  #greeter: ReturnType<typeof setInterval> | undefined;

  /** `page` is a random id of this page, `language` its language. */
  constructor(model: Model, page: string, language: string, listener: Listener) {
    this.#model = model;
    this.#hello = { type: "ready", page, language };
    this.#listener = listener;
    this.#callbacks = [
      ["msg:custom", (message) => this.#receive(message)],
      ["change:state", () => listener.reopen(model.get("state"))],
      ["comm:close", () => listener.lose()],
      ["destroy", () => listener.lose()],
      ["comm_live_update", () => this.#checkLive(model.comm_live === true)],
    ];
    for (const [name, callback] of this.#callbacks) model.on(name, callback);
  }

  /** Whether the model is known to be without a kernel. */
  get isDead(): boolean {
    return this.#model.comm_live === false;
  }

  /** Say `ready` until the kernel has pinned the page. */
  greet(): void {
    const greet = () => {
      this.send(this.#hello);
      this.#greetings += 1;
      if (this.#greetings >= READY_MAX) this.quiet();
    };
    this.#greeter = setInterval(greet, READY_INTERVAL_MS);
    greet();
  }

  /** Say `ready` no more. */
  quiet(): void {
    clearInterval(this.#greeter);
  }

  /** A comm whose kernel is gone may throw, or drop the message. */
  send(message: object): void {
    try {
      this.#model.send(message);
    } catch {
      this.#listener.lose();
    }
  }

  /** Let go of the model. */
  dispose(): void {
    for (const [name, callback] of this.#callbacks) this.#model.off(name, callback);
    this.quiet();
  }

  #receive(message: unknown): void {
    if (!isFields(message)) return;
    if (message.type === "pinned") this.quiet();
    this.#listener.receive(message);
  }

  #checkLive(isLive: boolean): void {
    if (!isLive) this.#listener.lose();
  }
}
