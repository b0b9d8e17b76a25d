/** What the reader may set: traits that the kernel and every view of the chat share. */

import type { Model } from "../comm.ts";
import { strings } from "./wire.ts";

const TRAITS = ["model", "models", "thinking", "use_tools"] as const;

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
    const id = this.#model.get("model");
    return typeof id === "string" ? id : "";
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
