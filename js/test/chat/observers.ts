/** Observers that the test plays the browser for. */

import { afterEach, beforeEach, vi } from "vitest";

export class Observer {
  static all: Observer[] = [];
  readonly seen = new Set<Element>();
  readonly callback: (entries: unknown[]) => void;

  constructor(callback: (entries: unknown[]) => void) {
    this.callback = callback;
    Observer.all.push(this);
  }

  observe(target: Element): void {
    this.seen.add(target);
  }

  unobserve(target: Element): void {
    this.seen.delete(target);
  }

  disconnect(): void {
    this.seen.clear();
  }
}

export class Resizes extends Observer {}
export class Nearness extends Observer {}

/** Elements come near to what is seen. */
export function comeNear(...targets: Element[]): void {
  const entries = targets.map((target) => ({ isIntersecting: true, target }));
  for (const one of Observer.all) if (one instanceof Nearness) one.callback(entries);
}

/** Something has another size. */
export function resize(): void {
  for (const one of Observer.all) if (one instanceof Resizes) one.callback([]);
}

/** Give every test of a file these observers in place of the browser's. */
export function useObservers(): void {
  beforeEach(() => {
    vi.stubGlobal("ResizeObserver", Resizes);
    vi.stubGlobal("IntersectionObserver", Nearness);
  });
  afterEach(() => {
    Observer.all = [];
    vi.unstubAllGlobals();
  });
}
