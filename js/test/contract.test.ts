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

test.each(["en", "zh"] as const)("the words that a settled output has too: %s", (language) => {
  const { states, printed, result, traceback, ...say } = wordsOf(language);
  expect({
    call_done: states.done,
    call_failed: states.failed,
    call_declined: states.declined,
    call_stopped: states.stopped,
    arguments: say.arguments,
    printed,
    result,
    traceback,
  }).toEqual(footers.calls[language]);
});

test.each(footers.cases)("footer: $name", ({ snapshot, language, footer: written }) => {
  expect(footer(read(snapshot), wordsOf(language))).toBe(written);
});

test("a snapshot of a kernel that knows no retry, and has fields of its own, is read", () => {
  expect(snapshot({ colour: "red" }).retry).toBeNull();
  expect(snapshot({ retry: 3 }).retry).toBeNull();
});

test("a tool call of a kernel that tells nothing of it is one that is written", () => {
  const call = { kind: "tool_call", id: "c", name: "f", text: "{}", started_s: 1, ended_s: 2 };
  expect(snapshot({ parts: [call] }).parts[0]).toMatchObject({
    state: "writing",
    runS: null,
    outputs: [],
    result: null,
  });
  const odd = { ...call, state: "dreaming", run_s: "x", outputs: [3], result: "x" };
  expect(snapshot({ parts: [odd] }).parts[0]).toMatchObject({
    state: "writing",
    runS: null,
    outputs: [{ mime: "", data: "" }],
    result: null,
  });
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
    { type: "tool_state", index: 0, state: "dreaming", at_s: 1 },
    { type: "tool_output", index: 0, output: "text" },
    { type: "tool_result", index: 0, result: null },
    { type: "constructor" },
  ])("an event of an unknown form only counts: %j", (data) => {
    expect(readEvent(data)).toEqual({ type: "unknown" });
  });

  test("what happens to tool calls does not happen to a text", () => {
    const before = snapshot({ parts: [{ kind: "text", text: "Hi", started_s: 1 }] });
    const events = [
      { type: "tool_state", index: 0, state: "running", at_s: 3 },
      { type: "tool_output", index: 0, output: { mime: "text/plain", data: "x" } },
      { type: "tool_result", index: 0, result: { text: "x", traceback: "" } },
      { type: "tool_named", index: 0, id: "c", name: "f" },
    ];
    expect(events.map(readEvent).reduce(fold, before)).toEqual({ ...before, seq: 4 });
  });

  test("a delta of a part that this page does not know changes nothing but the number", () => {
    const before = snapshot({ seq: 1 });
    expect(fold(before, readEvent({ type: "delta", index: 7, text: "x" }))).toEqual({
      ...before,
      seq: 2,
    });
  });
});
