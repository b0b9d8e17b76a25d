/** A kernel for the tests, as far as a page can see one. */

import type { Model } from "../src/comm.ts";
import { fold } from "../src/state.ts";
import {
  type Incoming,
  type Outgoing,
  readEvent,
  readMessage,
  readSnapshot,
  type Snapshot,
} from "../src/wire.ts";

type Wire = Record<string, unknown>;

/** A snapshot as it is on the wire. */
export function wireSnapshot(changes: Wire = {}): Wire {
  return {
    version: 1,
    seq: 0,
    turn: {
      id: "t-1",
      model: "glm-5",
      endpoint: "api.example",
      conversation: "default",
      simulated: false,
      prompt: "Hi",
    },
    status: "waiting",
    parts: [],
    usage: null,
    finish_reason: null,
    first_token_s: null,
    elapsed_s: null,
    error: null,
    notes: [],
    ...changes,
  };
}

/** A snapshot as the page holds it. */
export function snapshot(changes: Wire = {}): Snapshot {
  return readSnapshot(wireSnapshot(changes)) as Snapshot;
}

/** A batch of events as the page reads it. */
export function batch(seq: number, ...events: unknown[]): Extract<Incoming, { type: "events" }> {
  return readMessage({ type: "events", seq, now_s: 1, events }) as Extract<
    Incoming,
    { type: "events" }
  >;
}

/** A widget model that records what the page sends, and through which a test plays the kernel. */
export class FakeModel implements Model {
  readonly sent: Outgoing[] = [];
  comm_live?: boolean;
  isDead = false;
  state: unknown;
  readonly #callbacks = new Map<string, Set<(...values: unknown[]) => void>>();

  constructor(state: unknown = { now_s: 0, snapshot: wireSnapshot() }) {
    this.state = state;
  }

  get(name: string): unknown {
    return name === "state" ? this.state : undefined;
  }

  send(message: Outgoing): void {
    if (this.isDead) throw new Error("Cannot send");
    this.sent.push(message);
  }

  on(name: string, callback: (...values: unknown[]) => void): void {
    const callbacks = this.#callbacks.get(name) ?? new Set();
    this.#callbacks.set(name, callbacks.add(callback));
  }

  off(name: string, callback: (...values: unknown[]) => void): void {
    this.#callbacks.get(name)?.delete(callback);
  }

  fire(name: string, ...values: unknown[]): void {
    for (const callback of this.#callbacks.get(name) ?? []) callback(...values);
  }

  /** How many listeners there are. */
  get listening(): number {
    return [...this.#callbacks.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** How many messages of a type the page has sent. */
  count(type: Outgoing["type"]): number {
    return this.sent.filter((message) => message.type === type).length;
  }
}

/** A kernel that folds what it sends, and answers when it is asked to. */
export class FakeKernel {
  readonly model: FakeModel;
  snapshot: Snapshot = snapshot();
  wire: Wire[] = [];
  nowS = 0;

  constructor(model = new FakeModel()) {
    this.model = model;
  }

  /** Send events, as one batch. */
  send(...events: Wire[]): void {
    const seq = this.snapshot.seq + 1;
    this.wire.push(...events);
    this.snapshot = events.map(readEvent).reduce(fold, this.snapshot);
    this.model.fire("msg:custom", { type: "events", seq, now_s: this.nowS, events }, []);
  }
}

export const started = (kind: string, at_s = 0.5, id = "", name = ""): Wire => ({
  type: "part_started",
  kind,
  at_s,
  id,
  name,
});
export const delta = (index: number, text: string): Wire => ({ type: "delta", index, text });
export const ended = (index: number, at_s: number): Wire => ({ type: "part_ended", index, at_s });
export const finished = (status: string, at_s = 9, error: Wire | null = null): Wire => ({
  type: "finished",
  status,
  finish_reason: status === "complete" ? "stop" : null,
  error,
  at_s,
});

/** A snapshot of a kernel as it is sent. */
export function onWire({ snapshot }: FakeKernel): unknown {
  const snake = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return JSON.parse(JSON.stringify(snapshot), (_, value: unknown) => {
    const isFields = typeof value === "object" && value !== null && !Array.isArray(value);
    if (!isFields) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [snake(key), one]));
  });
}

export const inState = (index: number, state: string, at_s = 1): Wire => ({
  type: "tool_state",
  index,
  state,
  at_s,
});
export const output = (index: number, mime: string, data: string): Wire => ({
  type: "tool_output",
  index,
  output: { mime, data },
});
export const result = (index: number, text: string, traceback = ""): Wire => ({
  type: "tool_result",
  index,
  result: { text, traceback },
});
