import { describe, expect, test, vi } from "vitest";
import { comeNear, resize, useObservers } from "./observers.ts";
import { chatState, ended, Room, text, turnState, useRooms } from "./room.ts";

useRooms();
useObservers();

/** The button of a name in the last exchange, or in the one of an index. */
function button(room: Room, name: string, index = -1): HTMLButtonElement {
  const found = named(room, name, index);
  if (!found) throw new Error(`no button ${name}`);
  return found;
}

function named(room: Room, name: string, index = -1): HTMLButtonElement | undefined {
  const exchange = [...room.el.querySelectorAll(".glm-exchange")].at(index);
  const buttons = [...(exchange?.querySelectorAll("button") ?? [])];
  return buttons.find((one) => nameOf(one) === name && !one.closest("[hidden]"));
}

const nameOf = (one: HTMLElement) => one.getAttribute("aria-label") ?? one.textContent ?? "";

/** Names of the buttons that can be pressed in the exchange of an index. */
function names(room: Room, index = -1): string[] {
  const exchange = [...room.el.querySelectorAll(".glm-exchange")].at(index);
  return [...(exchange?.querySelectorAll("button") ?? [])]
    .filter((one) => !one.closest("[hidden]") && !one.disabled)
    .filter((one) => one.getAttribute("aria-disabled") !== "true")
    .map(nameOf);
}

const editor = (room: Room) => room.find<HTMLTextAreaElement>(".glm-editor textarea");
const composer = (room: Room) => room.find<HTMLTextAreaElement>(".glm-composer textarea");

function key(target: HTMLElement, key: string, more: KeyboardEventInit = {}): boolean {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  return target.dispatchEvent(event);
}

function write(area: HTMLTextAreaElement, text: string): void {
  area.value = text;
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

const two = () => new Room({ state: chatState([ended("t-1", "One"), ended("t-2", "Two")]) });
const running = () =>
  new Room({
    state: chatState([ended("t-1", "One"), turnState("t-2", { parts: [text("…", null)] })]),
  });

/** Write another prompt in the place of the one of an index. */
function beginEdit(room: Room, text?: string, index = -1): HTMLTextAreaElement {
  button(room, "Edit prompt", index).click();
  if (text !== undefined) write(editor(room), text);
  return editor(room);
}

describe("the actions", () => {
  test("of a prompt and of its answer have names", () => {
    expect(names(two())).toEqual([
      "Copy prompt",
      "Edit prompt",
      "Delete prompt and answer",
      "Copy answer",
      "Regenerate",
    ]);
  });

  test("in Chinese", () => {
    const room = new Room({ language: "zh", state: chatState([ended("t-1", "一")]) });
    expect(names(room)).toEqual(["复制提问", "编辑提问", "删除提问和回答", "复制回答", "重新生成"]);
  });

  test("that change the tree wait for the running turn", () => {
    const room = running();
    expect(names(room, 0)).toEqual(["Copy prompt", "Edit prompt", "Copy answer"]);
    room.tell("t-2", { seq: 9, status: "complete", elapsed_s: 2, parts: [text("Yes.")] });
    expect(names(room, 0)).toContain("Delete prompt and answer");
    expect(names(room, 0)).toContain("Regenerate");
  });

  test("that need the kernel go with it; what is written can still be copied", () => {
    const room = new Room({
      state: chatState([ended("t-1", "One")], { branches: { "t-1": ["t-0", "t-1"] } }),
    });
    button(room, "Regenerate").focus();
    room.model.fire("comm:close");
    room.pass(50);
    expect(names(room)).toEqual(["Copy prompt", "Copy answer"]);
    expect(document.activeElement).toBe(composer(room));
    expect(room.find(".glm-branches").getAttribute("aria-label")).toBe("Version 2 of 2");
  });
});

describe("Copy", () => {
  test("gives the answer as the model wrote it, and says so", async () => {
    const copied: string[] = [];
    vi.stubGlobal("navigator", {
      clipboard: { writeText: async (said: string) => copied.push(said) },
    });
    const parts = [text("I **am**"), { ...text("thought"), kind: "thinking" }, text("- GLM")];
    const state = chatState([turnState("t-1", { parts, status: "complete", elapsed_s: 2 })]);
    const room = new Room({ state });
    button(room, "Copy answer").click();
    button(room, "Copy prompt").click();
    await vi.advanceTimersByTimeAsync(0);
    expect(copied).toEqual(["I **am**\n\n- GLM", "Hi"]);
    expect(button(room, "Copy answer").textContent).toBe("Copied");
    expect(room.texts(".glm-transcript > .glm-announcer p")).toEqual(["Copied", "Copied"]);
    room.pass(2000);
    expect(button(room, "Copy answer").textContent).toBe("Copy");
  });

  test("goes the old way where the page may not, with the same text", async () => {
    vi.stubGlobal("navigator", {});
    let given = "";
    const data = { setData: (_: string, said: string) => (given = said) };
    document.execCommand = () => {
      const event = Object.assign(new Event("copy", { cancelable: true }), { clipboardData: data });
      return !document.dispatchEvent(event);
    };
    const room = new Room({ state: chatState([ended("t-1", "One", "I **am**.")]) });
    button(room, "Copy answer").click();
    await vi.advanceTimersByTimeAsync(0);
    expect(given).toBe("I **am**.");
    expect(button(room, "Copy answer").textContent).toBe("Copied");
    document.execCommand = () => false;
    button(room, "Copy answer").click();
    await vi.advanceTimersByTimeAsync(0);
    expect(button(room, "Copy answer").textContent).toBe("Press Ctrl+C");
    expect(document.getSelection()?.toString()).toContain("I am.");
  });
});

describe("Delete", () => {
  test("asks to be pressed again", () => {
    const room = two();
    const take = button(room, "Delete prompt and answer", 0);
    take.focus();
    take.click();
    expect(take.textContent).toBe("Delete?");
    expect(room.sent("delete")).toEqual([]);
    take.click();
    room.pass(50);
    expect(room.sent("delete")).toEqual([{ type: "delete", turn: "t-1" }]);
    expect(names(room, 1)).not.toContain("Regenerate");
    room.list(["t-2"]);
    expect(room.texts(".glm-prompt")).toEqual(["Two"]);
    expect(document.activeElement).toBe(composer(room));
    expect(names(room)).toContain("Regenerate");
  });

  test.each([
    ["after 4 s", (room: Room) => room.pass(4000)],
    ["when it is left", (room: Room) => composer(room).focus()],
  ])("asks no more %s", (_, then) => {
    const room = two();
    const take = button(room, "Delete prompt and answer");
    take.focus();
    take.click();
    then(room);
    expect(take.textContent).toBe("Delete");
    expect(nameOf(take)).toBe("Delete prompt and answer");
    take.click();
    expect(room.sent("delete")).toEqual([]);
  });
});

describe("an edit", () => {
  test("begins in the prompt's place, and is sent by Enter; the focus is in the composer then", () => {
    const room = two();
    const area = beginEdit(room);
    expect(area.value).toBe("Two");
    expect(document.activeElement).toBe(area);
    expect(room.texts(".glm-prompt:not([hidden])")).toEqual(["One"]);
    write(area, "Two,\nagain ");
    expect(key(area, "Enter", { shiftKey: true })).toBe(true);
    expect(key(area, "Enter")).toBe(false);
    const [sent] = room.sent("edit");
    expect(sent).toMatchObject({ turn: "t-2", text: "Two,\nagain" });
    room.pass(50);
    expect(area.readOnly).toBe(true);
    expect(room.text(".glm-editor [role=status]")).toBe("Sending");
    expect(document.activeElement).toBe(area);
    room.list(["t-1", "t-2"]); // heard, and being prepared
    expect(area.readOnly).toBe(true);
    expect(room.stop.hidden).toBe(false);
    room.list(["t-1", "t-3"], [], { branches: { "t-3": ["t-2", "t-3"] } });
    expect(room.texts(".glm-prompt")).toEqual(["One", "Two,\nagain"]);
    expect(room.el.querySelector(".glm-editor")).toBe(null);
    expect(composer(room).value).toBe("");
    expect(document.activeElement).toBe(composer(room));
    expect(room.texts(".glm-place")).toEqual(["", "2/2"]);
  });

  test("is given up by Escape, which stops no turn, or by Cancel", () => {
    const room = running();
    const area = beginEdit(room, "Other", 0);
    expect(key(area, "Escape", { isComposing: true })).toBe(true);
    expect(room.el.querySelector(".glm-editor")).not.toBe(null);
    key(area, "Escape");
    room.pass(50);
    expect(room.texts(".glm-prompt:not([hidden])")).toEqual(["One", "Hi"]);
    expect(document.activeElement).toBe(button(room, "Edit prompt", 0));
    expect(room.sent("turn")).toEqual([]);
    beginEdit(room, "Other", 0);
    room.find<HTMLButtonElement>(".glm-cancel").click();
    expect(room.el.querySelector(".glm-editor")).toBe(null);
  });

  test("is not sent by Enter of an input method", () => {
    const room = two();
    const area = beginEdit(room, "ni hao");
    key(area, "Enter", { isComposing: true });
    area.dispatchEvent(new CompositionEvent("compositionend", { bubbles: true }));
    key(area, "Enter");
    expect(room.sent("edit")).toEqual([]);
    room.pass(100);
    key(area, "Enter");
    expect(room.sent("edit")).toHaveLength(1);
  });

  test("can be begun while a turn runs, and sent when it has ended", () => {
    const room = running();
    const area = beginEdit(room, "Other", 0);
    const send = room.find<HTMLButtonElement>(".glm-send-edit");
    key(area, "Enter");
    expect(room.sent("edit")).toEqual([]);
    expect([send.disabled, send.title]).toEqual([true, "Wait for the turn to end"]);
    expect(room.text(".glm-editor [role=status]")).toBe("Wait for the turn to end");
    room.tell("t-2", { seq: 9, status: "complete", elapsed_s: 2 });
    expect(room.text(".glm-editor [role=status]")).toBe("");
    send.focus();
    send.click();
    room.pass(50);
    expect(room.sent("edit")).toHaveLength(1);
    expect(document.activeElement).toBe(area);
  });

  test("that is blank is not sent", () => {
    const room = two();
    key(beginEdit(room, " \n"), "Enter");
    expect(room.find<HTMLButtonElement>(".glm-send-edit").disabled).toBe(true);
    expect(room.sent("edit")).toEqual([]);
  });

  test("that is refused can be written on", () => {
    const room = two();
    const area = beginEdit(room, "Other");
    key(area, "Enter");
    const id = room.sent("edit")[0]?.id;
    room.say({ type: "refused", id, text: "Other", message: "No key.", remedy: "" });
    expect(room.text(".glm-refused")).toBe("No key.");
    expect([area.value, area.readOnly]).toEqual(["Other", false]);
    expect(composer(room).value).toBe("");
    key(area, "Enter");
    expect(room.sent("edit")).toHaveLength(2);
  });

  test("that nothing comes of, for another turn ran, can be sent again", () => {
    const room = two();
    key(beginEdit(room, "Other"), "Enter");
    room.list(["t-1", "t-2", "t-7"]);
    room.tell("t-7", { status: "complete", elapsed_s: 1 });
    expect(editor(room).readOnly).toBe(false);
    expect(room.find<HTMLButtonElement>(".glm-send-edit").disabled).toBe(false);
  });

  test("of a turn that is no longer shown is kept in the composer", () => {
    const room = two();
    write(composer(room), "Next");
    beginEdit(room, "Half written");
    room.list(["t-1"]);
    expect(composer(room).value).toBe("Half written\nNext");
    expect(document.activeElement).toBe(composer(room));
  });

  test("is kept in the composer when the language changes", () => {
    const room = two();
    write(composer(room), "Next");
    beginEdit(room, "Half written");
    room.model.set("language", "zh");
    expect(composer(room).value).toBe("Half written\nNext");
  });

  test("that was only begun leaves nothing", () => {
    const room = two();
    beginEdit(room);
    room.list(["t-1"]);
    expect(composer(room).value).toBe("");
  });

  test("is told of when the kernel is busy", () => {
    const room = two();
    key(beginEdit(room, "Other"), "Enter");
    room.pass(1400);
    expect(room.text(".glm-notice")).toBe("");
    room.pass(200);
    expect(room.text(".glm-notice")).toBe("The kernel is busy; this will be done when it is free.");
    room.list(["t-1", "t-3"]);
    expect(room.text(".glm-notice")).toBe("");
  });
});

describe("Regenerate", () => {
  test("asks beside the turn; its prompt is shown at once, and none that was sent is taken for it", () => {
    const room = two();
    button(room, "Regenerate", 0).focus();
    button(room, "Regenerate", 0).click();
    button(room, "Regenerate", 0).click();
    room.pass(50);
    expect(room.sent("regenerate")).toEqual([{ type: "regenerate", turn: "t-1" }]);
    expect(document.activeElement).toBe(composer(room));
    room.ask("Next");
    room.list(["t-3"], [], { branches: { "t-3": ["t-1", "t-3"] } });
    expect(room.texts(".glm-prompt")).toEqual(["One"]);
    expect(room.texts(".glm-queued-text")).toEqual(["Next"]);
  });

  test("that is refused can be pressed again", () => {
    const room = two();
    button(room, "Regenerate").click();
    room.say({ type: "refused", id: "", text: "", message: "No key.", remedy: "" });
    expect(room.text(".glm-refused")).toBe("No key.");
    expect(composer(room).value).toBe("");
    expect(names(room)).toContain("Regenerate");
  });
});

describe("Continue", () => {
  const cases: [string, object, string[]][] = [
    ["stopped", { status: "stopped" }, ["Continue", "Retry"]],
    ["interrupted", { status: "interrupted" }, ["Continue", "Retry"]],
    ["cut off", { status: "cut_off" }, ["Continue", "Retry"]],
    ["full", { status: "complete", finish_reason: "length" }, ["Continue"]],
    ["complete", { status: "complete", finish_reason: "stop" }, []],
    ["failed", { status: "failed" }, ["Retry"]],
    ["stopped before an answer", { status: "stopped", parts: [text(" ")] }, ["Retry"]],
  ];

  test.each(cases)("of a turn that is %s", (_, changes, offered) => {
    const turn = turnState("t-2", { parts: [text("So")], elapsed_s: 1, ...changes });
    const room = new Room({ state: chatState([ended("t-1", "One"), turn]) });
    const isOffer = (name: string) => ["Continue", "Retry"].includes(name);
    expect(names(room).filter(isOffer)).toEqual(offered);
    expect(names(room, 0).filter(isOffer)).toEqual([]);
  });

  test("asks once, and a new turn takes the place", () => {
    const turn = turnState("t-2", { parts: [text("So")], elapsed_s: 1, status: "stopped" });
    const room = new Room({ state: chatState([ended("t-1", "One"), turn]) });
    const goOn = button(room, "Continue");
    goOn.focus();
    goOn.click();
    goOn.click();
    room.pass(50);
    expect(room.sent("continue")).toEqual([{ type: "continue" }]);
    expect(document.activeElement).toBe(composer(room));
    room.list(["t-1", "t-3"]);
    room.tell("t-3", { parts: [text("So it is", null)] });
    expect(room.texts(".glm-answer")).toEqual(["Yes.", "So it is"]);
  });
});

describe("branches", () => {
  const branched = () =>
    new Room({
      state: chatState([ended("t-1", "One"), ended("t-4", "Two"), ended("t-5", "Three")], {
        branches: { "t-4": ["t-2", "t-4", "t-6"] },
      }),
    });
  const branches = { "t-2": ["t-2", "t-4", "t-6"] };

  test("are counted where there are any, and have names", () => {
    const room = branched();
    const [first, second, third] = room.el.querySelectorAll<HTMLElement>(".glm-branches");
    expect([first?.hidden, second?.hidden, third?.hidden]).toEqual([true, false, true]);
    expect(second?.textContent).toBe("‹2/3›");
    expect(second?.getAttribute("aria-label")).toBe("Version 2 of 3");
    expect(names(room, 1)).toContain("Earlier version");
    expect(names(room, 1)).toContain("Later version");
  });

  test("are gone to; the focus goes to the same button, turns come by themselves", () => {
    const room = branched();
    const earlier = button(room, "Earlier version", 1);
    earlier.focus();
    earlier.click();
    earlier.click();
    room.pass(50);
    expect(room.sent("select")).toEqual([{ type: "select", turn: "t-2" }]);
    expect(document.activeElement).toBe(earlier);
    room.list(["t-1", "t-2", "t-3"], [], { branches });
    expect(document.activeElement).toBe(button(room, "Earlier version", 1));
    expect(document.activeElement?.getAttribute("aria-disabled")).toBe("true");
    const turns = [ended("t-2", "Two, once", "No."), ended("t-3", "Then", "So.")];
    room.say({ type: "turns", turns });
    room.pass(2000);
    expect(room.texts(".glm-prompt")).toEqual(["One", "Two, once", "Then"]);
    expect(room.texts(".glm-answer")).toEqual(["Yes.", "No.", "So."]);
    expect(room.sent("turn")).toEqual([]);
    button(room, "Later version", 1).click();
    expect(room.sent("select").at(-1)).toEqual({ type: "select", turn: "t-4" });
  });

  test("keep the height of the chat until the other turn is known", () => {
    const room = branched();
    const content = room.find(".glm-exchanges");
    Object.defineProperty(content, "offsetHeight", { get: () => 777 });
    button(room, "Earlier version", 1).click();
    room.list(["t-1", "t-2"], [], { branches });
    expect(content.style.minHeight).toBe("777px");
    room.say({ type: "turns", turns: [ended("t-2", "Two, once", "No.")] });
    expect(content.style.minHeight).toBe("");
    room.list(["t-1", "t-2", "t-3"], [], { branches });
    expect(content.style.minHeight).toBe("");
  });

  test("of many turns that do not come are asked for only near to what is seen", () => {
    const room = branched();
    button(room, "Earlier version", 1).click();
    const path = Array.from({ length: 1000 }, (_, n) => `u-${n}`);
    room.list(["t-1", "t-2", ...path], [], { branches });
    room.pass(900);
    expect(room.sent("turn")).toEqual([]);
    room.pass(200);
    const asked = () => room.sent("turn").map(({ id }) => id);
    expect(asked()).toEqual(["u-997", "u-998", "u-999"]);
    comeNear(room.el.querySelectorAll(".glm-exchange")[5] as Element);
    room.pass(50);
    expect(asked()).toEqual(["u-997", "u-998", "u-999", "u-3"]);
  });

  test("shown from Python: only the last turn is asked for at once", () => {
    const room = branched();
    room.list(["t-1", "t-8", "t-9"]);
    expect(room.sent("turn").map(({ id }) => id)).toEqual(["t-9"]);
  });

  test("a prompt that became a turn before the other branch was told of is heard", () => {
    const room = branched();
    button(room, "Earlier version", 1).click();
    room.ask("Next");
    room.list(["t-1", "t-2", "t-9"], [], { branches });
    room.tell("t-9", { prompt: "Next" });
    expect(room.texts(".glm-queued-text")).toEqual([]);
  });

  test("a prompt that was sent meanwhile is not lost", () => {
    const room = branched();
    button(room, "Earlier version", 1).click();
    room.ask("Next");
    room.list(["t-1", "t-2"], [], { branches });
    expect(room.texts(".glm-queued-text")).toEqual(["Next"]);
    room.list(["t-1", "t-2", "t-9"], [], { branches });
    expect(room.texts(".glm-queued-text")).toEqual([]);
    expect(room.texts(".glm-prompt").at(-1)).toBe("Next");
  });

  test("are the same in two views, and what is written in one is not in the other", () => {
    const room = branched();
    const el = document.body.appendChild(document.createElement("div"));
    room.show(el);
    beginEdit(room, "Half");
    expect(el.querySelector(".glm-editor")).toBe(null);
    button(room, "Later version", 1).focus();
    button(room, "Later version", 1).click();
    room.pass(50);
    const steps = [...el.querySelectorAll(".glm-branches:not([hidden]) button")];
    expect(steps.map((one) => one.getAttribute("aria-disabled"))).toEqual(["true", "true"]);
    room.list(["t-1", "t-6"], [], { branches: { "t-6": ["t-2", "t-4", "t-6"] } });
    room.say({ type: "turns", turns: [ended("t-6", "Two, thrice")] });
    for (const root of [room.el, el]) {
      const shown = [...root.querySelectorAll(".glm-prompt")].map(({ textContent }) => textContent);
      expect(shown).toEqual(["One", "Two, thrice"]);
      expect(root.querySelectorAll(".glm-place")[1]?.textContent).toBe("3/3");
    }
    const second = el.querySelector<HTMLTextAreaElement>(".glm-composer textarea");
    expect([composer(room).value, second?.value]).toEqual(["Half", ""]);
    expect(document.activeElement).toBe(button(room, "Later version", 1));
  });
});

describe("the reader's place", () => {
  /** A window of 100 px on content whose height and place the test sets. */
  function windowed(room: Room) {
    const scroller = room.find(".glm-scroller");
    const place = { height: 900, top: 0 };
    const rect = (top: number) => ({ top, bottom: top + 50 }) as DOMRect;
    Object.defineProperty(scroller, "scrollHeight", { get: () => place.height });
    Object.defineProperty(scroller, "clientHeight", { get: () => 100 });
    scroller.getBoundingClientRect = () => rect(0);
    const first = room.find(".glm-exchange");
    first.getBoundingClientRect = () => rect(place.top - scroller.scrollTop);
    return { scroller, place };
  }

  const branched = () =>
    new Room({
      state: chatState([ended("t-1", "One"), ended("t-4", "Two")], {
        branches: { "t-4": ["t-2", "t-4"] },
      }),
    });

  test("stays when another branch is shown, also from the end", () => {
    const room = branched();
    const { scroller, place } = windowed(room);
    resize();
    expect(scroller.scrollTop).toBe(900);
    button(room, "Earlier version").click();
    place.height = 400; // the other branch is not there yet, and the browser is at its end
    scroller.scrollTop = 300;
    scroller.dispatchEvent(new Event("scroll"));
    place.height = 2000;
    resize();
    expect(scroller.scrollTop).toBe(900);
    expect(room.find(".glm-latest").hidden).toBe(false);
    place.height = 1000;
    resize();
    expect(room.find(".glm-latest").hidden).toBe(true);
  });

  test("is the reader's own again after the next move", () => {
    const room = branched();
    const { scroller, place } = windowed(room);
    resize();
    button(room, "Earlier version").click();
    scroller.dispatchEvent(new Event("wheel"));
    scroller.scrollTop = 400;
    scroller.dispatchEvent(new Event("scroll"));
    place.height = 2000;
    resize();
    expect(scroller.scrollTop).toBe(400);
  });
});

describe("a prompt", () => {
  const attachments = [
    { name: "sales.csv", kind: "file", tokens: 1240, excerpt: "a,b\n<b>1</b>,2" },
    { name: "df", kind: "DataFrame 120 × 4", tokens: 310, excerpt: "x" },
    { name: "old" },
  ];
  const asked = (prompt: string, more = {}) => {
    const turn = ended("t-1", prompt) as { snapshot: { turn: object } };
    Object.assign(turn.snapshot.turn, more);
    return new Room({ state: chatState([turn]) });
  };

  test("shows the objects that it names as chips; formulas and code are left alone", () => {
    const room = asked("Is {{ df.a }} in `{{ b }}` or \\frac{{a}}{{b}}?");
    expect(room.texts(".glm-chip")).toEqual(["df.a"]);
    expect(room.text(".glm-prompt")).toBe("Is df.a in `{{ b }}` or \\frac{{a}}{{b}}?");
    beginEdit(room);
    expect(editor(room).value).toBe("Is {{ df.a }} in `{{ b }}` or \\frac{{a}}{{b}}?");
  });

  test("shows what was sent along, with the beginning of it as plain text", () => {
    const room = asked("What?", { attachments });
    expect(room.texts(".glm-attachment > summary")).toEqual([
      "sales.csv · ≈ 1,240 tokens",
      "df · DataFrame 120 × 4 · ≈ 310 tokens",
      "old",
    ]);
    expect(room.text(".glm-excerpt")).toBe("a,b\n<b>1</b>,2");
    expect(room.find<HTMLDetailsElement>("details.glm-attachment").open).toBe(false);
    expect(room.find(".glm-sent-along").getAttribute("aria-label")).toBe("Sent with the prompt");
  });

  test.each([undefined, null, "x", [1, null]])("without attachments, as %j, shows none", (none) => {
    expect(asked("What?", { attachments: none }).texts(".glm-attachment")).toEqual([]);
  });
});

describe("1,000 turns", () => {
  const turns = Array.from({ length: 1000 }, (_, n) => ended(`t-${n}`, `Prompt ${n}`));

  test("have actions only where they are near", () => {
    const room = new Room({ state: chatState(turns) });
    expect(room.el.querySelectorAll(".glm-of-prompt")).toHaveLength(3);
  });

  test("are not touched by typing, or by a turn that goes on", async () => {
    const room = new Room({ state: chatState([...turns, turnState("t-now")]) });
    room.tell("t-now", { seq: 1, parts: [text("More", null)] });
    const touched = new Set<string>();
    const observer = new MutationObserver((records) => {
      for (const { target } of records) {
        const at = target instanceof Element ? target : target.parentElement;
        const exchange = at?.closest(".glm-exchange");
        touched.add(exchange?.querySelector(".glm-prompt")?.textContent ?? at?.className ?? "");
      }
    });
    const all = { subtree: true, childList: true, characterData: true, attributes: true };
    observer.observe(room.find(".glm-transcript"), all);
    room.write("I type");
    room.pass(20);
    await Promise.resolve();
    expect(touched.size).toBe(0);
    room.tell("t-now", { seq: 2, parts: [text("More and more", null)] });
    await Promise.resolve();
    observer.disconnect();
    expect([...touched]).toEqual(["Hi"]);
  });
});
