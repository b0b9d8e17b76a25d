/** What the reader may set: traits that the kernel and every view of the chat share. */

import type { Model } from "../comm.ts";
import { numberOrNull, string } from "../fields.ts";
import { strings } from "./wire.ts";

const TRAITS = [
  "model",
  "models",
  "thinking",
  "thinking_budget",
  "temperature",
  "system",
  "use_tools",
] as const;

/** Whether the model is to think; `null` leaves it to the service. */
export type Thinking = boolean | null;

export class Settings {
  readonly #model: Model;
  readonly #tell: () => void;

  /** `tell` is called when one of them has changed. */
  constructor(model: Model, tell: () => void) {
    this.#model = model;
    this.#tell = tell;
    for (const name of TRAITS) model.on(`change:${name}`, tell);
  }

  get model(): string {
    return string(this.#model.get("model"));
  }

  set model(id: string) {
    this.#set("model", id);
  }

  /** The models that are known; there may be others. */
  get models(): readonly string[] {
    return strings(this.#model.get("models"));
  }

  get thinking(): Thinking {
    const thinking = this.#model.get("thinking");
    return typeof thinking === "boolean" ? thinking : null;
  }

  set thinking(thinking: Thinking) {
    this.#set("thinking", thinking);
  }

  /** Most tokens that the model may think; `null` is no limit. */
  get thinkingBudget(): number | null {
    return numberOrNull(this.#model.get("thinking_budget"));
  }

  set thinkingBudget(tokens: number | null) {
    this.#set("thinking_budget", tokens);
  }

  /** From 0 to 2; `null` leaves it to the service. */
  get temperature(): number | null {
    return numberOrNull(this.#model.get("temperature"));
  }

  set temperature(temperature: number | null) {
    this.#set("temperature", temperature);
  }

  /** The system prompt; empty for none. */
  get system(): string {
    return string(this.#model.get("system"));
  }

  set system(text: string) {
    this.#set("system", text);
  }

  get useTools(): boolean {
    return this.#model.get("use_tools") !== false;
  }

  set useTools(useTools: boolean) {
    this.#set("use_tools", useTools);
  }

  dispose(): void {
    for (const name of TRAITS) this.#model.off(`change:${name}`, this.#tell);
  }

  /** A comm whose kernel is gone may throw: the chat hears of that in other ways. */
  #set(name: (typeof TRAITS)[number], value: unknown): void {
    if (this.#model.get(name) === value) return;
    try {
      this.#model.set?.(name, value);
      this.#model.save_changes?.();
    } catch {
      this.#tell();
    }
  }
}
