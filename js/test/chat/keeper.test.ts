import { expect, test, vi } from "vitest";
import { ChatModel, chatState, ended, Room, text, turnState, useRooms } from "./room.ts";

useRooms();

type Wire = Record<string, unknown>;

/** What of a shared output the page may use. */
const shared = (output: Wire) => ({ get: (name: string) => output[name], toJSON: () => output });

/** A document with one code cell, as JupyterLab shares it. */
class Document {
  readonly origins: unknown[] = [];
  outputs: Wire[];

  constructor(outputs: Wire[]) {
    this.outputs = outputs;
  }

  get host(): Wire {
    const cell = {
      youtputs: { toArray: () => this.outputs.map(shared) },
      updateOutputs: (start: number, end: number, outputs: Wire[], origin: unknown) => {
        this.outputs = [...this.outputs.slice(0, start), ...outputs, ...this.outputs.slice(end)];
        this.origins.push(origin);
      },
    };
    return { context: { model: { sharedModel: { cells: [{ cell_type: "markdown" }, cell] } } } };
  }

  get kept(): unknown {
    const data = this.outputs[1]?.data as Wire | undefined;
    return data?.["text/markdown"];
  }
}

const VIEW_MIME = "application/vnd.jupyter.widget-view+json";
const view = {
  output_type: "display_data",
  data: { [VIEW_MIME]: { model_id: "m" }, "text/plain": "A chat" },
  metadata: { glm_notebook_view_of: "m-1" },
};
const place = (id: string) => ({
  output_type: "display_data",
  data: { "text/markdown": "", "text/plain": "" },
  metadata: { glm_notebook_kept_for: id },
});

function open(document: Document | null, state: Wire): Room {
  const model = new ChatModel({ state: { ...state, id: "m-1" } });
  if (document) Object.assign(model, { widget_manager: document.host });
  return new Room({}, model);
}

/** Answer what the page asks for with what the kernel has settled. */
async function answer(room: Room, turns: Record<string, Wire>): Promise<Wire> {
  room.pass(600);
  const question = room.sent("ask").findLast(({ what }) => what === "settled") as Wire;
  room.say({ type: "reply", id: question?.id, body: { turns } });
  await vi.advanceTimersByTimeAsync(0);
  return question;
}

const settled = (markdown: string, done = true) => ({ markdown, plain: markdown, done });

test("each ended turn is asked for once, and all of them are saved without being drawn", async () => {
  const document = new Document([view, place("m-1")]);
  const room = open(document, chatState([ended("t-1", "A")]));
  expect((await answer(room, { "t-1": settled("> A\n\nYes.") })).ids).toEqual(["t-1"]);
  expect(document.kept).toBe('<div class="glm-kept"></div>\n\n> A\n\nYes.');
  expect(document.outputs[0]).toBe(view);
  expect(document.origins).toEqual(["silent-change"]);
  room.list(["t-1", "t-2"]);
  room.tell("t-2", { status: "complete", parts: [text("No.")], elapsed_s: 2 });
  expect((await answer(room, { "t-2": settled("> B\n\nNo.") })).ids).toEqual(["t-2"]);
  expect(document.kept).toBe('<div class="glm-kept"></div>\n\n> A\n\nYes.\n\n> B\n\nNo.');
});

test("a turn that runs is kept now and then, and settled when it has ended", async () => {
  const document = new Document([view, place("m-1")]);
  const room = open(document, chatState([turnState("t-1", { parts: [text("He", null)] })]));
  await answer(room, { "t-1": settled("He", false) });
  expect(document.kept).toMatch(/He$/);
  room.tell("t-1", { parts: [text("Hell", null)] });
  room.pass(2000);
  await vi.advanceTimersByTimeAsync(0);
  expect(room.sent("ask")).toHaveLength(1);
  room.pass(5000);
  room.tell("t-1", { parts: [text("Hello", null)] });
  await answer(room, { "t-1": settled("Hello", false) });
  expect(document.kept).toMatch(/Hello$/);
  room.tell("t-1", { status: "complete", parts: [text("Hello.")], elapsed_s: 9 });
  room.pass(600);
  await vi.advanceTimersByTimeAsync(6000);
  room.tell("t-1", { status: "complete", parts: [text("Hello.")], elapsed_s: 9 });
  await answer(room, { "t-1": settled("Hello.") });
  expect(document.kept).toMatch(/Hello\.$/);
});

test("a turn that was deleted is saved no more", async () => {
  const document = new Document([view, place("m-1")]);
  const room = open(document, chatState([ended("t-1", "A"), ended("t-2", "B")]));
  await answer(room, { "t-1": settled("one"), "t-2": settled("two") });
  room.list(["t-2"]);
  room.pass(600);
  await vi.advanceTimersByTimeAsync(0);
  expect(document.kept).toBe('<div class="glm-kept"></div>\n\ntwo');
  expect(room.sent("ask")).toHaveLength(1);
});

test("what is saved already is not saved again: the file is not changed for nothing", async () => {
  const document = new Document([view, place("m-1")]);
  const room = open(document, chatState([ended("t-1", "A")]));
  await answer(room, { "t-1": settled("one") });
  room.list(["t-1"]);
  room.pass(600);
  await vi.advanceTimersByTimeAsync(0);
  expect(document.origins).toHaveLength(1);
});

test.each([
  ["no document", null],
  ["a document without an output for it", new Document([view, place("m-2")])],
])("with %s nothing is asked for", async (_, document) => {
  const room = open(document, chatState([ended("t-1", "A")]));
  room.pass(5000);
  await vi.advanceTimersByTimeAsync(0);
  expect(room.sent("ask")).toEqual([]);
});

test("a view whose kernel is gone is saved as a line of text, until it is found again", async () => {
  const document = new Document([view, place("m-1")]);
  const room = open(document, chatState([ended("t-1", "A")]));
  await answer(room, { "t-1": settled("one") });
  room.model.fire("comm:close");
  room.pass(600);
  expect(document.outputs[0]).toEqual({ ...view, data: { "text/plain": "A chat" } });
  await vi.advanceTimersByTimeAsync(0);
  room.list(["t-1"]);
  room.pass(600);
  expect(document.outputs[0]).toEqual(view);
});

test("a kernel that cannot answer leaves what is kept as it is", async () => {
  const document = new Document([view, place("m-1")]);
  const room = open(document, chatState([ended("t-1", "A")]));
  await answer(room, { "t-1": settled("one") });
  room.list(["t-1", "t-2"]);
  room.pass(600);
  room.model.fire("comm:close");
  await vi.advanceTimersByTimeAsync(1000);
  expect(document.kept).toMatch(/one$/);
});

test("a turn that ends while what has come of it is asked for is kept with its end", async () => {
  const document = new Document([view, place("m-1")]);
  const room = open(document, chatState([turnState("t-1", { parts: [text("He", null)] })]));
  room.pass(600);
  const [question] = room.sent("ask");
  room.tell("t-1", { status: "complete", parts: [text("Hello.")], elapsed_s: 9 });
  room.say({ type: "reply", id: question?.id, body: { turns: { "t-1": settled("He", false) } } });
  await vi.advanceTimersByTimeAsync(0);
  await answer(room, { "t-1": settled("Hello.") });
  expect(document.kept).toMatch(/Hello\.$/);
});

test("what has come of a turn is not kept in the place of another", async () => {
  const document = new Document([view, place("m-1")]);
  const state = chatState([turnState("t-1", { parts: [text("He", null)] })]);
  const room = open(document, state);
  await answer(room, { "t-1": settled("He", false) });
  room.list(["t-2", "t-1"]);
  await answer(room, { "t-1": settled("Hell", false) });
  expect(document.kept).toBe('<div class="glm-kept"></div>\n\nHell');
});

test("beside a transcript that has taken the view's place nothing is kept", async () => {
  const document = new Document([{ ...view, metadata: {} }, place("m-1")]);
  const room = open(document, chatState([ended("t-1", "A")]));
  room.pass(5000);
  await vi.advanceTimersByTimeAsync(0);
  expect(room.sent("ask")).toEqual([]);
});
