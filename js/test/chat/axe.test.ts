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
  gone: () => {
    const room = new Room({ state: chatState([turnState("t-1", { parts: [text("I", null)] })]) });
    room.model.fire("comm:close");
    return room;
  },
};

test.each(Object.keys(states))("%s: no violation", async (name) => {
  const room = states[name]?.() as Room;
  await new Promise(requestAnimationFrame);
  const { violations, passes } = await axe.run(room.el, {
    rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
  });
  expect(passes.length).toBeGreaterThan(5);
  const said = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`);
  expect(said).toEqual([]);
});
