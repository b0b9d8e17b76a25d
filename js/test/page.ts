/** A page for the tests. */

import { vi } from "vitest";
import cell from "../src/cell.ts";
import { FakeKernel } from "./helpers.ts";

let opened: (() => void)[] = [];

/** Take down every page that was opened, the last one first. */
export function closePages(): void {
  for (const close of opened.reverse()) close();
  opened = [];
}

/** A page that shows one turn. Time passes by fake timers. */
export class Page {
  readonly el = document.body.appendChild(document.createElement("div"));
  readonly kernel: FakeKernel;

  constructor(kernel = new FakeKernel(), { initialize = true } = {}) {
    this.kernel = kernel;
    if (initialize) opened.push(cell.initialize({ model: kernel.model }));
    opened.push(cell.render({ model: kernel.model, el: this.el }));
  }

  /** Send events, and let a frame pass. */
  send(...events: Record<string, unknown>[]): void {
    this.kernel.send(...events);
    this.pass(50);
  }

  pass(ms: number): void {
    vi.advanceTimersByTime(ms);
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

  get stop(): HTMLButtonElement {
    return this.find("button.glm-stop");
  }

  get fold(): HTMLDetailsElement {
    return this.find("details");
  }
}
