/**
 * The page's copy of one turn, whatever the number of its views and wherever its messages come from.
 *
 * It sees to it that nothing of the turn is missing, and tells the views of every change.
 */

import { CallRequests } from "./requests.ts";
import { applyBatch } from "./state.ts";
import { type Incoming, isEnd, type Outgoing, type Snapshot, type State } from "./wire.ts";

/** How long an answer to a `snapshot_request` is waited for before it is asked again. */
const ANSWER_MS = 1000;
/** How long Stop may go unheard before the view says what else can be done. */
const STOP_MS = 2000;

export class Turn {
  /** The turn, once it is known. */
  snapshot: Snapshot | null = null;
  /** What has become of the reader's Stop. */
  stop: "none" | "sent" | "unheard" = "none";
  /** What the reader asks of single tool calls. */
  readonly calls = new CallRequests(
    (request) => this.#send(request),
    () => this.#tell(),
  );

  readonly #send: (message: Outgoing) => void;
  readonly #views = new Set<() => void>();
  #startedAt = performance.now();
  /** The clock stands from when the kernel was lost. */
  #lostAt: number | null = null;
  #requestedAt = Number.NEGATIVE_INFINITY;
  #stopTimer: ReturnType<typeof setTimeout> | undefined;

  /** `send` brings a message to the kernel. */
  constructor(send: (message: Outgoing) => void) {
    this.#send = send;
  }

  /** The age of the turn in seconds, as the kernel's clock has it. */
  get ageS(): number {
    return ((this.#lostAt ?? performance.now()) - this.#startedAt) / 1000;
  }

  /** Whether the kernel can no longer be reached, and the turn has not ended. */
  get gone(): boolean {
    return this.#lostAt !== null;
  }

  /** Whether nothing more can come. */
  get isOver(): boolean {
    return this.gone || (this.snapshot !== null && isEnd(this.snapshot.status));
  }

  /** Be told of every change. Returns how to end that. */
  subscribe(view: () => void): () => void {
    this.#views.add(view);
    return () => this.#views.delete(view);
  }

  /** Ask the kernel to stop the turn. All views show it at once. */
  requestStop(): void {
    if (this.stop !== "none" || this.isOver) return;
    this.#send({ type: "stop" });
    this.stop = "sent";
    this.#stopTimer = setTimeout(() => {
      this.stop = "unheard";
      this.#tell();
    }, STOP_MS);
    this.#tell();
  }

  /** Take in a message of the kernel. */
  receive(message: Incoming): void {
    this.#lostAt = null;
    if (message.type === "events") this.#applyBatch(message);
    else if (message.type === "snapshot") this.#answered(message);
  }

  /** Take in what the turn has come to, if it is not older than what is known. */
  adopt({ snapshot, nowS }: State): void {
    this.#lostAt = null;
    this.#adopt(snapshot, nowS);
  }

  /** Ask for the snapshot, unless that was done just now. */
  request(): void {
    const now = performance.now();
    if (now - this.#requestedAt < ANSWER_MS) return;
    this.#requestedAt = now;
    this.#send({ type: "snapshot_request" });
  }

  /** The kernel can no longer be reached. */
  lose(): void {
    this.quiet();
    if (this.isOver) return;
    this.#lostAt = performance.now();
    this.#tell();
  }

  /** Let go of the views. */
  dispose(): void {
    this.quiet();
    this.#views.clear();
  }

  /** Wait for nothing any more. */
  protected quiet(): void {
    clearTimeout(this.#stopTimer);
    this.calls.clear();
  }

  #answered({ snapshot, nowS }: State): void {
    this.#requestedAt = Number.NEGATIVE_INFINITY;
    this.#adopt(snapshot, nowS);
  }

  #applyBatch(batch: Extract<Incoming, { type: "events" }>): void {
    const after = this.snapshot && applyBatch(this.snapshot, batch);
    if (after === null) this.request();
    else if (after !== this.snapshot) this.#adopt(after, batch.nowS);
  }

  #adopt(snapshot: Snapshot, nowS: number): void {
    if (this.snapshot && snapshot.seq < this.snapshot.seq) return;
    this.snapshot = snapshot;
    this.#startedAt = performance.now() - nowS * 1000;
    this.calls.settle(snapshot.parts);
    if (isEnd(snapshot.status)) this.quiet();
    this.#tell();
  }

  #tell(): void {
    for (const view of this.#views) view();
  }
}
