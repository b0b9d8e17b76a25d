/** The chat asks the kernel for what typesets and colours its answers, when one of them comes near. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { chatState, closeRooms, ended, Room, text, turnState } from "./room.ts";

type Callback = (entries: { target: Element; isIntersecting: boolean }[]) => void;
let observers: { callback: Callback; targets: Set<Element> }[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      readonly targets = new Set<Element>();
      constructor(callback: Callback) {
        observers.push({ callback, targets: this.targets });
      }
      observe = (target: Element) => this.targets.add(target);
      unobserve = (target: Element) => this.targets.delete(target);
      disconnect = () => this.targets.clear();
    },
  );
});

afterEach(() => {
  closeRooms();
  observers = [];
  Reflect.deleteProperty(globalThis, Symbol.for("glm-notebook.modules.1"));
  vi.useRealTimers();
  vi.unstubAllGlobals();
  document.body.replaceChildren();
});

function scroll(): void {
  for (const { callback, targets } of observers) {
    const box = { top: 0, bottom: 0 };
    callback(
      [...targets].map((target) => ({ target, isIntersecting: true, boundingClientRect: box })),
    );
  }
}

function modules(room: Room): unknown[] {
  return room.sent("ask").flatMap(({ what, name }) => (what === "module" ? [name] : []));
}

test("a formula and a program are each asked for once, in any number of turns", () => {
  const turns = [ended("t-1", "A", "$x$"), ended("t-2", "B", "$y$\n\n```py\nx\n```")];
  const room = new Room({ state: chatState(turns) });
  expect(modules(room)).toEqual([]);
  scroll();
  expect(modules(room)).toEqual(["math", "highlight"]);
  scroll();
  room.show(document.body.appendChild(document.createElement("div")));
  scroll();
  expect(modules(room)).toEqual(["math", "highlight"]);
});

test("an answer that runs is left alone but for what is finished", () => {
  const room = new Room({
    state: chatState([turnState("t-1", { parts: [text("$x$ and", null)] })]),
  });
  scroll();
  expect(modules(room)).toEqual([]);
  room.tell("t-1", { seq: 2, parts: [text("$x$ and\n\nmore\n\n", null)] });
  scroll();
  expect(modules(room)).toEqual(["math"]);
});

test("plain text needs nothing", () => {
  const room = new Room({ state: chatState([ended("t-1", "A", "Yes, `x` and $5.")]) });
  scroll();
  expect(modules(room)).toEqual([]);
});
