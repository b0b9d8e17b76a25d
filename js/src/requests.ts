/** What the reader has asked of single tool calls, until the kernel has done it. One for each link, so that its views agree. */

import { type CallRequest, isCallEnd, type Part } from "./wire.ts";

/** How long a request may go unheard before the view says so. */
const UNHEARD_MS = 2000;

interface Pending {
  readonly type: CallRequest["type"];
  isUnheard: boolean;
  readonly timer: ReturnType<typeof setTimeout>;
}

export class CallRequests {
  readonly #send: (request: CallRequest) => void;
  readonly #tell: () => void;
  readonly #pending = new Map<number, Pending>();

  /** `tell` is called when something has changed here. */
  constructor(send: (request: CallRequest) => void, tell: () => void) {
    this.#send = send;
    this.#tell = tell;
  }

  /** Ask the kernel, once. A call can be stopped also after another request. */
  ask(request: CallRequest): void {
    const { type, index } = request;
    const before = this.#pending.get(index);
    if (before && (before.type === type || type !== "stop_call")) return;
    this.#drop(index);
    const timer = setTimeout(() => this.#unheard(index), UNHEARD_MS);
    this.#pending.set(index, { type, isUnheard: false, timer });
    this.#send(request);
    this.#tell();
  }

  /** Return what a call was asked for that the kernel has not done yet. */
  of(index: number): Omit<Readonly<Pending>, "timer"> | undefined {
    return this.#pending.get(index);
  }

  /** Forget what the kernel has done. */
  settle(parts: readonly Part[]): void {
    for (const [index, { type }] of this.#pending) {
      if (isDone(type, parts[index])) this.#drop(index);
    }
  }

  /** Forget everything. */
  clear(): void {
    for (const index of this.#pending.keys()) this.#drop(index);
  }

  #unheard(index: number): void {
    const pending = this.#pending.get(index);
    if (pending) pending.isUnheard = true;
    this.#tell();
  }

  #drop(index: number): void {
    clearTimeout(this.#pending.get(index)?.timer);
    this.#pending.delete(index);
  }
}

function isDone(type: CallRequest["type"], part: Part | undefined): boolean {
  if (part?.kind !== "tool_call") return true;
  return type === "stop_call" ? isCallEnd(part.state) : part.state !== "asking";
}
