/** Names and roles of every state of the chat. Contrast needs a browser, and is not looked at here. */

import axe from "axe-core";
import { afterEach, expect, test } from "vitest";
import { chatState, closeRooms, ended, Room, text, turnState } from "./room.ts";

afterEach(() => {
  closeRooms();
  document.body.replaceChildren();
});

const call = (state: string) => ({
  kind: "tool_call",
  id: "c-1",
  name: "plot",
  text: "{}",
  started_s: 1,
  ended_s: null,
  state,
  run_s: null,
  outputs: [],
  result: null,
});
const error = { kind: "ServerError", message: "It broke.", remedy: "Ask again." };
const tasks = "- [x] done\n- [ ] to do\n\n| a |\n|---|\n| 1 |\n\n```py\nx\n```";

const meter = { context: 190_000, window: 200_000, cost: 0.4, currency: "CNY" };

function answer(room: Room, { type, id, what }: Record<string, unknown>): void {
  const df = { kind: "DataFrame 3 × 2", tokens: 310 };
  const body = what === "complete" ? { matches: [{ text: "df", ...df }] } : { objects: { df } };
  if (type === "ask") room.model.fire("msg:custom", { type: "reply", id, body });
}

const states: Record<string, () => Room> = {
  empty: () => new Room({ state: chatState([], { tools: ["plot"] }) }),
  "an answer": () => new Room({ state: chatState([ended("t-1", "A", tasks)]) }),
  queued: () =>
    new Room({ state: chatState([turnState("t-1")], { queue: [{ id: "q", text: "B" }] }) }),
  approval: () =>
    new Room({
      state: chatState([turnState("t-1", { status: "calling", parts: [call("asking")] })]),
    }),
  failed: () =>
    new Room({ state: chatState([turnState("t-1", { status: "failed", elapsed_s: 1, error })]) }),
  branches: () =>
    new Room({
      state: chatState([ended("t-1", "A")], { branches: { "t-1": ["t-0", "t-1", "t-2"] } }),
    }),
  editing: () => {
    const room = new Room({ state: chatState([ended("t-1", "A"), turnState("t-2")]) });
    room.find(".glm-of-prompt button[aria-label='Edit prompt']").click();
    return room;
  },
  "a chip, and attachments": () => {
    const attachments = [{ name: "a.csv", kind: "file", tokens: 9, excerpt: "a,b" }];
    const turn = { ...(turnState("t-1").snapshot as { turn: object }).turn, attachments };
    const prompt = "{{ df }}";
    return new Room({ state: chatState([turnState("t-1", { turn: { ...turn, prompt } })]) });
  },
  "an answer to continue": () =>
    new Room({
      state: chatState([
        turnState("t-1", { status: "stopped", elapsed_s: 1, parts: [text("So")] }),
      ]),
    }),
  "settings, one of them wrong": () => {
    const room = new Room({ state: chatState([], { meter }) });
    for (const button of room.el.querySelectorAll<HTMLElement>(".glm-open")) button.click();
    room.find(".glm-open").click();
    const [budget] = room.el.querySelectorAll<HTMLInputElement>(".glm-tuning input");
    if (budget) budget.value = "much";
    budget?.dispatchEvent(new Event("change"));
    return room;
  },
  attachments: () => {
    const room = new Room({ state: chatState([ended("t-1", "A")], { meter }) });
    for (const button of room.el.querySelectorAll<HTMLElement>(".glm-open")) button.click();
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", "a\tb\n1\t2");
    room.area.dispatchEvent(new ClipboardEvent("paste", { clipboardData, cancelable: true }));
    return room;
  },
  completing: () => {
    const room = new Room();
    room.model.send = (message) => answer(room, message as Record<string, unknown>);
    room.write("{{ df }} {{ y }} {{ d");
    return room;
  },
  gone: () => {
    const room = new Room({ state: chatState([turnState("t-1", { parts: [text("I", null)] })]) });
    room.model.fire("comm:close");
    return room;
  },
};

test.each(Object.keys(states))("%s: no violation", async (name) => {
  const room = states[name]?.() as Room;
  await new Promise((resolve) => setTimeout(resolve, 150)); // for a pause in writing
  const { violations, passes } = await axe.run(room.el, {
    rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
  });
  expect(passes.length).toBeGreaterThan(5);
  const said = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`);
  expect(said).toEqual([]);
});
