/** The cards of tool calls. The fake clock is that of the turn, too. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  delta,
  ended,
  FakeKernel,
  FakeModel,
  finished,
  inState,
  onWire,
  output,
  result,
  started,
} from "../helpers.ts";
import { outline } from "../markdown/grown.ts";
import { closePages, Page } from "../page.ts";

beforeEach(() => {
  vi.useFakeTimers();
  document.documentElement.lang = "en";
});

afterEach(() => {
  closePages();
  vi.useRealTimers();
  document.body.replaceChildren();
});

type Event = Record<string, unknown>;

/** The events of a call whose arguments are complete. */
const called = (index: number, name = "head", text = '{"n": 5}'): Event[] => [
  started("tool_call", 0, `c${index}`, name),
  delta(index, text),
  inState(index, "queued", 0),
];

/** A page that shows a call after some events. */
function shown(...events: Event[]): Page {
  const page = new Page();
  page.send(...called(0), ...events);
  return page;
}

function send(page: Page, nowS: number, ...events: Event[]): void {
  page.kernel.nowS = nowS;
  page.send(...events);
}

const line = (page: Page) => page.text(".glm-card > summary > code");
const state = (page: Page) => page.text(".glm-state");
const card = (page: Page, index = 0) =>
  page.el.querySelectorAll<HTMLDetailsElement>(".glm-card")[index] as HTMLDetailsElement;
const stopOf = (page: Page) => page.find<HTMLButtonElement>(".glm-stop-call");
const buttons = (page: Page) =>
  [...page.el.querySelectorAll<HTMLButtonElement>(".glm-ask button")] as [
    HTMLButtonElement,
    HTMLButtonElement,
    HTMLButtonElement,
  ];
const reasonOf = (page: Page) => page.find<HTMLInputElement>(".glm-reason");
const asked = (page: Page) =>
  page.kernel.model.sent.filter(({ type }) => /^(?:approve|decline|stop_call)$/.test(type));
const heard = (page: Page) =>
  [...page.find(".glm-announcer").children].map(({ textContent }) => textContent);

describe("the line", () => {
  test("shows the arguments as they come, and the name when it is known", () => {
    const page = new Page();
    page.send(started("tool_call", 0), delta(0, '{"df": "sa'));
    expect(line(page)).toBe('–({"df": "sa…)');
    page.send({ type: "tool_named", index: 0, id: "c", name: "head" }, delta(0, "x"));
    expect(line(page)).toBe('head({"df": "sax…)');
    page.send(delta(0, '"}'), inState(0, "queued"));
    expect(line(page)).toBe('head(df="sax")');
  });

  test.each([
    ["", "f()"],
    ["[1]", "f([1])"],
    ["no json", "f(no json)"],
    ['{"a": {"b": [1, "ü"]}}', 'f(a={"b": [1, "ü"]})'],
    [`{"a": "${"x".repeat(300)}"}`, `f(a="${"x".repeat(196)}…)`],
    ['{"a": "\u202e"}', 'f(a="⟨U+202E⟩")'],
    ['{"a": 1.0, "b": [-2.50, 1e-7], "c": {"d": 0}}', 'f(a=1.0, b=[-2.50, 1e-7], c={"d": 0})'],
    ['{"big": 12345678901234567890}', "f(big=12345678901234567890)"],
    ['{"b": 2, "1": {"z": 1, "0": 0}}', 'f(b=2, 1={"z": 1, "0": 0})'],
    ['{"a": "1.0, \\"2.0\\"", "#1": "#2", "\'": true}', 'f(a="1.0, \\"2.0\\"", #1="#2", \'=true)'],
    ['{"a": 01}', 'f({"a": 01})'],
    ['{"a": 1.}', 'f({"a": 1.})'],
  ])("%s", (text, written) => {
    const page = new Page();
    page.send(started("tool_call", 0, "c", "f"), delta(0, text), ended(0, 1));
    expect(line(page)).toBe(written);
  });

  test("survives arguments that are nested deeper than the stack", () => {
    const deep = `{"a": ${"[".repeat(50_000)}${"]".repeat(50_000)}}`;
    const page = shown(...called(1, "f", deep), ...called(2, "g"));
    expect(page.el.querySelectorAll(".glm-card")).toHaveLength(3);
  });
});

describe("the state", () => {
  test("while the model writes the arguments, with a clock after half a second", () => {
    const page = new Page();
    page.send(started("tool_call", 0, "c", "f"), delta(0, "{"));
    expect(state(page)).toBe("writing");
    page.pass(400);
    expect(state(page)).toBe("writing");
    page.pass(300);
    expect(state(page)).toBe("writing · 0 s");
  });

  test("while the function runs, with a clock from when it was entered", () => {
    const page = shown(inState(0, "running", 0));
    expect(state(page)).toBe("running");
    page.pass(3200);
    expect(state(page)).toBe("running · 3 s");
  });

  test.each([
    ["queued", "queued"],
    ["asking", "asks for approval"],
    ["waiting", "waiting for the kernel"],
    ["declined", "declined"],
    ["stopped", "stopped"],
  ])("%s, without a time", (name, said) => {
    const page = shown(inState(0, name));
    page.pass(3000);
    expect(state(page)).toBe(said);
  });

  test.each(["done", "failed", "stopped"])("%s, with the time it took", (name) => {
    const page = shown(inState(0, "running", 0.2), inState(0, name, 0.34));
    expect(state(page)).toBe(`${name} · 0.1 s`);
    page.pass(3000);
    expect(state(page)).toBe(`${name} · 0.1 s`);
    expect(page.find(".glm-call").dataset.state).toBe(name);
  });

  test("the end of the turn stops what has not ended", () => {
    const page = shown(inState(0, "running", 0.5), finished("stopped", 2));
    expect(state(page)).toBe("stopped · 1.5 s");
    expect(vi.getTimerCount()).toBe(0);
  });

  test("cards move apart from each other", () => {
    const page = shown(...called(1, "mean"), inState(0, "running", 0), inState(1, "running", 0));
    send(page, 2, inState(1, "done", 2), output(0, "text/plain", "on"));
    const states = [...page.el.querySelectorAll(".glm-state")].map((one) => one.textContent);
    expect(states).toEqual(["running · 2 s", "done · 2.0 s"]);
    expect(card(page, 0).open).toBe(true);
    expect(card(page, 1).open).toBe(false);
  });

  test("after the results, the answer is waited for anew", () => {
    const page = shown(inState(0, "running", 0), inState(0, "done", 4));
    send(page, 4.2, { type: "round", at_s: 4.2 });
    expect(page.text(".glm-waiting")).toBe("");
    page.pass(2500);
    expect(page.text(".glm-waiting")).toBe("Waiting · 2 s");
  });
});

describe("long arguments", () => {
  const json = `{"sql": "${"SELECT ".repeat(20)}\\n", "n": 1.0, "deep": {"a": [1, 2]}}`;

  test("are shown as they come, then in lines, whole", () => {
    const page = new Page();
    page.send(started("tool_call", 0, "c", "query"), delta(0, json.slice(0, 80)));
    const text = page.find(".glm-body > .glm-text");
    expect(text.textContent).toBe(json.slice(0, 80));
    page.send(delta(0, json.slice(80)), inState(0, "queued"));
    expect(text.textContent).toBe(
      `{\n  "sql": "${"SELECT ".repeat(20)}\\n",\n  "n": 1.0,\n  "deep": {"a": [1, 2]}\n}`,
    );
  });

  test("that are long at any depth are broken there too", () => {
    const page = shown(...called(1, "f", `{"a": [${'"0123456789", '.repeat(9)}{}]}`));
    expect(page.el.querySelectorAll(".glm-body > .glm-text")[1]?.textContent).toBe(
      `{\n  "a": [\n${'    "0123456789",\n'.repeat(9)}    {}\n  ]\n}`,
    );
  });

  test("that are no JSON are shown as they came", () => {
    const page = shown(...called(1, "f", "no json ".repeat(20)));
    expect(page.el.querySelectorAll(".glm-body > .glm-text")[1]?.textContent).toBe(
      "no json ".repeat(20),
    );
  });

  test("short ones stand in the line only", () => {
    expect(shown().find(".glm-body > .glm-text").hidden).toBe(true);
  });
});

describe("what a tool put out", () => {
  const running = inState(0, "running", 0);

  test("printed text grows, without the codes of a terminal", () => {
    const page = shown(running, output(0, "text/plain", "\u001b[1mone\u001b"));
    const printed = page.find(".glm-outputs .glm-text");
    const node = printed.firstChild?.firstChild;
    page.send(output(0, "text/plain", "[0m two\r\nthree \u202e"));
    expect(printed.textContent).toBe("one two\nthree ⟨U+202E⟩");
    expect(printed.firstChild?.firstChild).toBe(node);
    expect(printed.getAttribute("aria-label")).toBe("Printed");
  });

  test.each(["image/png", "image/jpeg"])("%s is a picture", (mime) => {
    const page = shown(running, output(0, mime, "iVBORw0KGgo="));
    const picture = page.find<HTMLImageElement>(".glm-outputs > img");
    expect(picture.getAttribute("src")).toBe(`data:${mime};base64,iVBORw0KGgo=`);
    expect(picture.alt).toBe("Picture made by head");
  });

  test("an SVG is a picture too, and nothing of it is in the page", () => {
    const svg = "<svg onload='alert(1)'><script>alert(1)</script>\ud800</svg>";
    const page = shown(running, output(0, "image/svg+xml", svg));
    const src = page.find(".glm-outputs > img").getAttribute("src") as string;
    expect(src).toMatch(/^data:image\/svg\+xml;charset=utf-8,%3Csvg%20onload/);
    expect(decodeURIComponent(src)).toContain("\ufffd</svg>");
    expect(page.el.querySelector("svg, script")).toBeNull();
  });

  test("Markdown is rendered, its HTML is not", () => {
    const page = shown(running, output(0, "text/markdown", "**bold** <b>x</b>"));
    expect(page.text(".glm-outputs strong")).toBe("bold");
    expect(page.text(".glm-outputs .glm-answer")).toBe("bold <b>x</b>");
  });

  test("Markdown that is too long for one frame is shown whole", () => {
    const page = shown(running, output(0, "text/markdown", "A paragraph of it.\n\n".repeat(3000)));
    page.pass(2000);
    expect(page.el.querySelectorAll(".glm-outputs p")).toHaveLength(3000);
  });

  test.each([output(0, "image/png", "AA=="), inState(0, "done")])(
    "printed text is whole once %j came",
    (next) => {
      const page = shown(running, output(0, "text/plain", "a\r"));
      expect(page.text(".glm-outputs .glm-text")).toBe("a");
      page.send(next);
      expect(page.text(".glm-outputs .glm-text")).toBe("a\n");
    },
  );

  test("printed text keeps its end in view, unless the reader has scrolled up", () => {
    const page = shown(running, output(0, "text/plain", "a"));
    const printed = page.find(".glm-outputs .glm-text");
    Object.defineProperty(printed, "scrollHeight", { value: 500, configurable: true });
    page.send(output(0, "text/plain", "b"));
    expect(printed.scrollTop).toBe(0);
    printed.scrollTop = 495;
    Object.defineProperty(printed, "scrollHeight", {
      get: () => 500 + 9 * (printed.textContent ?? "").length,
    });
    Object.defineProperty(printed, "clientHeight", { value: 20 });
    page.send(output(0, "text/plain", "c"));
    expect(printed.scrollTop).toBe(527);
  });

  test("of another type only the type is named", () => {
    const page = shown(running, output(0, "text/html", "<b>x</b>"), output(0, "\u202e", ""));
    expect([...page.find(".glm-outputs").children].map((one) => one.textContent)).toEqual([
      "not shown here: text/html",
      "not shown here: ⟨U+202E⟩",
    ]);
  });

  test("stands in order", () => {
    const page = shown(
      running,
      output(0, "text/plain", "a"),
      output(0, "image/png", "AA=="),
      output(0, "text/plain", "b"),
    );
    expect([...page.find(".glm-outputs").children].map((one) => one.tagName)).toEqual([
      "PRE",
      "IMG",
      "PRE",
    ]);
  });

  test("opens the card, and leaves it open", () => {
    const page = shown(running);
    expect(card(page).open).toBe(false);
    page.send(output(0, "text/plain", "a"));
    expect(card(page).open).toBe(true);
    page.send(inState(0, "done"), started("text"), delta(1, "So"), finished("complete"));
    expect(card(page).open).toBe(true);
  });

  test("does not open a card that the reader has closed", () => {
    const page = shown(running, output(0, "text/plain", "a"));
    page.find(".glm-card > summary").click();
    card(page).open = false;
    page.send(output(0, "text/plain", "b"));
    expect(card(page).open).toBe(false);
  });
});

describe("the result", () => {
  const sections = (page: Page) =>
    [...page.el.querySelectorAll<HTMLDetailsElement>(".glm-section")].map(
      (one) => `${one.open ? "▾" : "▸"} ${one.textContent}`,
    );

  test("is in the folded card", () => {
    const page = shown(inState(0, "running"), result(0, "3 rows\n<b>"), inState(0, "done"));
    expect(card(page).open).toBe(false);
    expect(sections(page)).toEqual(["▾ Result3 rows\n<b>"]);
  });

  test("has the traceback of a failure with it", () => {
    const error = result(0, "KeyError", "\u001b[31mTraceback\u001b[0m\nKeyError");
    const page = shown(inState(0, "running"), error, inState(0, "failed"));
    expect(sections(page)).toEqual(["▾ ResultKeyError", "▾ TracebackTraceback\nKeyError"]);
  });

  test("is folded where there is something to see", () => {
    const page = shown(output(0, "text/plain", "a"), result(0, "3"), inState(0, "done"));
    expect(sections(page)).toEqual(["▸ Result3"]);
    const other = shown(result(0, "3"), output(0, "text/plain", "a"), inState(0, "done"));
    expect(sections(other)).toEqual(["▸ Result3"]);
  });

  test("is shown too where it is told after the end", () => {
    const page = shown(inState(0, "done"));
    page.send(result(0, "3"));
    page.send(finished("complete"));
    expect(sections(page)).toEqual(["▾ Result3"]);
  });
});

describe("a question", () => {
  /** A page that asks, and has for long enough to be answered. */
  function asking(...events: Event[]): Page {
    const page = shown(...events, inState(0, "asking"));
    page.pass(800);
    return page;
  }

  test("opens the card, with the arguments and three buttons", () => {
    const page = asking();
    expect(card(page).open).toBe(true);
    expect(buttons(page).map((one) => one.textContent)).toEqual([
      "Approve",
      "Approve always",
      "Decline",
    ]);
    expect(reasonOf(page).hidden).toBe(true);
  });

  test("opens a card that the reader has closed", () => {
    const page = shown(inState(0, "queued"));
    page.find(".glm-card > summary").click();
    card(page).open = false;
    page.send(inState(0, "asking"));
    expect(card(page).open).toBe(true);
  });

  test.each([
    [0, false],
    [1, true],
  ] as const)("button %i approves, always: %s", (index, always) => {
    const page = asking();
    buttons(page)[index].click();
    page.pass(50);
    expect(asked(page)).toEqual([{ type: "approve", index: 0, always }]);
    expect(buttons(page).every((one) => one.disabled)).toBe(true);
    for (const one of buttons(page)) one.click();
    expect(asked(page)).toHaveLength(1);
  });

  test("once answered by the kernel it is gone, the card folds, and the height is held", () => {
    const page = asking();
    Object.defineProperty(page.find(".glm-turn"), "offsetHeight", { get: () => 321 });
    buttons(page)[0].click();
    page.send(inState(0, "running"));
    expect(page.el.querySelector(".glm-ask")).toBeNull();
    expect(card(page).open).toBe(false);
    expect(page.find(".glm-turn").style.minHeight).toBe("321px");
  });

  test("waits for a moment, so that no click meant for something else answers it", () => {
    const page = shown(inState(0, "asking"));
    page.pass(300);
    expect(buttons(page).every((one) => one.disabled)).toBe(true);
    buttons(page)[0].click();
    expect(asked(page)).toEqual([]);
    page.pass(500);
    expect(buttons(page).every((one) => one.disabled)).toBe(false);
  });

  test("says when its answer is not heard", () => {
    const page = asking();
    buttons(page)[0].click();
    page.pass(1900);
    expect(page.text(".glm-unheard")).toBe("");
    page.pass(300);
    expect(page.text(".glm-unheard")).toBe("The kernel has not heard this yet.");
    page.send(inState(0, "running"));
    expect(page.text(".glm-unheard")).toBe("");
  });

  test("is answered in all views at once", () => {
    const page = asking();
    const other = new Page(page.kernel, { initialize: false });
    page.pass(1000);
    buttons(other)[0].click();
    page.pass(50);
    expect(buttons(page)[0].disabled).toBe(true);
  });

  test("takes one answer, also before the next frame", () => {
    const page = asking();
    const [approve, , decline] = buttons(page);
    decline.click();
    approve.click();
    decline.click();
    expect(asked(page)).toEqual([{ type: "approve", index: 0, always: false }]);
  });

  test("leaves no timer behind", () => {
    const page = asking();
    buttons(page)[0].click();
    page.send(inState(0, "running"), finished("complete"));
    expect(vi.getTimerCount()).toBe(0);
    buttons(asking())[0].click();
    closePages();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("each of two is answered for itself", () => {
    const page = shown(...called(1, "drop"), inState(0, "asking"), inState(1, "asking"));
    page.pass(800);
    (buttons(page) as HTMLButtonElement[])[3]?.click();
    page.pass(50);
    expect(asked(page)).toEqual([{ type: "approve", index: 1, always: false }]);
    expect(buttons(page)[0].disabled).toBe(false);
  });

  test("cannot be answered when the kernel is gone, or the turn has ended", () => {
    const page = asking();
    page.kernel.model.fire("comm:close");
    page.pass(50);
    expect(page.el.querySelector(".glm-ask")).toBeNull();
    const other = asking();
    other.send(finished("interrupted"));
    expect(other.el.querySelector(".glm-ask")).toBeNull();
    expect(card(other).open).toBe(false);
  });

  test("a kernel that is lost with the answer is said to be", () => {
    const page = asking();
    page.kernel.model.isDead = true;
    buttons(page)[0].click();
    page.pass(50);
    expect(page.text(".glm-hint:not([hidden])")).toContain("can no longer be reached");
    expect(page.el.querySelector(".glm-ask")).toBeNull();
  });

  describe("is declined", () => {
    const press = (page: Page, init: KeyboardEventInit) => {
      const key = new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...init });
      reasonOf(page).dispatchEvent(key);
      return key;
    };

    function declining(): Page {
      const page = asking();
      buttons(page)[2].click();
      return page;
    }

    test("with a reason that Enter sends", () => {
      const page = declining();
      expect(asked(page)).toEqual([]);
      expect(document.activeElement).toBe(reasonOf(page));
      reasonOf(page).value = " not that table ";
      page.pass(1000);
      expect(reasonOf(page).value).toBe(" not that table ");
      press(page, { key: "Enter" });
      expect(asked(page)).toEqual([{ type: "decline", index: 0, reason: "not that table" }]);
    });

    test("without one, by a second press", () => {
      const page = declining();
      buttons(page)[2].click();
      expect(asked(page)).toEqual([{ type: "decline", index: 0, reason: "" }]);
    });

    test("or not: Escape goes back, and stops nothing", () => {
      const page = declining();
      expect(press(page, { key: "Escape" }).defaultPrevented).toBe(true);
      expect(reasonOf(page).hidden).toBe(true);
      expect(document.activeElement).toBe(buttons(page)[2]);
      expect(page.kernel.model.count("stop")).toBe(0);
      expect(asked(page)).toEqual([]);
    });

    test("not by an Enter that ends a word of an input method", () => {
      const page = declining();
      press(page, { key: "Enter", isComposing: true });
      expect(asked(page)).toEqual([]);
    });
  });

  describe("and the focus", () => {
    test("comes to the question, not to a button, where nothing else has it", () => {
      const page = shown(inState(0, "asking"));
      expect(document.activeElement).toBe(page.find(".glm-ask"));
      expect(page.find(".glm-ask").getAttribute("aria-label")).toBe(
        "The tool head asks for approval",
      );
    });

    test("comes from elsewhere in the view", () => {
      const page = shown();
      page.find(".glm-card > summary").focus();
      page.send(inState(0, "asking"));
      expect(document.activeElement).toBe(page.find(".glm-ask"));
    });

    test("stays where somebody types", () => {
      const editor = document.body.appendChild(document.createElement("textarea"));
      editor.focus();
      shown(inState(0, "asking"));
      expect(document.activeElement).toBe(editor);
    });

    test("stays in an editor that is no field of a form", () => {
      const editor = document.body.appendChild(document.createElement("div"));
      editor.tabIndex = 0;
      editor.focus();
      shown(inState(0, "asking"));
      expect(document.activeElement).toBe(editor);
    });

    test("stays in the reason for another call", () => {
      const page = shown(...called(1, "drop"), inState(0, "asking"));
      page.pass(800);
      buttons(page)[2].click();
      page.send(inState(1, "asking"));
      expect(document.activeElement).toBe(reasonOf(page));
    });

    test("goes to the line of the call once it is answered", () => {
      const page = asking();
      buttons(page)[0].focus();
      buttons(page)[0].click();
      expect(document.activeElement).toBe(page.find(".glm-card > summary"));
    });
  });
});

describe("the Stop of one call", () => {
  test.each(["queued", "asking", "waiting", "running"])("is there while it is %s", (name) => {
    const page = shown(inState(0, name));
    expect(stopOf(page).hidden).toBe(false);
    expect(stopOf(page).getAttribute("aria-label")).toBe("Stop head");
  });

  test.each(["done", "failed", "declined", "stopped"])("is no more once it is %s", (name) => {
    expect(stopOf(shown(inState(0, name))).hidden).toBe(true);
  });

  test("is not there while the model writes", () => {
    const page = new Page();
    page.send(started("tool_call", 0, "c", "f"), delta(0, "{"));
    expect(stopOf(page).hidden).toBe(true);
  });

  test("asks the kernel once, and leaves the turn", () => {
    const page = shown(inState(0, "running"));
    stopOf(page).click();
    stopOf(page).click();
    page.pass(50);
    expect(asked(page)).toEqual([{ type: "stop_call", index: 0 }]);
    expect(stopOf(page).disabled).toBe(true);
    expect(page.kernel.model.count("stop")).toBe(0);
    page.pass(2000);
    expect(page.text(".glm-unheard")).not.toBe("");
    Object.defineProperty(page.find(".glm-turn"), "offsetHeight", { get: () => 99 });
    page.send(inState(0, "stopped", 3));
    expect(page.find(".glm-turn").style.minHeight).toBe("99px");
    expect(stopOf(page).hidden).toBe(true);
    expect(page.text(".glm-unheard")).toBe("");
  });

  test("stops a call that is approved, but not yet heard to be", () => {
    const page = shown(inState(0, "asking"));
    page.pass(800);
    buttons(page)[0].click();
    stopOf(page).click();
    page.pass(50);
    expect(asked(page).map(({ type }) => type)).toEqual(["approve", "stop_call"]);
    page.send(inState(0, "running"));
    expect(stopOf(page).disabled).toBe(true);
  });
});

describe("hostile text", () => {
  const HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)><a href='javascript:x'>";
  const json = JSON.stringify({ [HOSTILE]: HOSTILE });

  test("in every field stays text", () => {
    const page = new Page();
    page.send(
      started("tool_call", 0, HOSTILE, HOSTILE),
      delta(0, json),
      inState(0, "asking"),
      output(0, "text/plain", HOSTILE),
      output(
        0,
        "text/markdown",
        `${HOSTILE} [x](javascript:alert(1)) ![x](data:image/png;base64,)`,
      ),
      output(0, HOSTILE, HOSTILE),
      output(0, "image/png", `"><script>alert(1)</script>`),
      result(0, HOSTILE, HOSTILE),
      inState(0, "failed"),
      finished("complete"),
    );
    expect(page.el.querySelector("script, a, [onerror]")).toBeNull();
    const pictures = [...page.el.querySelectorAll("img")];
    expect(pictures.map((one) => one.getAttribute("src"))).toEqual([
      expect.stringMatching(/^data:image\/png;base64,/),
    ]);
    expect(page.text(".glm-parts").split("<script>").length).toBeGreaterThan(6);
  });

  test("cannot hide a part of what is asked about", () => {
    const page = shown(...called(1, "f\u202e", `{"a": "${"x".repeat(60)}\u202e\u2028"}`));
    page.send(inState(1, "asking"));
    const body = page.el.querySelectorAll(".glm-body > .glm-text")[1];
    expect(body?.textContent).toContain("⟨U+202E⟩");
    expect(page.find(".glm-ask").getAttribute("aria-label")).toContain("f⟨U+202E⟩");
  });
});

test("a page that opens at any moment shows what one that saw every event does", () => {
  const live = new Page();
  const events: Event[] = [
    ...called(0, "plot", `{"code": "${"x = 1; ".repeat(20)}"}`),
    inState(0, "asking", 0),
    inState(0, "running", 0.1),
    output(0, "text/plain", "a\u001b[1"),
    output(0, "text/plain", "mb"),
    output(0, "image/png", "AA=="),
    output(0, "text/markdown", "# Hi"),
    ...called(1),
    result(0, "a figure"),
    inState(0, "done", 0.2),
    inState(1, "failed", 0.3),
    result(1, "KeyError", "Traceback"),
    { type: "round", at_s: 0.4 },
    started("text", 0.4),
    delta(2, "So."),
    finished("complete", 1),
  ];
  for (const event of events) {
    live.send(event);
    live.pass(800);
    const state = { now_s: 9, snapshot: onWire(live.kernel) };
    const late = new Page(new FakeKernel(new FakeModel(state)));
    late.pass(850);
    const [seen, told] = [live, late].map((page) =>
      outline(page.find(".glm-parts")).replace(/\d+ s"/g, '"'),
    );
    expect(told, JSON.stringify(event)).toBe(seen);
  }
});

test("a screen reader hears what a tool does, and that it asks", () => {
  const page = new Page();
  page.send(...called(0, "f"));
  page.send(inState(0, "asking"));
  page.send(inState(0, "running"));
  page.pass(3000);
  expect(heard(page)).toEqual(["Calling a tool", "The tool f asks for approval", "f: running"]);
  page.send(inState(0, "failed"));
  expect(heard(page).at(-1)).toBe("f: failed");
  page.send(finished("complete"));
  const late = new Page(new FakeKernel(new FakeModel({ now_s: 9, snapshot: onWire(page.kernel) })));
  expect(heard(late)).toEqual(["Complete"]);
  const other = shown(started("tool_call", 0, "c", "\u202e"), inState(1, "running"));
  expect(heard(other).at(-1)).toBe("⟨U+202E⟩: running");
});

test("in Chinese", () => {
  document.documentElement.lang = "zh-CN";
  const page = shown(inState(0, "asking"));
  expect(state(page)).toBe("请求批准");
  expect(buttons(page).map((one) => one.textContent)).toEqual(["批准", "始终批准", "拒绝"]);
  expect(reasonOf(page).getAttribute("aria-label")).toBe("拒绝 head 的理由");
  expect(heard(page).at(-1)).toBe("工具 head 请求批准");
  page.send(inState(0, "waiting"));
  expect(state(page)).toBe("等待内核");
  page.send(inState(0, "running", 0.1), result(0, "3"), inState(0, "done", 0.2));
  expect(state(page)).toBe("完成 · 0.1 秒");
  expect(page.text(".glm-section > summary")).toBe("结果");
});
