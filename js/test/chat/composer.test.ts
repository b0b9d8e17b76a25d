import { describe, expect, test } from "vitest";
import { chatState, ended, Room, text, turnState, useRooms } from "./room.ts";

useRooms();

const running = () =>
  new Room({ state: chatState([turnState("t-1", { parts: [text("…", null)] })]) });

describe("Enter", () => {
  test("sends; Shift+Enter is the browser's; a blank prompt is none", () => {
    const room = new Room();
    room.write(" \n");
    expect(room.press("Enter")).toBe(false);
    room.write("Hello");
    expect(room.press("Enter", { shiftKey: true })).toBe(true);
    expect(room.sent("send")).toEqual([]);
    expect(room.press("Enter")).toBe(false);
    expect(room.sent("send")).toHaveLength(1);
    expect(room.area.value).toBe("");
  });

  test.each([
    ["that says so", { isComposing: true }],
    ["told by its key code alone", { keyCode: 229 }],
  ])("during a composition %s never sends", (_, more) => {
    const room = new Room();
    room.write("ni hao");
    expect(room.press("Enter", more)).toBe(true);
    expect(room.sent("send")).toEqual([]);
    expect(room.area.value).toBe("ni hao");
  });

  test("that comes after the end of its composition, as in Safari, never sends; the next one does", () => {
    const room = new Room();
    room.write("你好");
    room.area.dispatchEvent(new CompositionEvent("compositionend", { bubbles: true }));
    room.press("Enter");
    expect(room.sent("send")).toEqual([]);
    expect(room.area.value).toBe("你好");
    room.pass(100);
    room.press("Enter");
    expect(room.sent("send")).toHaveLength(1);
  });
});

describe("Escape", () => {
  test("stops the running turn, once", () => {
    const room = running();
    room.press("Escape");
    room.press("Escape");
    expect(room.sent("turn")).toEqual([{ type: "turn", id: "t-1", message: { type: "stop" } }]);
    expect(room.stop.textContent).toBe("Stopping…");
  });

  test("of a composition is the input method's", () => {
    const room = running();
    room.press("Escape", { isComposing: true });
    expect(room.sent("turn")).toEqual([]);
  });

  test("stops a prompt that is not a turn yet", () => {
    const room = new Room();
    room.ask("Hello");
    room.press("Escape");
    expect(room.sent("stop")).toEqual([{ type: "stop" }]);
  });
});

describe("Up", () => {
  test("in an empty composer recalls the last prompt, in a written one moves", () => {
    const room = new Room({ state: chatState([ended("t-1", "One"), ended("t-2", "Two")]) });
    expect(room.press("ArrowUp")).toBe(false);
    expect(room.area.value).toBe("Two");
    expect(room.press("ArrowUp")).toBe(true);
  });

  test("recalls nothing where nothing was asked", () => {
    const room = new Room();
    expect(room.press("ArrowUp")).toBe(true);
  });
});

describe("Send and Stop", () => {
  test("Stop takes the place of Send; what is written meanwhile can be queued", () => {
    const room = new Room();
    expect([room.send.disabled, room.send.hidden, room.stop.hidden]).toEqual([true, false, true]);
    room.write("Hello");
    expect(room.send.disabled).toBe(false);
    room.send.click();
    room.pass(50);
    room.list(["t-1"]);
    expect([room.send.hidden, room.stop.hidden]).toEqual([true, false]);
    room.write("More");
    expect([room.send.hidden, room.send.textContent]).toEqual([false, "Queue"]);
  });

  test("the second click of a double click on Send stops nothing", () => {
    const room = new Room();
    room.write("Hello");
    room.send.click();
    room.pass(50);
    room.stop.click();
    expect(room.sent("stop")).toEqual([]);
    room.pass(300);
    room.stop.click();
    expect(room.sent("stop")).toHaveLength(1);
  });
});

describe("the focus", () => {
  test("goes from Stop to the composer when the turn ends", () => {
    const room = running();
    room.stop.focus();
    room.tell("t-1", { seq: 9, status: "complete", elapsed_s: 2 });
    expect(room.stop.hidden).toBe(true);
    expect(document.activeElement).toBe(room.area);
  });

  test("that the reader has taken elsewhere stays there", () => {
    const room = running();
    const other = document.body.appendChild(document.createElement("input"));
    room.stop.focus();
    other.focus();
    room.pass(50);
    room.tell("t-1", { seq: 9, status: "complete", elapsed_s: 2 });
    expect(document.activeElement).toBe(other);
  });
});

test("the page's shortcuts are kept off, but for Save", () => {
  const room = new Room();
  const seen: unknown[] = [];
  const look = () => seen.push(room.area.closest("[data-lm-suppress-shortcuts]") !== null);
  document.addEventListener("keydown", look, true);
  room.press("Enter", { shiftKey: true });
  room.press("s", { ctrlKey: true });
  room.press("z", { ctrlKey: true });
  document.removeEventListener("keydown", look, true);
  expect(seen).toEqual([true, false, true]);
});
