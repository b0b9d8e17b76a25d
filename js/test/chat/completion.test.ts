import { describe, expect, test } from "vitest";
import { chatState, Room, text, turnState, useRooms } from "./room.ts";

useRooms();

const MATCHES = [
  { text: "df", kind: "DataFrame 3 × 2" },
  { text: "dt", kind: "module" },
];

const asked = (room: Room, what: string) => room.sent("ask").filter((ask) => ask.what === what);
const list = (room: Room) => room.find<HTMLElement>(".glm-options");
const active = (room: Room) => {
  const id = room.area.getAttribute("aria-activedescendant");
  return id ? room.find(`#${id}`).textContent : null;
};

function write(room: Room, text: string): void {
  room.area.focus();
  room.area.value = text;
  room.area.setSelectionRange(text.length, text.length);
  room.area.dispatchEvent(new Event("input", { bubbles: true }));
}

async function open(room: Room, text = "Plot {{ d"): Promise<void> {
  write(room, text);
  room.pass(100);
  await room.reply("complete", { body: { matches: MATCHES } });
}

describe("the list of names", () => {
  test("opens inside of braces, for a screen reader too", async () => {
    const room = new Room();
    await open(room);
    expect(asked(room, "complete")).toMatchObject([{ text: "d" }]);
    expect(room.texts(".glm-options li")).toEqual(["df DataFrame 3 × 2", "dt module"]);
    expect(list(room).hidden).toBe(false);
    expect(room.area.getAttribute("aria-controls")).toBe(list(room).id);
    expect(active(room)).toBe("df DataFrame 3 × 2");
  });

  test.each(["Enter", "Tab"])("is moved in by arrows; %s takes a name", async (key) => {
    const room = new Room();
    await open(room);
    expect(room.press("ArrowDown")).toBe(false);
    expect(active(room)).toBe("dt module");
    room.press("ArrowDown");
    room.press("ArrowUp");
    expect(room.press(key)).toBe(false);
    expect(room.area.value).toBe("Plot {{ dt }}");
    expect(list(room).hidden).toBe(true);
    expect(active(room)).toBeNull();
    expect(room.sent("send")).toEqual([]);
  });

  test("is clicked in; the focus stays in the text", async () => {
    const room = new Room();
    await open(room);
    const option = list(room).children[1] as HTMLElement;
    const down = new MouseEvent("mousedown", { bubbles: true, cancelable: true });
    expect(option.dispatchEvent(down)).toBe(false);
    option.click();
    expect(room.area.value).toBe("Plot {{ dt }}");
    expect(document.activeElement).toBe(room.area);
  });

  test("is closed by Escape, which stops no turn then; and opens again at another letter", async () => {
    const turns = [turnState("t-1", { parts: [text("…", null)] })];
    const room = new Room({ state: chatState(turns) });
    await open(room);
    room.press("Escape");
    expect(list(room).hidden).toBe(true);
    expect(room.sent("turn")).toEqual([]);
    room.area.click();
    room.pass(200);
    expect(asked(room, "complete")).toHaveLength(1);
    await open(room, "Plot {{ df");
    expect(list(room).hidden).toBe(false);
    room.press("Escape");
    room.press("Escape");
    expect(room.sent("turn")).toHaveLength(1);
  });

  test("is closed by leaving, and by closing the braces", async () => {
    const room = new Room();
    await open(room);
    room.area.blur();
    expect(list(room).hidden).toBe(true);
    await open(room);
    write(room, "Plot {{ d }}");
    expect(list(room).hidden).toBe(true);
  });

  test("never opens in a composition, and asks after it", async () => {
    const room = new Room();
    await open(room);
    room.area.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
    expect(list(room).hidden).toBe(true);
    write(room, "Plot {{ shu");
    room.pass(200);
    expect(asked(room, "complete")).toHaveLength(1);
    room.area.value = "Plot {{ 数";
    room.area.dispatchEvent(new CompositionEvent("compositionend", { bubbles: true }));
    room.pass(200);
    expect(asked(room, "complete").at(-1)).toMatchObject({ text: "数" });
  });

  test("shows no answer to what is no longer written, and asks once in a pause", async () => {
    const room = new Room();
    for (const letters of ["{{ d", "{{ df", "{{ df."]) write(room, letters);
    room.pass(100);
    expect(asked(room, "complete")).toMatchObject([{ text: "df." }]);
    write(room, "{{ df.c");
    await room.reply("complete", { body: { matches: MATCHES } });
    expect(list(room).hidden).toBe(true);
  });

  test("of nothing is not shown, nor one that a busy kernel does not tell or refuses", async () => {
    const room = new Room();
    write(room, "{{ q");
    room.pass(4000);
    for (const letters of ["{{ qu", "{{ que"]) {
      write(room, letters);
      room.pass(200);
    }
    expect(asked(room, "complete")).toHaveLength(1);
    expect(list(room).hidden).toBe(true);
    await room.reply("complete", { body: { matches: [] } });
    expect(list(room).hidden).toBe(true);
    expect(asked(room, "complete").at(-1)).toMatchObject({ text: "que" });
    await room.reply("complete", { error: { message: "No.", remedy: "" } });
    expect(list(room).hidden).toBe(true);
    expect(room.text(".glm-refused")).toBe("");
  });

  test("is asked for again where an answer got lost", () => {
    const room = new Room();
    write(room, "{{ q");
    room.pass(6000);
    write(room, "{{ qu");
    room.pass(200);
    expect(asked(room, "complete")).toHaveLength(2);
  });
});

describe("the objects of a prompt", () => {
  const chips = (room: Room) => room.texts(".glm-objects li");

  test("are told below it, and what is none in words", async () => {
    const room = new Room();
    write(room, "{{ df }} and {{ x.y }} and {{ df }}");
    expect(chips(room)).toEqual(["df", "x.y"]);
    room.pass(100);
    expect(asked(room, "objects")).toMatchObject([{ expressions: ["df", "x.y"] }]);
    await room.reply("objects", {
      body: { objects: { df: { kind: "DataFrame 3 × 2", tokens: 310 } } },
    });
    expect(chips(room)).toEqual([
      "df · DataFrame 3 × 2 · ≈ 310 tokens",
      "x.y · not defined; sent as written",
    ]);
    write(room, "nothing");
    expect(room.find(".glm-objects").hidden).toBe(true);
  });

  test("go with the prompt, and are asked for anew when the reader comes back", async () => {
    const room = new Room();
    write(room, "{{ df }}");
    room.pass(100);
    await room.reply("objects", { body: { objects: {} } });
    room.area.blur();
    room.area.focus();
    room.pass(100);
    await room.reply("objects", { body: { objects: { df: { kind: "int", tokens: 1 } } } });
    expect(chips(room)).toEqual(["df · int · ≈ 1 token"]);
    room.press("Enter");
    expect(room.sent("send")).toMatchObject([{ text: "{{ df }}" }]);
    expect(chips(room)).toEqual([]);
  });

  test("of a kernel that is busy are named only", () => {
    const room = new Room();
    write(room, "{{ constructor }}");
    room.pass(10_000);
    expect(chips(room)).toEqual(["constructor"]);
    expect(room.text(".glm-refused")).toBe("");
  });
});
