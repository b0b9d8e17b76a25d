/**
 * The page's end of the channel: one for each widget model, whatever the number of its views.
 *
 * It holds the turn's state, sees to it that none of it is missing, and tells the views. The kernel may be gone at any
 * time, and nothing here breaks then.
 */

import { CallRequests } from "./requests.ts";
import { applyBatch } from "./state.ts";
import {
  type Incoming,
  isEnd,
  type Outgoing,
  readMessage,
  readState,
  type Snapshot,
  type State,
} from "./wire.ts";

/** What of an anywidget model is used here. */
export interface Model {
  get(name: string): unknown;
  send(message: Outgoing): void;
  on(name: string, callback: (...values: unknown[]) => void): void;
  off(name: string, callback: (...values: unknown[]) => void): void;
  /** Hosts that pass their own model on have it; where it is missing, events tell. */
  readonly comm_live?: boolean;
}

const READY_INTERVAL_MS = 250;
const READY_MAX = 40;
/** How long an answer to a `snapshot_request` is waited for before it is asked again. */
const ANSWER_MS = 1000;
/** How long Stop may go unheard before the view says what else can be done. */
const STOP_MS = 2000;

export class Link {
  /** The turn, once it is known. */
  snapshot: Snapshot | null = null;
  /** What has become of the reader's Stop. */
  stop: "none" | "sent" | "unheard" = "none";
  /** What the reader asks of single tool calls. */
  readonly calls = new CallRequests(
    (request) => this.#send(request),
    () => this.#tell(),
  );

  readonly #model: Model;
  readonly #hello: Outgoing;
  readonly #views = new Set<() => void>();
  readonly #listeners: readonly [string, (...values: unknown[]) => void][];
  #startedAt = performance.now();
  /** The clock stands from when the kernel was lost. */
  #lostAt: number | null = null;
  #requestedAt = Number.NEGATIVE_INFINITY;
  #greetings = 0;
  #greeter: ReturnType<typeof setInterval> | undefined;
  #stopTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(model: Model, page: string, language: string) {
    this.#model = model;
    this.#hello = { type: "ready", page, language };
    this.#listeners = [
      ["msg:custom", (message) => this.#receive(readMessage(message))],
      ["change:state", () => this.#adoptTrait()],
      ["comm:close", () => this.#lose()],
      ["destroy", () => this.#lose()],
      ["comm_live_update", () => this.#checkLive()],
    ];
    for (const [name, callback] of this.#listeners) model.on(name, callback);
    this.#adoptTrait();
    if (model.comm_live === false) this.#lose();
    if (!this.#isOver()) this.#greet();
    if (this.snapshot === null) this.#request();
  }

  /** The age of the turn in seconds, as the kernel's clock has it. */
  get ageS(): number {
    return ((this.#lostAt ?? performance.now()) - this.#startedAt) / 1000;
  }

  /** Whether the kernel can no longer be reached, and the turn has not ended. */
  get gone(): boolean {
    return this.#lostAt !== null;
  }

  /** Be told of every change. Returns how to end that. */
  subscribe(view: () => void): () => void {
    this.#views.add(view);
    return () => this.#views.delete(view);
  }

  /** Ask the kernel to stop the turn. All views show it at once. */
  requestStop(): void {
    if (this.stop !== "none" || this.#isOver()) return;
    this.#send({ type: "stop" });
    this.stop = "sent";
    this.#stopTimer = setTimeout(() => {
      this.stop = "unheard";
      this.#tell();
    }, STOP_MS);
    this.#tell();
  }

  /** Let go of the model. */
  dispose(): void {
    for (const [name, callback] of this.#listeners) this.#model.off(name, callback);
    this.#quiet();
    this.#views.clear();
  }

  #receive(message: Incoming | null): void {
    if (message === null) return;
    this.#lostAt = null;
    if (message.type === "pinned") clearInterval(this.#greeter);
    else if (message.type === "events") this.#applyBatch(message);
    else this.#answered(message);
  }

  #answered({ snapshot, nowS }: State): void {
    this.#requestedAt = Number.NEGATIVE_INFINITY;
    this.#adopt(snapshot, nowS);
  }

  #applyBatch(batch: Extract<Incoming, { type: "events" }>): void {
    const after = this.snapshot && applyBatch(this.snapshot, batch);
    if (after === null) this.#request();
    else if (after !== this.snapshot) this.#adopt(after, batch.nowS);
  }

  /** The trait holds what the model was opened with, or opened again. */
  #adoptTrait(): void {
    const state = readState(this.#model.get("state"));
    if (state === null) return;
    this.#lostAt = null;
    this.#adopt(state.snapshot, state.nowS);
  }

  #adopt(snapshot: Snapshot, nowS: number): void {
    if (this.snapshot && snapshot.seq < this.snapshot.seq) return;
    this.snapshot = snapshot;
    this.#startedAt = performance.now() - nowS * 1000;
    this.calls.settle(snapshot.parts);
    if (isEnd(snapshot.status)) this.#quiet();
    this.#tell();
  }

  #greet(): void {
    const greet = () => {
      this.#send(this.#hello);
      this.#greetings += 1;
      if (this.#greetings >= READY_MAX) clearInterval(this.#greeter);
    };
    this.#greeter = setInterval(greet, READY_INTERVAL_MS);
    greet();
  }

  #request(): void {
    const now = performance.now();
    if (now - this.#requestedAt < ANSWER_MS) return;
    this.#requestedAt = now;
    this.#send({ type: "snapshot_request" });
  }

  /** A comm whose kernel is gone may throw, or drop the message. */
  #send(message: Outgoing): void {
    try {
      this.#model.send(message);
    } catch {
      this.#lose();
    }
  }

  #checkLive(): void {
    if (this.#model.comm_live !== true) this.#lose();
  }

  #lose(): void {
    this.#quiet();
    if (this.gone || this.#isOver()) return;
    this.#lostAt = performance.now();
    this.#tell();
  }

  #isOver(): boolean {
    return this.gone || (this.snapshot !== null && isEnd(this.snapshot.status));
  }

  #quiet(): void {
    clearInterval(this.#greeter);
    clearTimeout(this.#stopTimer);
    this.calls.clear();
  }

  #tell(): void {
    for (const view of this.#views) view();
  }
}
