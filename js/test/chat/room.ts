/** A page with a chat, and a kernel behind it as far as the page can see one. Time passes by fake timers. */

import { afterEach, beforeEach, vi } from "vitest";
import chat from "../../src/chat.ts";
import type { Model } from "../../src/comm.ts";
import { wireSnapshot } from "../helpers.ts";

type Wire = Record<string, unknown>;

let opened: (() => void)[] = [];

/** Take down every page that was opened, the last one first. */
export function closeRooms(): void {
  for (const close of opened.reverse()) close();
  opened = [];
}

/** Give every test of a file fake timers and an English page, and take down its pages afterwards. */
export function useRooms(): void {
  beforeEach(() => {
    vi.useFakeTimers();
    document.documentElement.lang = "en";
  });
  afterEach(() => {
    closeRooms();
    vi.useRealTimers();
    document.body.replaceChildren();
  });
}

/** The widget model of a chat. */
export class ChatModel implements Model {
  readonly sent: Wire[] = [];
  readonly traits: Wire;
  saved = 0;
  comm_live?: boolean;
  readonly #callbacks = new Map<string, Set<(...values: unknown[]) => void>>();

  constructor(traits: Wire = {}) {
    const state = { rev: 0, turns: [], queue: [], tools: [], language: "" };
    this.traits = { state, model: "glm-5", models: [], thinking: null, use_tools: true, ...traits };
  }

  get(name: string): unknown {
    return this.traits[name];
  }

  set(name: string, value: unknown): void {
    this.traits[name] = value;
    this.fire(`change:${name}`);
  }

  save_changes(): void {
    this.saved += 1;
  }

  send(message: object): void {
    this.sent.push(message as Wire);
  }

  on(name: string, callback: (...values: unknown[]) => void): void {
    const callbacks = this.#callbacks.get(name) ?? new Set();
    this.#callbacks.set(name, callbacks.add(callback));
  }

  off(name: string, callback: (...values: unknown[]) => void): void {
    this.#callbacks.get(name)?.delete(callback);
  }

  fire(name: string, ...values: unknown[]): void {
    for (const callback of [...(this.#callbacks.get(name) ?? [])]) callback(...values);
  }

  get listening(): number {
    return [...this.#callbacks.values()].reduce((sum, { size }) => sum + size, 0);
  }
}

export class Room {
  readonly model: ChatModel;
  readonly el = document.body.appendChild(document.createElement("div"));
  #rev = 0;

  constructor(traits: Wire = {}, model = new ChatModel(traits)) {
    this.model = model;
    this.#rev = (model.traits.state as { rev: number }).rev;
    opened.push(chat.initialize({ model }));
    this.show();
  }

  /** Show the chat in one place more. Returns how to take it away. */
  show(el = this.el): () => void {
    const close = chat.render({ model: this.model, el });
    opened.push(close);
    return close;
  }

  /** The kernel says something; a frame passes. */
  say(message: Wire): void {
    this.model.fire("msg:custom", message, []);
    this.pass(50);
  }

  /** The kernel tells the list. */
  list(turns: readonly string[], queue: readonly Wire[] = [], more: Wire = {}): void {
    this.#rev += 1;
    this.say({ type: "chat", rev: this.#rev, turns, queue, ...more });
  }

  /** The kernel tells what a turn has come to. */
  tell(id: string, changes: Wire = {}): void {
    this.say({ type: "turn", id, message: { type: "snapshot", ...turnState(id, changes) } });
  }

  pass(ms: number): void {
    vi.advanceTimersByTime(ms);
  }

  /** The kernel answers the last question of a kind; what hangs on the answer is done. */
  async reply(what: string, answer: Wire): Promise<void> {
    const { id } = this.sent("ask").findLast((ask) => ask.what === what) ?? {};
    if (id === undefined) throw new Error(`${what} was not asked`);
    this.say({ type: "reply", id, ...answer });
    await vi.advanceTimersByTimeAsync(50);
  }

  /** What the page has sent of a type. */
  sent(type: string): Wire[] {
    return this.model.sent.filter((message) => message.type === type);
  }

  find<T extends HTMLElement>(selector: string): T {
    const found = this.el.querySelector<T>(selector);
    if (!found) throw new Error(`no ${selector}`);
    return found;
  }

  text(selector: string): string {
    const found = this.find(selector);
    return found.hidden ? "" : (found.textContent ?? "");
  }

  texts(selector: string): string[] {
    return [...this.el.querySelectorAll(selector)].map(({ textContent }) => textContent ?? "");
  }

  get area(): HTMLTextAreaElement {
    return this.find("textarea");
  }

  get send(): HTMLButtonElement {
    return this.find("button.glm-send");
  }

  get stop(): HTMLButtonElement {
    return this.find("button.glm-stop-chat");
  }

  write(text: string): void {
    this.area.focus();
    this.area.value = text;
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** Press a key in the composer. Tells whether the browser would do what it does. */
  press(key: string, more: KeyboardEventInit = {}): boolean {
    const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
    const isLeft = this.area.dispatchEvent(event);
    this.pass(50);
    return isLeft;
  }

  /** Write a prompt and send it. Returns its id. */
  ask(text: string): string {
    this.write(text);
    this.press("Enter");
    return String(this.sent("send").at(-1)?.id);
  }
}

/** What the trait holds of a turn. */
export function turnState(id: string, changes: Wire = {}): Wire {
  const { prompt = "Hi", ...rest } = changes;
  const turn = { ...(wireSnapshot().turn as Wire), id, prompt };
  return { id, now_s: 1, snapshot: wireSnapshot({ turn, ...rest }) };
}

export const text = (written: string, ended_s: number | null = 2): Wire => ({
  kind: "text",
  text: written,
  started_s: 1,
  ended_s,
});

/** A turn that has ended well. */
export function ended(id: string, prompt: string, answer = "Yes."): Wire {
  const parts = [text(answer)];
  return turnState(id, { prompt, parts, status: "complete", elapsed_s: 2, finish_reason: "stop" });
}

/** What the trait holds of a chat. */
export const chatState = (turns: readonly Wire[], more: Wire = {}): Wire => ({
  rev: 1,
  turns,
  queue: [],
  tools: [],
  language: "",
  ...more,
});
