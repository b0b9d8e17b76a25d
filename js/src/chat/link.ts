/**
 * The page's end of a chat: one for each widget model, whatever the number of its views.
 *
 * It holds the list of turns, what waits for the running one, and what was sent and not heard, and tells the views.
 */

import { Comm, type Model } from "../comm.ts";
import type { Fields } from "../fields.ts";
import { pageId } from "../page.ts";
import { Turn } from "../turn.ts";
import { isEnd, type State } from "../wire.ts";
import { Sends } from "./sends.ts";
import { Settings } from "./settings.ts";
import {
  type ChatState,
  type FromChat,
  type List,
  type Queued,
  type Refusal,
  readChatMessage,
  readChatState,
  type ToChat,
} from "./wire.ts";

/** A prompt and its turn. */
export interface Exchange {
  readonly id: string;
  readonly turn: Turn;
  /** The prompt as this page knows it until the turn tells. */
  readonly sent: string;
}

/** What may be known of a turn before it is asked for. */
type Snapshots = ReadonlyMap<string, State>;

export class ChatLink {
  /** The turns from the first to the head. Another list whenever it has changed. */
  exchanges: readonly Exchange[] = [];
  /** Prompts that wait for the running turn. */
  queue: readonly Queued[] = [];
  /** The prompt that has left the queue, and is no turn yet: a key ring or a local model may take seconds. */
  starting: Queued | null = null;
  /** Names of the tools that can be called. */
  tools: readonly string[] = [];
  /** Why the last prompt could not be sent. */
  refusal: Refusal | null = null;
  /** Whether the kernel can no longer be reached. */
  gone = false;
  readonly settings: Settings;
  /** What was sent and not heard. */
  readonly sends = new Sends(
    (prompt) => this.#send({ type: "send", ...prompt }),
    () => this.#tell(),
  );

  readonly #comm: Comm;
  readonly #views = new Set<() => void>();
  /** Ids of all that this page has sent: to others it is not told what was refused. */
  readonly #sent = new Set<string>();
  readonly #taken = new Set<string>();
  #rev = Number.NEGATIVE_INFINITY;
  /** The turn that was last asked again. */
  #retried: string | null = null;

  constructor(model: Model, page: string, language: string) {
    this.settings = new Settings(model, () => this.#tell());
    this.#comm = new Comm(model, page, language, {
      receive: (message) => this.#receive(message),
      reopen: (state) => this.#reopen(state),
      lose: () => this.#lose(),
    });
    this.#reopen(model.get("state"));
    if (this.#comm.isDead) this.#lose();
    else this.#comm.greet();
  }

  /** The turn that runs, if one does. */
  get running(): Turn | null {
    const turn = this.exchanges.at(-1)?.turn;
    return turn && !turn.isOver ? turn : null;
  }

  /** Whether a turn runs, or is to as soon as it can: there is something to stop. */
  get isAsking(): boolean {
    const isComing = this.starting !== null || this.sends.waiting.length > 0;
    return !this.gone && (isComing || this.running !== null);
  }

  /** Whether the last turn can be asked again. */
  get canRetry(): boolean {
    const last = this.exchanges.at(-1);
    const status = last?.turn.snapshot?.status;
    if (!last || !status || this.gone || this.isAsking || last.id === this.#retried) return false;
    return isEnd(status) && status !== "complete";
  }

  /** The prompt that was written last; empty where there is none. */
  get lastPrompt(): string {
    const waiting = this.sends.waiting.at(-1) ?? this.queue.at(-1) ?? this.starting;
    const last = this.exchanges.at(-1);
    return waiting?.text ?? (last ? promptOf(last) : "");
  }

  /** Be told of every change. Returns how to end that. */
  subscribe(view: () => void): () => void {
    this.#views.add(view);
    return () => this.#views.delete(view);
  }

  /** Send a prompt. Returns its id. */
  send(text: string): string {
    const id = pageId();
    this.#sent.add(id);
    this.refusal = null;
    this.sends.begin({ id, text });
    this.#tell();
    return id;
  }

  /** Take a prompt out of the queue. */
  unqueue(id: string): void {
    this.#taken.add(id);
    this.#send({ type: "unqueue", id });
    this.#tell();
  }

  /** Whether a prompt was taken back, and the kernel has not done it yet. */
  isTaken(id: string): boolean {
    return this.#taken.has(id);
  }

  /** Stop the running turn. */
  stop(): void {
    if (this.running) this.running.requestStop();
    else this.#send({ type: "stop" });
  }

  /** Ask the last prompt again. */
  retry(): void {
    if (!this.canRetry) return;
    this.#retried = this.exchanges.at(-1)?.id ?? null;
    this.refusal = null;
    this.#send({ type: "retry" });
    this.#tell();
  }

  /** Let go of the model. */
  dispose(): void {
    this.#comm.dispose();
    this.settings.dispose();
    this.sends.pause();
    for (const { turn } of this.exchanges) turn.dispose();
    this.#views.clear();
  }

  #receive(data: Fields): void {
    const message = readChatMessage(data);
    if (message === null) return;
    this.#find();
    this.#act(message);
    this.#tell();
  }

  #act(message: FromChat): void {
    if (message.type === "chat") this.#adopt(message);
    else if (message.type === "turn") this.#turnOf(message.id)?.receive(message.message);
    else if (message.type === "refused") this.#refuse(message);
  }

  /** The trait holds what the model was opened with, or opened again. */
  #reopen(data: unknown): void {
    const state = readChatState(data);
    if (state === null) return;
    this.#find();
    this.tools = state.tools;
    this.#adopt(state, state.snapshots);
    this.#adoptTurns(state);
    this.#tell();
  }

  #adopt(list: List, snapshots: Snapshots = new Map()): void {
    if (list.rev < this.#rev) return;
    this.#rev = list.rev;
    this.sends.note();
    const wasIdle = this.running === null;
    const left = this.#exchangeQueue(list.queue);
    const begun = this.starting ? [this.starting, ...left] : left;
    const isNew = this.#exchangeTurns(list.turns, [...begun], snapshots);
    // What left while a turn ran was taken back, in another page perhaps.
    this.starting = isNew || !wasIdle ? null : (begun[0] ?? null);
    this.#taken.clear();
    this.#retried = null;
  }

  /** Take a new queue in. Returns what is in it no more. */
  #exchangeQueue(queue: readonly Queued[]): Queued[] {
    const before = this.queue;
    this.queue = queue;
    for (const { id } of queue) {
      this.sends.hear(id);
      if (id === this.starting?.id) this.starting = null; // another turn was first
    }
    return without(before, queue).filter(({ id }) => !this.#taken.has(id));
  }

  /** A new turn comes of what was first in the queue, else of what was sent first. Tells whether the list is another. */
  #exchangeTurns(ids: readonly string[], begun: Queued[], snapshots: Snapshots): boolean {
    if (ids.join() === this.exchanges.map(({ id }) => id).join()) return false;
    const known = new Map(this.exchanges.map((exchange) => [exchange.id, exchange]));
    const exchanges = ids.map(
      (id) => known.get(id) ?? this.#begin(id, snapshots.get(id), begun.shift()),
    );
    for (const id of ids) known.delete(id);
    for (const { turn } of known.values()) turn.dispose();
    this.exchanges = exchanges;
    return true;
  }

  #begin(id: string, state: State | undefined, queued: Queued | undefined): Exchange {
    const turn = new Turn((message) => this.#send({ type: "turn", id, message }));
    turn.subscribe(() => this.#tell());
    if (state) {
      this.sends.hearText(state.snapshot.turn.prompt);
      return { id, turn, sent: "" };
    }
    turn.request();
    return { id, turn, sent: (queued ?? this.sends.hearNext())?.text ?? "" };
  }

  #adoptTurns({ snapshots }: ChatState): void {
    for (const { id, turn } of this.exchanges) {
      const state = snapshots.get(id);
      if (state) turn.adopt(state);
    }
  }

  #turnOf(id: string): Turn | undefined {
    return this.exchanges.findLast((exchange) => exchange.id === id)?.turn;
  }

  /** What has no id was not a prompt: a Retry. */
  #refuse(refusal: Refusal): void {
    if (refusal.id !== "" && !this.#sent.has(refusal.id)) return;
    this.sends.hear(refusal.id);
    this.starting = null;
    this.#retried = null;
    this.refusal = refusal;
  }

  #send(message: ToChat): void {
    this.#comm.send(message);
  }

  /** The kernel speaks, perhaps again. */
  #find(): void {
    this.sends.resume();
    if (!this.gone) return;
    this.gone = false;
    for (const { turn } of this.exchanges) if (turn.gone) turn.request();
  }

  #lose(): void {
    this.#comm.quiet();
    this.sends.pause();
    if (this.gone) return;
    this.gone = true;
    for (const { turn } of this.exchanges) turn.lose();
    this.#tell();
  }

  #tell(): void {
    for (const view of this.#views) view();
  }
}

/** The prompt of an exchange. */
export function promptOf({ turn, sent }: Exchange): string {
  return turn.snapshot?.turn.prompt ?? sent;
}

function without(queue: readonly Queued[], other: readonly Queued[]): Queued[] {
  const ids = new Set(other.map(({ id }) => id));
  return queue.filter(({ id }) => !ids.has(id));
}
