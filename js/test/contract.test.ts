/** The fixtures that the kernel's tests read too. */

import { describe, expect, test } from "vitest";
import channel from "../../tests/contract/channel.json" with { type: "json" };
import footers from "../../tests/contract/footer.json" with { type: "json" };
import { applyBatch, fold } from "../src/state.ts";
import { footer, wordsOf } from "../src/strings.ts";
import { readEvent, readMessage, readSnapshot, type Snapshot } from "../src/wire.ts";
import { batch, snapshot } from "./helpers.ts";

/** Rename all keys, knowing nothing of the messages: what `wire.ts` does with each must come to the same. */
function camelCased(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(camelCased);
  if (typeof data !== "object" || data === null) return data;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [
      key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
      camelCased(value),
    ]),
  );
}

function read(wire: unknown): Snapshot {
  const known = readSnapshot(wire);
  if (known === null) throw new Error("no snapshot");
  return known;
}

describe("fold", () => {
  test.each(channel.cases)("$name", ({ start, events, snapshot }) => {
    const before = read(start);
    const kept = structuredClone(before);
    expect(events.map(readEvent).reduce(fold, before)).toEqual(camelCased(snapshot));
    expect(before).toEqual(kept);
  });

  test.each(channel.cases)("$name, in batches", ({ start, events, snapshot }) => {
    let state = read(start);
    for (const event of events) state = applyBatch(state, batch(state.seq + 1, event)) ?? state;
    expect(state).toEqual(camelCased(snapshot));
  });
});

test.each(footers.cases)("footer: $name", ({ snapshot, language, footer: written }) => {
  expect(footer(read(snapshot), wordsOf(language))).toBe(written);
});

describe("a batch", () => {
  const start = snapshot({ seq: 4, notes: ["4"] });
  const note = (text: string) => ({ type: "note", text });

  test("that follows is applied", () => {
    expect(applyBatch(start, batch(5, note("5"), note("6")))).toMatchObject({
      seq: 6,
      notes: ["4", "5", "6"],
    });
  });

  test("that overlaps is applied from the first unknown event", () => {
    expect(applyBatch(start, batch(3, note("3"), note("4"), note("5")))).toMatchObject({
      seq: 5,
      notes: ["4", "5"],
    });
  });

  test("that is known is ignored", () => {
    expect(applyBatch(start, batch(3, note("3"), note("4")))).toBe(start);
    expect(applyBatch(start, batch(1, note("1")))).toBe(start);
  });

  test("after a gap cannot be applied", () => {
    expect(applyBatch(start, batch(6, note("6")))).toBeNull();
  });
});

describe("what is no message", () => {
  test.each([null, 3, "x", [], {}, { type: "later" }, { type: "events", seq: 1 }])("%j", (data) => {
    expect(readMessage(data)).toBeNull();
  });

  test.each([
    null,
    {},
    { type: "part_started", kind: "image", at_s: 1 },
    { type: "finished", status: "vanished" },
    { type: "usage", usage: null },
    { type: "constructor" },
  ])("an event of an unknown form only counts: %j", (data) => {
    expect(readEvent(data)).toEqual({ type: "unknown" });
  });

  test("a delta of a part that this page does not know changes nothing but the number", () => {
    const before = snapshot({ seq: 1 });
    expect(fold(before, readEvent({ type: "delta", index: 7, text: "x" }))).toEqual({
      ...before,
      seq: 2,
    });
  });
});
