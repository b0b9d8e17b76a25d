import { describe, expect, test, vi } from "vitest";
import { chatState, ended, Room, text, turnState, useRooms } from "./room.ts";

useRooms();

const CELLS = 'region\tprice\nnorth\t4,2\nsouth\tthe "best"\n';
const CSV = 'region,price\nnorth,"4,2"\nsouth,"the ""best"""\n';

const chips = (room: Room) => room.texts(".glm-attached li").map((one) => one.replace("×", ""));
const note = (room: Room) => room.text(".glm-note");
const remove = (room: Room) => [...room.el.querySelectorAll<HTMLElement>(".glm-remove")];

/** Paste. Tells whether the browser would do what it does. */
function paste(room: Room, data: Record<string, string>, files: readonly File[] = []): boolean {
  const clipboardData = new DataTransfer();
  for (const [type, value] of Object.entries(data)) clipboardData.setData(type, value);
  for (const file of files) clipboardData.items.add(file);
  return room.area.dispatchEvent(
    new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }),
  );
}

async function pick(room: Room, ...files: readonly File[]): Promise<void> {
  const input = room.find<HTMLInputElement>("input[type=file]");
  Object.defineProperty(input, "files", { value: files, configurable: true });
  input.dispatchEvent(new Event("change"));
  await settled();
}

/** Files are read by promises, and they by timers of the platform. */
async function settled(): Promise<void> {
  vi.useRealTimers();
  await new Promise((resolve) => setTimeout(resolve, 20));
  vi.useFakeTimers();
}

const file = (name: string, ...parts: (string | Uint8Array<ArrayBuffer>)[]) =>
  new File(parts, name);

describe("a pasted table", () => {
  test("becomes CSV; a second one has another name; both are sent along", () => {
    const room = new Room();
    expect(paste(room, { "text/plain": CELLS })).toBe(false);
    paste(room, { "text/plain": "a\tb\n1\t2" });
    expect(chips(room)).toEqual(["table.csv · ≈ 12 tokens", "table-2.csv · ≈ 2 tokens"]);
    expect(room.area.value).toBe("");
    room.ask("Compare");
    const attachments = [
      { name: "table.csv", text: CSV },
      { name: "table-2.csv", text: "a,b\n1,2\n" },
    ];
    expect(room.sent("send")[0]).toMatchObject({ text: "Compare", attachments });
    expect(chips(room)).toEqual([]);
    room.ask("Again");
    expect(room.sent("send")[1]).not.toHaveProperty("attachments");
  });

  test("of a page keeps its cells where others span them", () => {
    const room = new Room();
    const html = `<style>td{}</style><table><tr><th colspan=2>a</th><th rowspan=2>b</th></tr>
      <tr><td>1</td><td> 2\n 3 </td></tr></table>`;
    expect(paste(room, { "text/html": html, "text/plain": "a b 1 2" })).toBe(false);
    room.ask("?");
    expect(room.sent("send")[0]?.attachments).toEqual([
      { name: "table.csv", text: "a,,b\n1,2 3,\n" },
    ]);
  });

  test.each([
    [
      "with a text around it",
      { "text/html": "<p>So:</p><table><tr><td>1<td>2<tr><td>3<td>4</table>" },
    ],
    ["of one column", { "text/html": "<table><tr><td>1<tr><td>3</table>" }],
    ["of uneven rows", { "text/plain": "a\tb\nc" }],
    ["of one row", { "text/plain": "a\tb" }],
    ["that is code", { "text/plain": "\tx = 1\n\ty = 2" }],
  ])("%s is left to the browser", (_, data) => {
    const room = new Room();
    expect(paste(room, data)).toBe(true);
    expect(chips(room)).toEqual([]);
  });
});

describe("a long text", () => {
  test("becomes an attachment, and the page says how it stays a text", () => {
    const room = new Room();
    expect(paste(room, { "text/plain": "x".repeat(4000) })).toBe(true);
    expect(paste(room, { "text/plain": "x".repeat(4001) })).toBe(false);
    expect(chips(room)).toEqual(["pasted.txt · ≈ 1,001 tokens"]);
    expect(note(room)).toBe("Attached what was pasted. Ctrl+Shift+V pastes it as text.");
    room.write("What is it?");
    expect(note(room)).toBe("");
  });

  test("that is pasted by Ctrl+Shift+V is left to the browser, and the next one is not", () => {
    const room = new Room();
    room.press("V", { ctrlKey: true, shiftKey: true });
    expect(paste(room, { "text/plain": "x".repeat(5000) })).toBe(true);
    expect(paste(room, { "text/plain": "x".repeat(5000) })).toBe(false);
  });
});

describe("a file", () => {
  test("that is picked is attached", async () => {
    const room = new Room();
    await pick(room, file("a.txt", "Grüße"), file("a.txt", "b"));
    expect(chips(room)).toEqual(["a.txt · ≈ 2 tokens", "a-2.txt · ≈ 1 token"]);
  });

  test("that is dropped anywhere on the chat is; meanwhile the page says so", async () => {
    const room = new Room();
    const drag = (type: string) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(file("d.txt", "d"));
      Object.defineProperty(dataTransfer, "types", { value: ["Files"] });
      const event = new Event(type, { bubbles: true, cancelable: true });
      Object.assign(event, { dataTransfer, relatedTarget: null });
      return room.find(".glm-transcript").dispatchEvent(event);
    };
    expect(drag("dragover")).toBe(false);
    expect(room.text(".glm-drop")).toBe("Drop files to attach them");
    drag("dragleave");
    expect(room.text(".glm-drop")).toBe("");
    drag("dragover");
    expect(drag("drop")).toBe(false);
    await settled();
    expect(room.text(".glm-drop")).toBe("");
    expect(chips(room)).toEqual(["d.txt · ≈ 1 token"]);
  });

  test.each([
    ["of bytes", file("p.png", new Uint8Array([0x89, 0x50, 0, 1])), "p.png is not a text file."],
    ["that is too large", file("l.csv", "x".repeat(2_000_001)), "l.csv is larger than 2 MB."],
  ])("%s is refused with what to do", async (_, given, said) => {
    const room = new Room();
    await pick(room, given);
    expect(chips(room)).toEqual([]);
    expect(note(room)).toBe(
      `${said} Read it in a cell, and name the result in the prompt: {{ name }}.`,
    );
    expect(room.find(".glm-note").getAttribute("role")).toBe("status");
  });

  test("too many for one prompt are refused", async () => {
    const room = new Room();
    const big = file("b.txt", "x".repeat(2_000_000));
    await pick(room, big, big, big, file("c.txt", "c"));
    expect(chips(room)).toHaveLength(3);
    expect(note(room)).toMatch(/^c.txt is too much for one prompt\. Remove/);
  });

  test("of an old encoding is read as the language has it, and UTF-16 by its mark", async () => {
    const room = new Room({ language: "zh" });
    const gbk = new Uint8Array([0xca, 0xfd, 0xbe, 0xdd]);
    const wide = new Uint8Array([0xff, 0xfe, 0x61, 0x00]);
    await pick(room, file("g.txt", gbk), file("u.txt", wide));
    room.ask("?");
    const attachments = room.sent("send")[0]?.attachments as { text: string }[];
    expect(attachments.map((one) => one.text)).toEqual(["数据", "a"]);
  });
});

describe("an attachment", () => {
  test("can be removed; the focus goes on to the next one, then to the text", () => {
    const room = new Room();
    for (const _ of [1, 2]) paste(room, { "text/plain": CELLS });
    expect(remove(room).map((one) => one.getAttribute("aria-label"))).toEqual([
      "Remove table.csv",
      "Remove table-2.csv",
    ]);
    remove(room)[0]?.focus();
    remove(room)[0]?.click();
    expect(document.activeElement).toBe(remove(room)[0]);
    remove(room)[0]?.click();
    expect(document.activeElement).toBe(room.area);
    expect(chips(room)).toEqual([]);
  });

  test("alone is not sent: Send says what is missing", () => {
    const room = new Room();
    paste(room, { "text/plain": CELLS });
    expect(room.send.disabled).toBe(true);
    expect(room.send.title).toBe("Write what to do with the attachment, then send");
    room.press("Enter");
    expect(room.sent("send")).toEqual([]);
    room.write("Sum");
    expect(room.send.disabled).toBe(false);
  });

  test("comes back when the prompt is refused", () => {
    const room = new Room();
    paste(room, { "text/plain": CELLS });
    const id = room.ask("Sum");
    room.say({ type: "refused", id, text: "Sum", message: "No key.", remedy: "" });
    expect(chips(room)).toEqual(["table.csv · ≈ 12 tokens"]);
    expect(room.area.value).toBe("Sum");
  });

  test("comes back when the prompt is taken out of the queue, in another page as well", () => {
    const attachments = [{ name: "a.csv", text: "abcd" }];
    const queue = [{ id: "q", text: "Sum", attachments }];
    const turns = [turnState("t-1", { parts: [text("…", null)] })];
    const room = new Room({ state: chatState(turns, { queue }) });
    expect(room.texts(".glm-queue .glm-queued-names")).toContain("a.csv");
    room.find(".glm-queue button").click();
    expect(chips(room)).toEqual(["a.csv · ≈ 1 token"]);
  });

  test("stays when the language changes, and so does what may come back", () => {
    const room = new Room();
    const id = room.ask("One");
    paste(room, { "text/plain": CELLS });
    room.model.set("language", "zh");
    room.pass(50);
    expect(chips(room)).toEqual(["table.csv · 约 12 token"]);
    room.say({ type: "refused", id, text: "One", message: "No key.", remedy: "" });
    expect(room.area.value).toBe("One");
  });

  test("that is heavy is not repeated every two seconds", () => {
    const room = new Room();
    paste(room, { "text/plain": "x".repeat(60_000) });
    room.ask("Sum");
    room.pass(28_000);
    expect(room.sent("send")).toHaveLength(1);
    room.pass(2_000);
    expect(room.sent("send")).toHaveLength(2);
  });

  test("cannot be added where the kernel is gone, and what is there stays", () => {
    const room = new Room({ state: chatState([ended("t-1", "A")]) });
    paste(room, { "text/plain": CELLS });
    room.model.fire("comm:close");
    room.pass(50);
    expect(paste(room, { "text/plain": CELLS })).toBe(true);
    expect(room.find<HTMLButtonElement>(".glm-attach").disabled).toBe(true);
    expect(chips(room)).toHaveLength(1);
  });
});
