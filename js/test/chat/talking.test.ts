import { describe, expect, test, vi } from "vitest";
import {
  ChatModel,
  chatState,
  closeRooms,
  ended,
  Room,
  text,
  turnState,
  useRooms,
} from "./room.ts";

useRooms();

describe("a prompt", () => {
  test("is sent, then becomes a turn, whose answer is shown as a cell shows it", () => {
    const room = new Room();
    const id = room.ask("Who are you?");
    expect(room.sent("send")).toEqual([{ type: "send", id, text: "Who are you?" }]);
    expect(room.texts(".glm-queue > li")).toEqual(["SendingWho are you?"]);
    room.list(["t-1"]);
    expect(room.texts(".glm-queue > li")).toEqual([]);
    expect(room.text(".glm-prompt")).toBe("Who are you?");
    expect(room.sent("turn")).toEqual([
      { type: "turn", id: "t-1", message: { type: "snapshot_request" } },
    ]);
    room.tell("t-1", { prompt: "Who are you?" });
    const events = [
      { type: "part_started", kind: "text", at_s: 1, id: "", name: "" },
      { type: "delta", index: 0, text: "I am **GLM**." },
    ];
    room.say({
      type: "turn",
      id: "t-1",
      message: { type: "events", seq: 1, now_s: 1, events },
    });
    expect(room.text(".glm-turn .glm-answer")).toBe("I am GLM.");
    expect(room.find(".glm-answer strong").textContent).toBe("GLM");
  });

  test("is in its own writing direction", () => {
    const room = new Room();
    room.ask("ما هو الوسيط؟");
    room.list(["t-1"]);
    expect(room.find(".glm-prompt").dir).toBe("auto");
    expect(room.area.dir).toBe("auto");
  });

  test("that left the queue stays in sight until its turn is there", () => {
    const room = new Room({ state: chatState([turnState("t-1", { parts: [text("…", null)] })]) });
    const id = room.ask("And then?");
    room.list(["t-1"], [{ id, text: "And then?" }]);
    room.tell("t-1", { seq: 9, status: "complete", elapsed_s: 2 });
    room.list(["t-1"]);
    expect(room.texts(".glm-queue > li")).toEqual(["SendingAnd then?"]);
    expect(room.stop.hidden).toBe(false);
    room.list(["t-1", "t-2"]);
    expect(room.texts(".glm-queue > li")).toEqual([]);
    expect(room.texts(".glm-prompt")).toEqual(["Hi", "And then?"]);
  });

  test("of a running turn's queue that is gone was taken back", () => {
    const room = new Room({
      state: chatState([turnState("t-1")], { queue: [{ id: "q-1", text: "x" }] }),
    });
    room.list(["t-1"]);
    expect(room.texts(".glm-queue > li")).toEqual([]);
  });

  test("that is refused comes back, with the reason, before what was written since", () => {
    const room = new Room();
    const id = room.ask("First");
    room.write("Second");
    const why = { message: "There is no key.", remedy: "Set one with %glm login." };
    room.say({ type: "refused", id, text: "First", ...why });
    expect(room.area.value).toBe("First\nSecond");
    expect(room.text(".glm-refused")).toBe("There is no key. Set one with %glm login.");
    expect(room.find(".glm-refused").getAttribute("role")).toBe("alert");
    expect(room.texts(".glm-queue > li")).toEqual([]);
    room.press("Enter");
    expect(room.text(".glm-refused")).toBe("");
  });

  test("of another page that is refused is nothing to this one", () => {
    const room = new Room();
    room.say({ type: "refused", id: "theirs", text: "x", message: "No.", remedy: "" });
    expect(room.text(".glm-refused")).toBe("");
    expect(room.area.value).toBe("");
  });
});

describe("a busy kernel", () => {
  test("is told of after 1.5 s, and the prompt is repeated with its id until it is seen", () => {
    const room = new Room();
    const id = room.ask("Hello");
    room.pass(1300);
    expect(room.text(".glm-notice")).toBe("");
    room.pass(300);
    expect(room.text(".glm-notice")).toBe("The kernel is busy; this will be sent when it is free.");
    room.pass(4000);
    expect(room.sent("send").map((message) => message.id)).toEqual([id, id, id]);
    room.list([], [{ id, text: "Hello" }]);
    expect(room.text(".glm-notice")).toBe("");
    room.pass(10_000);
    expect(room.sent("send")).toHaveLength(3);
  });

  test("is not one that speaks of the chat, though the turn is yet to come", () => {
    const room = new Room();
    room.ask("Hello");
    for (let second = 0; second < 8; second += 1) {
      room.list([]);
      room.pass(1000);
    }
    expect(room.text(".glm-notice")).toBe("");
    room.pass(4000);
    expect(room.text(".glm-notice")).not.toBe("");
  });
});

describe("the queue", () => {
  const running = () =>
    new Room({ state: chatState([turnState("t-1", { parts: [text("…", null)] })]) });

  test("shows what waits, and gives it back", () => {
    const room = running();
    const id = room.ask("Next");
    room.list(["t-1"], [{ id, text: "Next" }]);
    expect(room.texts(".glm-queue > li")).toEqual(["QueuedNextTake back"]);
    const button = room.find<HTMLButtonElement>(".glm-queue button");
    expect(button.getAttribute("aria-label")).toBe("Take back: Next");
    button.focus();
    button.click();
    room.pass(50);
    expect(room.sent("unqueue")).toEqual([{ type: "unqueue", id }]);
    expect(button.disabled).toBe(true);
    expect(room.area.value).toBe("Next");
    room.list(["t-1"]);
    expect(room.texts(".glm-queue > li")).toEqual([]);
    expect(document.activeElement).toBe(room.area);
  });

  test("keeps its order, whoever sends", () => {
    const room = running();
    room.list(
      ["t-1"],
      [
        { id: "a", text: "A" },
        { id: "b", text: "B" },
      ],
    );
    room.list(
      ["t-1"],
      [
        { id: "b", text: "B" },
        { id: "c", text: "C" },
      ],
    );
    expect(room.texts(".glm-queued-text")).toEqual(["B", "C"]);
  });
});

describe("the list", () => {
  test("of an older revision is not taken in; a gap in it is harmless", () => {
    const room = new Room();
    room.say({ type: "chat", rev: 7, turns: ["t-1", "t-2"], queue: [] });
    room.say({ type: "chat", rev: 3, turns: ["t-1"], queue: [] });
    expect(room.el.querySelectorAll(".glm-exchange")).toHaveLength(2);
  });

  test("drops a turn that is gone, and leaves the others as they are", () => {
    const room = new Room({ state: chatState([ended("t-1", "A"), ended("t-2", "B")]) });
    const kept = room.find(".glm-turn");
    room.list(["t-1", "t-3"]);
    room.tell("t-3", { prompt: "B again" });
    expect(room.texts(".glm-prompt")).toEqual(["A", "B again"]);
    expect(room.find(".glm-turn")).toBe(kept);
  });

  test("a gap in a turn is asked for with the turn's id", () => {
    const room = new Room({ state: chatState([turnState("t-1")]) });
    const events = [{ type: "delta", index: 0, text: "x" }];
    room.say({
      type: "turn",
      id: "t-1",
      message: { type: "events", seq: 5, now_s: 1, events },
    });
    expect(room.sent("turn")).toEqual([
      { type: "turn", id: "t-1", message: { type: "snapshot_request" } },
    ]);
  });

  test("what is said of an unknown turn is no harm", () => {
    const room = new Room();
    room.tell("t-9");
    expect(room.el.querySelectorAll(".glm-exchange")).toHaveLength(0);
  });
});

describe("Retry", () => {
  const failed = {
    prompt: "Hm?",
    status: "failed",
    elapsed_s: 1,
    error: { kind: "ServerError", message: "It broke.", remedy: "" },
  };

  test("asks a turn that failed again, once, in its place", () => {
    const room = new Room({ state: chatState([ended("t-1", "A"), turnState("t-2", failed)]) });
    const [first, last] = room.el.querySelectorAll<HTMLButtonElement>(".glm-retry");
    expect([first?.hidden, last?.hidden]).toEqual([true, false]);
    last?.focus();
    last?.click();
    last?.click();
    room.pass(50);
    expect(room.sent("retry")).toHaveLength(1);
    expect(last?.hidden).toBe(true);
    expect(document.activeElement).toBe(room.area);
    room.list(["t-1", "t-3"]);
    room.tell("t-3", { prompt: "Hm?" });
    expect(room.texts(".glm-prompt")).toEqual(["A", "Hm?"]);
  });

  test("is offered for what was cut off, without the words of a cell", () => {
    const cutOff = turnState("t-1", { status: "cut_off", elapsed_s: 1, parts: [text("He")] });
    const room = new Room({ state: chatState([cutOff]) });
    expect(room.text(".glm-end")).toBe("The connection broke off");
    expect(room.find(".glm-retry").hidden).toBe(false);
  });

  test("is not offered for what is complete, or while a prompt is on its way", () => {
    const room = new Room({ state: chatState([ended("t-1", "A")]) });
    expect(room.find(".glm-retry").hidden).toBe(true);
    const other = new Room({ state: chatState([turnState("t-2", failed)]) });
    other.ask("Then this");
    expect(other.find(".glm-retry").hidden).toBe(true);
  });
});

describe("two views of one chat", () => {
  test("show the same; what is refused comes back where it was written", () => {
    const room = new Room();
    const second = document.body.appendChild(document.createElement("div"));
    const close = room.show(second);
    const id = room.ask("Hello");
    expect(second.querySelector(".glm-queue li")?.textContent).toBe("SendingHello");
    room.say({ type: "refused", id, text: "Hello", message: "No key.", remedy: "" });
    expect(room.area.value).toBe("Hello");
    expect(second.querySelector("textarea")?.value).toBe("");
    expect(second.querySelector(".glm-refused")?.textContent).toBe("No key.");
    room.list(["t-1"]);
    room.tell("t-1", { prompt: "Hello", parts: [text("Yes.")] });
    expect(second.querySelector(".glm-answer")?.textContent).toBe("Yes.");
    close();
    room.list(["t-1", "t-2"]);
    expect(second.childElementCount).toBe(0);
  });

  test("nothing is left behind", () => {
    const room = new Room({ state: chatState([turnState("t-1")]) });
    room.ask("Hello");
    closeRooms();
    expect(room.model.listening).toBe(0);
    room.pass(100);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a kernel that is gone", () => {
  test.each(["comm:close", "destroy", "comm_live_update"])(
    "by %s: said once, the text stays, nothing can be sent",
    (event) => {
      const state = chatState([turnState("t-1", { parts: [text("I am", null)] })]);
      const room = new Room({ state });
      room.write("Half a thought");
      room.model.fire(event);
      room.pass(50);
      expect(room.text(".glm-notice")).toContain("can no longer be reached");
      expect(room.text(".glm-answer")).toBe("I am");
      expect(room.area.readOnly).toBe(true);
      expect(room.area.value).toBe("Half a thought");
      expect(room.send.disabled).toBe(true);
      expect(room.stop.hidden).toBe(true);
      expect(room.find<HTMLInputElement>(".glm-model").disabled).toBe(true);
      room.press("Enter");
      expect(room.sent("send")).toEqual([]);
    },
  );

  test("is gone from the start in a model that is not live", () => {
    const model = new ChatModel({ state: chatState([ended("t-1", "A")]) });
    model.comm_live = false;
    const room = new Room({}, model);
    expect(room.text(".glm-notice")).toContain("can no longer be reached");
    expect(room.texts(".glm-prompt")).toEqual(["A"]);
    expect(room.sent("ready")).toEqual([]);
  });

  test("that speaks again is there again, and is asked for the turn", () => {
    const room = new Room({ state: chatState([turnState("t-1")]) });
    room.ask("Unheard");
    room.model.fire("comm_live_update");
    room.pass(5000);
    expect(room.sent("send")).toHaveLength(1);
    room.list(["t-1"]);
    expect(room.text(".glm-notice")).toBe("");
    expect(room.sent("turn").at(-1)).toMatchObject({ message: { type: "snapshot_request" } });
    room.pass(2100);
    expect(room.sent("send")).toHaveLength(2);
  });
});

describe("what is set", () => {
  const model = (room: Room) => room.find<HTMLInputElement>(".glm-model");

  test("is the kernel's, and goes to it", () => {
    const room = new Room({ models: ["glm-5", "glm-4.6"], thinking: false });
    expect(model(room).value).toBe("glm-5");
    const ids = [...room.el.querySelectorAll("option")].map(({ value }) => value);
    expect(ids).toEqual(["glm-5", "glm-4.6", "auto", "on", "off"]);
    expect(room.find<HTMLSelectElement>("select").value).toBe("off");
    model(room).value = " glm-4.6 ";
    model(room).dispatchEvent(new Event("change"));
    expect(room.model.traits.model).toBe("glm-4.6");
    room.find<HTMLSelectElement>("select").value = "on";
    room.find("select").dispatchEvent(new Event("change"));
    expect(room.model.traits.thinking).toBe(true);
    room.find<HTMLInputElement>("[type=checkbox]").click();
    expect(room.model.traits.use_tools).toBe(false);
    expect(room.model.saved).toBe(3);
  });

  test("from Python is shown; a name that is being written is left alone", () => {
    const room = new Room();
    room.model.set("model", "glm-4.6");
    room.pass(50);
    expect(model(room).value).toBe("glm-4.6");
    model(room).focus();
    model(room).value = "glm-4.";
    room.model.set("model", "glm-5");
    room.pass(50);
    expect(model(room).value).toBe("glm-4.");
  });

  test("no name is no model", () => {
    const room = new Room();
    model(room).value = " ";
    model(room).dispatchEvent(new Event("change"));
    expect(room.model.traits.model).toBe("glm-5");
    expect(model(room).value).toBe("glm-5");
  });
});

describe("the words", () => {
  test("an empty chat says what it can do", () => {
    const room = new Room({ state: chatState([], { tools: ["describe", "plot"] }) });
    expect(room.text(".glm-empty")).toBe("Ask a question. The model can call describe, plot.");
    room.model.set("use_tools", false);
    room.pass(50);
    expect(room.text(".glm-empty")).toBe("Ask a question.");
    room.ask("Hi");
    expect(room.text(".glm-empty")).toBe("");
  });

  test("are those of the trait, and change with it; what is written stays", () => {
    const room = new Room({ language: "zh-CN" });
    expect(room.send.textContent).toBe("发送");
    expect(room.find(".glm-chat").lang).toBe("zh");
    room.write("你好");
    room.model.set("language", "en");
    expect(room.send.textContent).toBe("Send");
    expect(room.area.value).toBe("你好");
  });
});
