/**
 * The page's end of a chat: one for each widget model, whatever the number of its views.
 *
 * It holds the list of turns, what waits for the running one, and what was sent and not heard, and tells the views.
 */

import { Asks } from "../asks.ts";
import { Comm, type Model } from "../comm.ts";
import type { Fields } from "../fields.ts";
import { pageId } from "../page.ts";
import { Turn } from "../turn.ts";
import type { State } from "../wire.ts";
import { type Change, Changes } from "./changes.ts";
import { Sends } from "./sends.ts";
import { Settings } from "./settings.ts";
import { canContinue, canRetry, type Exchange, promptOf } from "./turns.ts";
import {
  type Attachment,
  type FromChat,
  type List,
  type Meter,
  type Queued,
  type Refusal,
  readChatMessage,
  readChatState,
  type ToChat,
} from "./wire.ts";

/** What may be known of a turn before it is asked for. */
type Snapshots = ReadonlyMap<string, State>;

export class ChatLink {
  /** The turns from the first to the head. Another list whenever it has changed. */
  exchanges: readonly Exchange[] = [];
  /** Prompts that wait for the running turn. */
  queue: readonly Queued[] = [];
  /** The prompt that has left the queue, and is no turn yet: a key ring or a local model may take seconds. */
  starting: Queued | null = null;
  /** Of a turn that has others beside it, the ids of all of them. */
  branches: List["branches"] = new Map();
  meter: Meter = { context: null, window: null, cost: null, currency: "" };
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

  /** What is to become of the tree. */
  readonly changes = new Changes(() => this.#tell());
  /** Questions to the kernel that change nothing there. */
  readonly asks = new Asks((message) => this.#send(message as ToChat));

  readonly #comm: Comm;
  readonly #views = new Set<() => void>();
  /** Ids of all that this page has sent: to others it is not told what was refused. */
  readonly #sent = new Set<string>();
  readonly #taken = new Set<string>();
  #rev = Number.NEGATIVE_INFINITY;

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
    return !this.gone && (isComing || this.changes.beginsTurn || this.running !== null);
  }

  /** Whether something has not been heard for long: the kernel computes. */
  get isUnheard(): boolean {
    return this.sends.isUnheard || this.changes.isUnheard;
  }

  /** Whether the tree of turns can be changed: not while one runs, or is to, and one change at a time. */
  get canChange(): boolean {
    return !this.gone && !this.isAsking && this.changes.pending === null;
  }

  /** Whether the last turn can be asked again. */
  get canRetry(): boolean {
    return this.canChange && canRetry(this.exchanges.at(-1)?.turn);
  }

  /** Whether the last answer can be gone on with. */
  get canContinue(): boolean {
    return this.canChange && canContinue(this.exchanges.at(-1)?.turn);
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
  send(text: string, attachments: readonly Attachment[] = []): string {
    const id = this.#newId();
    this.sends.begin({ id, text, ...(attachments.length ? { attachments } : {}) });
    this.#tell();
    return id;
  }

  /** Ask with another prompt than a turn was asked with, beside it. Returns the id of the prompt. */
  edit(turn: string, text: string): string {
    const id = this.#newId();
    this.#change({ type: "edit", id, turn, text });
    return id;
  }

  /** Ask a turn's prompt again, beside it. */
  regenerate(turn: string): void {
    this.#change({ type: "regenerate", turn });
  }

  /** Have the model go on with the last answer, which was cut off. */
  continueAnswer(): void {
    this.#change({ type: "continue" });
  }

  /** Show another branch: the one that a turn is in. */
  select(turn: string): void {
    this.#change({ type: "select", turn });
  }

  /** Take a turn out of the conversation; those that follow it stay. */
  remove(turn: string): void {
    this.#change({ type: "delete", turn });
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
    if (this.canRetry) this.#change({ type: "retry" });
  }

  /** Let go of the model. */
  dispose(): void {
    this.#comm.dispose();
    this.settings.dispose();
    this.sends.pause();
    this.changes.end();
    this.asks.lose();
    for (const { turn } of this.exchanges) turn.dispose();
    this.#views.clear();
  }

  #newId(): string {
    const id = pageId();
    this.#sent.add(id);
    this.refusal = null;
    return id;
  }

  #change(message: Change): void {
    if (!this.canChange) return;
    this.refusal = null;
    this.changes.begin(message);
    this.#send(message);
    this.#tell();
  }

  #receive(data: Fields): void {
    if (this.asks.hear(data)) return;
    const message = readChatMessage(data);
    if (message === null) return;
    this.#find();
    this.#act(message);
    this.#tell();
  }

  #act(message: FromChat): void {
    if (message.type === "chat") this.#adopt(message);
    else if (message.type === "turn") this.#receiveTurn(message);
    else if (message.type === "turns") this.#adoptTurns(message.snapshots);
    else if (message.type === "refused") this.#refuse(message);
  }

  /** The trait holds what the model was opened with, or opened again. */
  #reopen(data: unknown): void {
    const state = readChatState(data);
    if (state === null) return;
    this.#find();
    this.tools = state.tools;
    this.#adopt(state, state.snapshots);
    this.#adoptTurns(state.snapshots);
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
    this.branches = list.branches;
    this.meter = list.meter;
    this.#taken.clear();
    this.changes.hear(isNew || this.running !== null);
    if (this.queue.length === 0 && !this.isAsking) this.sends.forget();
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

  /** Take a new path in. Tells whether it is another. */
  #exchangeTurns(ids: readonly string[], begun: readonly Queued[], snapshots: Snapshots): boolean {
    if (ids.join() === this.exchanges.map(({ id }) => id).join()) return false;
    const known = new Map(this.exchanges.map((exchange) => [exchange.id, exchange]));
    const head = ids.at(-1);
    this.exchanges = ids.map((id) => {
      const exchange = known.get(id) ?? this.#makeExchange(id, snapshots.get(id));
      return known.delete(id) || id !== head || snapshots.has(id)
        ? exchange
        : this.#begin(exchange, begun);
    });
    for (const { turn } of known.values()) turn.dispose();
    return true;
  }

  /** Of another branch the turns come by themselves, and may be many: the views ask for what is missing. */
  #makeExchange(id: string, state: State | undefined): Exchange {
    const turn = new Turn((message) => this.#send({ type: "turn", id, message }));
    turn.subscribe(() => this.#tell());
    if (state) this.sends.hearText(state.snapshot.turn.prompt);
    return { id, turn, sent: "", sinceMs: performance.now() };
  }

  /** A new head was begun just now, unless another branch was asked for: by this page's change, or what was sent first. */
  #begin(exchange: Exchange, begun: readonly Queued[]): Exchange {
    if (this.changes.pending?.type === "select") return exchange;
    exchange.turn.request();
    const sent = this.changes.beginsTurn
      ? this.#changedPrompt()
      : (begun[0] ?? this.sends.hearNext())?.text;
    return { ...exchange, sent: sent ?? "" };
  }

  /** The prompt of the turn that is to come of a change. */
  #changedPrompt(): string | undefined {
    const { pending } = this.changes;
    if (pending?.type === "edit") return pending.text;
    const id = pending?.type === "regenerate" ? pending.turn : this.exchanges.at(-1)?.id;
    const old = this.exchanges.find((exchange) => exchange.id === id);
    return old && promptOf(old);
  }

  #adoptTurns(snapshots: Snapshots): void {
    for (const { id, turn } of snapshots.size > 0 ? this.exchanges : []) {
      const state = snapshots.get(id);
      if (state) turn.adopt(state);
    }
  }

  /** A prompt that was sent while another branch was on its way is heard by its text. */
  #receiveTurn({ id, message }: Extract<FromChat, { type: "turn" }>): void {
    const exchange = this.exchanges.findLast((one) => one.id === id);
    if (!exchange) return;
    const isNew = exchange.turn.snapshot === null && exchange.sent === "";
    exchange.turn.receive(message);
    if (isNew) this.sends.hearText(promptOf(exchange));
  }

  /** What has no id was not a prompt: a turn that was to be asked again. */
  #refuse(refusal: Refusal): void {
    if (refusal.id !== "" && !this.#sent.has(refusal.id)) return;
    this.sends.hear(refusal.id);
    this.starting = null;
    this.changes.end();
    this.refusal = { attachments: this.sends.attachmentsOf(refusal.id), ...refusal };
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
    this.changes.end();
    this.asks.lose();
    if (this.gone) return;
    this.gone = true;
    for (const { turn } of this.exchanges) turn.lose();
    this.#tell();
  }

  #tell(): void {
    for (const view of this.#views) view();
  }
}

function without(queue: readonly Queued[], other: readonly Queued[]): Queued[] {
  const ids = new Set(other.map(({ id }) => id));
  return queue.filter(({ id }) => !ids.has(id));
}
