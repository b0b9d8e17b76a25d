import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { short } from "../../src/chat/meter.ts";
import { chatState, closeRooms, ended, Room, text, turnState } from "./room.ts";

let copied: string[] = [];
let saved: { name: string; blob: Blob }[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  document.documentElement.lang = "en";
  copied = [];
  saved = [];
  vi.spyOn(navigator.clipboard, "writeText").mockImplementation(async (text) => {
    copied.push(text);
  });
  let blob = new Blob();
  vi.spyOn(URL, "createObjectURL").mockImplementation((made) => {
    blob = made as Blob;
    return "blob:x";
  });
  vi.spyOn(URL, "revokeObjectURL").mockImplementation(() => {});
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (
    this: HTMLAnchorElement,
  ) {
    saved.push({ name: this.download, blob });
  });
});

afterEach(() => {
  closeRooms();
  vi.useRealTimers();
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

const button = (room: Room, name: string) => {
  const all = [...room.el.querySelectorAll("button")];
  const found = all.find(({ textContent }) => textContent === name);
  if (!found) throw new Error(`no ${name}`);
  return found;
};
const field = (room: Room, name: string) => {
  const all = [...room.el.querySelectorAll("label")];
  const found = all.find(({ textContent }) => textContent?.startsWith(name));
  return found?.querySelector("input, textarea") as HTMLInputElement;
};
const set = (control: HTMLInputElement, value: string) => {
  control.focus();
  control.value = value;
  control.dispatchEvent(new Event("change", { bubbles: true }));
};
const asked = (room: Room, what: string) => room.sent("ask").filter((ask) => ask.what === what);

describe("the settings", () => {
  const NAMES = ["Thinking budget", "Temperature", "System prompt"];

  test("are shown by a button, and hidden by it, by Escape, and by another one", () => {
    const room = new Room({ state: chatState([turnState("t-1", { parts: [text("…", null)] })]) });
    const open = button(room, "Settings");
    const panel = room.find(`#${open.getAttribute("aria-controls")}`);
    expect([panel.hidden, open.getAttribute("aria-expanded")]).toEqual([true, "false"]);
    open.click();
    expect([panel.hidden, open.getAttribute("aria-expanded")]).toEqual([false, "true"]);
    const temperature = field(room, "Temperature");
    temperature.focus();
    const pressed = { key: "Escape", bubbles: true, cancelable: true };
    temperature.dispatchEvent(new KeyboardEvent("keydown", pressed));
    expect(panel.hidden).toBe(true);
    expect(document.activeElement).toBe(open);
    expect(room.sent("turn")).toEqual([]);
    open.click();
    button(room, "Export").click();
    expect(panel.hidden).toBe(true);
  });

  test("are those of the kernel, and follow it, but for what is being written", () => {
    const traits = { thinking_budget: 1024, temperature: 0.7, system: "Be brief." };
    const room = new Room(traits);
    const values = () => NAMES.map((name) => field(room, name).value);
    expect(values()).toEqual(["1024", "0.7", "Be brief."]);
    button(room, "Settings").click();
    field(room, "Temperature").focus();
    room.model.set("temperature", null);
    room.model.set("system", "Be kind.");
    room.model.set("thinking_budget", null);
    room.pass(50);
    expect(values()).toEqual(["", "0.7", "Be kind."]);
  });

  test.each([
    ["Thinking budget", "thinking_budget", "1,024", 1024],
    ["Thinking budget", "thinking_budget", "", null],
    ["Temperature", "temperature", "0,7", 0.7],
    ["Temperature", "temperature", "１.5", 1.5],
    ["Temperature", "temperature", "0", 0],
    ["System prompt", "system", "Be kind.\n", "Be kind.\n"],
  ])("%s sets %s: %j is %j", (name, trait, written, value) => {
    const room = new Room({ thinking_budget: 7, temperature: 1.1, system: "" });
    set(field(room, name), written);
    expect(room.model.traits[trait]).toBe(value);
    expect(room.model.saved).toBe(1);
  });

  test.each([
    [
      "Thinking budget",
      "thinking_budget",
      "0",
      "A whole number from 1 on, or nothing for no limit.",
    ],
    [
      "Thinking budget",
      "thinking_budget",
      "1.5",
      "A whole number from 1 on, or nothing for no limit.",
    ],
    [
      "Temperature",
      "temperature",
      "2.1",
      "A number from 0 to 2, or nothing for the service's own.",
    ],
    [
      "Temperature",
      "temperature",
      "hot",
      "A number from 0 to 2, or nothing for the service's own.",
    ],
  ])(
    "%s does not set %s to %j, stays written, and says what is allowed",
    (name, trait, written, said) => {
      const room = new Room({ thinking_budget: 7, temperature: 1.1 });
      const control = field(room, name);
      set(control, written);
      control.blur();
      room.model.set("use_tools", false); // draws
      room.pass(50);
      expect(control.value).toBe(written);
      expect(room.model.traits[trait]).toBe(trait === "temperature" ? 1.1 : 7);
      const wrong = room.find(`#${control.getAttribute("aria-describedby")}`);
      expect([wrong.textContent, control.getAttribute("aria-invalid")]).toEqual([said, "true"]);
      set(control, "1");
      expect([wrong.textContent, control.getAttribute("aria-invalid")]).toEqual(["", "false"]);
    },
  );

  test("the models of the endpoint are asked for when the reader looks, once a minute", async () => {
    const room = new Room({ models: ["glm-5"] });
    const model = room.find<HTMLInputElement>(".glm-model");
    const look = () => {
      model.focus();
      model.blur();
    };
    look();
    look();
    expect(asked(room, "models")).toHaveLength(1);
    await room.reply("models", { error: { message: "No list.", remedy: "" } });
    expect(room.text(".glm-refused")).toBe("");
    room.model.set("models", ["glm-5", "glm-6"]);
    room.pass(50);
    expect([...room.el.querySelectorAll("option[value^=glm]")]).toHaveLength(2);
    room.pass(60_000);
    look();
    expect(asked(room, "models")).toHaveLength(2);
  });
});

describe("the meter", () => {
  const metered = (meter: object) => new Room({ state: chatState([ended("t-1", "A")], { meter }) });
  const full = { context: 12_034, window: 202_752, cost: 0.0432, currency: "CNY" };

  test("tells the context, exactly where it is looked at, and the cost", () => {
    const room = metered(full);
    expect(room.text(".glm-meter")).toBe("12k / 203k · ¥0.043 est.");
    const meter = room.find("[role=meter]");
    expect(meter.title).toBe("Context: 12,034 of 202,752 tokens used");
    expect(meter.getAttribute("aria-label")).toBe("Context used");
    const values = ["now", "min", "max"].map((end) => meter.getAttribute(`aria-value${end}`));
    expect(values).toEqual(["12034", "0", "202752"]);
  });

  test("shows nothing of what is unknown", () => {
    expect(metered({}).find(".glm-meter").hidden).toBe(true);
    const texts = [
      { ...full, context: null },
      { ...full, window: null },
      { ...full, cost: null },
      { ...full, cost: 0 },
    ].map((meter) => {
      const shown = [...metered(meter).find(".glm-meter").children] as HTMLElement[];
      return shown.map((one) => (one.hidden ? "" : one.textContent)).join("");
    });
    expect(texts).toEqual([
      "¥0.043 est.",
      "12k · ¥0.043 est.",
      "12k / 203k",
      "12k / 203k · ¥0.00 est.",
    ]);
  });

  test("says in words that the context is nearly full", () => {
    const room = metered({ ...full, context: 182_477 });
    expect(room.text("[role=meter]")).toBe("Context 90 % full");
    expect(metered({ ...full, context: 182_476 }).text("[role=meter]")).toBe("182k / 203k");
  });

  test.each([
    [0, "0"],
    [999, "999"],
    [1000, "1k"],
    [1250, "1.3k"],
    [12_034, "12k"],
    [202_752, "203k"],
    [999_499, "999k"],
    [999_500, "1M"],
    [1_048_576, "1.05M"],
  ])("writes %d as %s", (number, written) => expect(short(number)).toBe(written));
});

describe("Export", () => {
  const two = () =>
    new Room({ state: chatState([ended("t-1", "One\ntwo", "*Yes.*"), ended("t-2", "B", "No.")]) });
  const OWN = "> One\n> two\n\n*Yes.*\n\n---\n\n> B\n\nNo.";

  test.each([
    ["Markdown", "md", "text/markdown"],
    ["JSON", "json", "application/json"],
    ["Notebook", "ipynb", "application/x-ipynb+json"],
  ])("to %s saves what the kernel makes", async (name, format, type) => {
    const room = two();
    button(room, "Export").click();
    button(room, name).focus();
    button(room, name).click();
    expect(document.activeElement).toBe(button(room, "Export"));
    expect(asked(room, "export")).toMatchObject([{ format }]);
    await room.reply("export", { body: { name: `my.${format}`, text: "text" } });
    expect(saved).toMatchObject([{ name: `my.${format}` }]);
    expect(saved[0]?.blob.type).toBe(type);
  });

  test("that is refused says why, where refusals are", async () => {
    const room = two();
    button(room, "JSON").click();
    await room.reply("export", { error: { message: "It broke.", remedy: "Try again." } });
    expect(room.text(".glm-refused")).toBe("It broke. Try again.");
    expect(saved).toEqual([]);
  });

  test("waits for a busy kernel, and says so", async () => {
    const room = two();
    button(room, "Notebook").click();
    room.pass(1000);
    expect(room.text(".glm-note")).toBe("The kernel is busy; the file is saved when it is free.");
    await room.reply("export", { body: { name: "a.ipynb", text: "{}" } });
    expect([saved.length, room.text(".glm-note")]).toEqual([1, ""]);
  });

  test("of an empty chat is none", () => {
    const room = new Room();
    expect(["Markdown", "Copy conversation"].map((name) => button(room, name).disabled)).toEqual([
      true,
      true,
    ]);
  });

  test("copies what the kernel makes", async () => {
    const room = two();
    button(room, "Copy conversation").click();
    await room.reply("export", { body: { name: "a.md", text: "# Chat" } });
    expect(copied).toEqual(["# Chat"]);
    expect(room.text(".glm-note")).toBe("The conversation is in the clipboard.");
  });

  test("copies what the page has where the kernel is late", async () => {
    const room = two();
    button(room, "Copy conversation").click();
    await vi.advanceTimersByTimeAsync(1000);
    expect(copied).toEqual([OWN]);
  });

  test("goes on without the kernel: Markdown, and the clipboard", async () => {
    const room = two();
    room.model.fire("comm:close");
    room.pass(50);
    const names = ["Markdown", "JSON", "Notebook", "Copy conversation"];
    expect(names.map((name) => button(room, name).disabled)).toEqual([false, true, true, false]);
    button(room, "Copy conversation").click();
    button(room, "Markdown").click();
    await vi.advanceTimersByTimeAsync(0);
    expect(copied).toEqual([OWN]);
    expect(saved).toMatchObject([{ name: "chat.md" }]);
    expect(asked(room, "export")).toEqual([]);
  });

  test("that the kernel did not live to answer says nothing but that it is gone", async () => {
    const room = two();
    button(room, "JSON").click();
    room.model.fire("comm:close");
    await vi.advanceTimersByTimeAsync(50);
    expect(room.text(".glm-refused")).toBe("");
  });
});

test("without a kernel nothing can be set, and all can be read", () => {
  const room = new Room({ system: "Be kind." });
  room.model.fire("comm:close");
  room.pass(50);
  expect(["Thinking budget", "Temperature"].map((name) => field(room, name).disabled)).toEqual([
    true,
    true,
  ]);
  const system = field(room, "System prompt");
  expect([system.readOnly, system.value]).toEqual([true, "Be kind."]);
});
