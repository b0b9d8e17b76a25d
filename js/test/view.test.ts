import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  delta,
  ended,
  FakeKernel,
  FakeModel,
  finished,
  onWire,
  started,
  wireSnapshot,
} from "./helpers.ts";
import { outline } from "./markdown/grown.ts";
import { closePages, Page } from "./page.ts";

beforeEach(() => {
  vi.useFakeTimers();
  document.documentElement.lang = "en";
});

afterEach(() => {
  closePages();
  vi.useRealTimers();
  document.body.replaceChildren();
});

describe("waiting", () => {
  test("a clock is shown after half a second, not before", () => {
    const page = new Page();
    page.pass(300);
    expect(page.text(".glm-waiting")).toBe("");
    page.pass(300);
    expect(page.text(".glm-waiting")).toBe("Waiting · 0 s");
    page.pass(3000);
    expect(page.text(".glm-waiting")).toBe("Waiting · 3 s");
    expect(page.text(".glm-footer")).toBe("glm-5");
  });

  test("it makes room for what comes", () => {
    const page = new Page();
    page.send(started("text"), delta(0, "Hi"));
    expect(page.text(".glm-waiting")).toBe("");
    expect(page.text(".glm-footer")).toBe("glm-5 · 0 s");
  });
});

describe("thinking", () => {
  test("is open with a running clock, and folds when the answer has begun", () => {
    const page = new Page();
    page.send(started("thinking", 0), delta(0, "Let me\nsee."));
    page.pass(2200);
    expect(page.fold.open).toBe(true);
    expect(page.text("summary")).toBe("Thinking · 2 s");
    expect(page.text(".glm-thoughts")).toBe("Let me\nsee.");
    page.send(ended(0, 12.34), started("text", 12.34));
    expect(page.fold.open).toBe(true);
    page.send(delta(1, "Hello"));
    expect(page.fold.open).toBe(false);
    expect(page.text("summary")).toBe("Thought for 12.3 s");
  });

  test("the height is held while it folds, and given back at the end", () => {
    const page = new Page();
    const root = page.find(".glm-turn");
    Object.defineProperty(root, "offsetHeight", { get: () => 432 });
    page.send(
      started("thinking", 0),
      delta(0, "a"),
      ended(0, 1),
      started("text", 1),
      delta(1, "b"),
    );
    expect(root.style.minHeight).toBe("432px");
    page.send(finished("complete"));
    expect(root.style.minHeight).toBe("");
  });

  test("a fold that the reader has touched is theirs", () => {
    const page = new Page();
    page.send(started("thinking", 0), delta(0, "a"));
    page.find("summary").click();
    page.fold.open = true;
    page.send(ended(0, 1), started("text", 1), delta(1, "b"));
    expect(page.fold.open).toBe(true);
    page.send(finished("complete"));
    expect(page.fold.open).toBe(true);
  });

  test("one opened after it has folded stays open", () => {
    const page = new Page();
    page.send(
      started("thinking", 0),
      delta(0, "a"),
      ended(0, 1),
      started("text", 1),
      delta(1, "b"),
    );
    page.fold.open = true;
    page.send(delta(1, "c"));
    expect(page.fold.open).toBe(true);
  });

  test("long thinking is shown in pieces, and is complete", () => {
    const page = new Page();
    const line = "It could be so, or it could be otherwise. ";
    page.send(started("thinking", 0));
    for (let i = 0; i < 400; i++) page.send(delta(0, `${line}${i % 7 ? "" : "\n"}`));
    const pieces = [...page.find(".glm-thoughts").children];
    expect(pieces.length).toBeGreaterThan(4);
    expect(pieces.map((piece) => piece.textContent).join("")).toBe(
      page.kernel.snapshot.parts[0]?.text,
    );
    expect(Math.max(...pieces.map(({ textContent }) => textContent?.length ?? 0))).toBeLessThan(
      2500,
    );
  });
});

test("parts alternate, in order", () => {
  const page = new Page();
  page.send(
    started("thinking", 0),
    delta(0, "a"),
    ended(0, 1),
    started("text", 1),
    delta(1, "b"),
    ended(1, 2),
    started("tool_call", 2, "c1", "describe"),
    delta(2, '{"df": "sales", "columns": ["price", 1, null]}'),
    ended(2, 3),
    started("thinking", 3),
    delta(3, "d"),
  );
  const parts = [...page.find(".glm-parts").children].map(
    ({ className }) => className.split(" ")[0],
  );
  expect(parts).toEqual(["glm-thinking", "glm-answer", "glm-call", "glm-thinking"]);
  expect(page.text(".glm-call code")).toBe('describe(df="sales", columns=["price", 1, null])');
});

describe("stop", () => {
  test("is said at once, in all views, and sent once", () => {
    const page = new Page();
    const other = new Page(page.kernel, { initialize: false });
    page.stop.click();
    page.pass(50);
    expect(page.kernel.model.count("stop")).toBe(1);
    for (const { stop } of [page, other]) {
      expect(stop.textContent).toBe("Stopping…");
      expect(stop.disabled).toBe(true);
    }
  });

  test("is also Escape, within the view", () => {
    const page = new Page();
    page.send(started("thinking", 0), delta(0, "a"));
    const key = new KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true });
    page.find("summary").dispatchEvent(key);
    expect(page.kernel.model.count("stop")).toBe(1);
    expect(key.defaultPrevented).toBe(true);
  });

  test("that is not heard for 2 s says what else can be done", () => {
    const page = new Page();
    page.stop.click();
    page.pass(1900);
    expect(page.text(".glm-hint")).toBe("");
    page.pass(200);
    expect(page.text(".glm-hint")).toContain("■");
    page.send(finished("stopped"));
    expect(page.text(".glm-hint")).toBe("");
  });

  test("is no more at the end", () => {
    const page = new Page();
    page.send(finished("complete"));
    expect(page.stop.hidden).toBe(true);
    const key = new KeyboardEvent("keydown", { key: "Escape", bubbles: true });
    page.stop.dispatchEvent(key);
    expect(page.kernel.model.count("stop")).toBe(0);
  });
});

describe("the end", () => {
  const failure = {
    kind: "AuthenticationError",
    message: "The key was refused (401).",
    remedy: "Set another key.",
    status: 401,
    code: null,
    request_id: "1111",
  };
  const usage = {
    type: "usage",
    usage: { input_tokens: 3, cached_tokens: 0, output_tokens: 1214, thinking_tokens: 0 },
  };

  test.each([
    ["complete", ""],
    ["stopped", "Stopped"],
    ["interrupted", "Interrupted"],
    ["cut_off", "The connection broke off %glm retry asks again."],
    ["failed", "Failed"],
  ] as const)("%s", (status, said) => {
    const page = new Page();
    page.send(usage, finished(status));
    expect(page.text(".glm-end")).toBe(said);
    expect(page.text(".glm-footer")).toContain("glm-5 · first token – · 9.0 s");
  });

  test("a failure says its cause, its remedy and the request, and alerts", () => {
    const page = new Page();
    page.send(finished("failed", 1, failure));
    expect(page.text("[role=alert]")).toBe(
      "Failed: The key was refused (401). Set another key. (request 1111)",
    );
  });

  test("a failure's text is text", () => {
    const page = new Page();
    page.send(finished("failed", 1, { ...failure, message: "<img src=x onerror=alert(1)>" }));
    expect(page.el.querySelector("img")).toBeNull();
  });

  test("the clock stops", () => {
    const page = new Page();
    page.send(finished("complete"));
    expect(vi.getTimerCount()).toBe(0);
  });

  test("a simulated answer says so, from the start", () => {
    const turn = { ...(wireSnapshot().turn as object), simulated: true };
    const kernel = new FakeKernel(new FakeModel({ now_s: 0, snapshot: wireSnapshot({ turn }) }));
    const page = new Page(kernel);
    expect(page.text(".glm-footer")).toContain("Simulated answer, no model was asked");
    page.send(finished("complete"));
    expect(page.text(".glm-footer")).toContain("Simulated answer, no model was asked");
  });
});

describe("the kernel is gone", () => {
  test("it is said, the text stays, the clock stands", () => {
    const page = new Page();
    page.send(started("text"), delta(0, "Half"));
    page.kernel.model.fire("comm:close");
    page.pass(50);
    expect(page.text(".glm-hint")).toContain("can no longer be reached");
    expect(page.text(".glm-answer")).toBe("Half");
    expect(page.stop.hidden).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test("a restart drops what was shown", () => {
  const page = new Page();
  page.send(
    started("thinking", 0),
    delta(0, "lost"),
    ended(0, 1),
    started("text", 1),
    delta(1, "lost"),
  );
  page.send(
    { type: "note", text: "begun anew" },
    { type: "restarted" },
    started("text", 3),
    delta(0, "kept"),
  );
  expect(page.text(".glm-parts")).toBe("kept");
  expect(page.text(".glm-footer")).toContain("begun anew");
});

test("a view from the trait shows the same as one that saw every event", () => {
  const live = new Page();
  const events = [
    started("thinking", 0),
    delta(0, "Let me see."),
    ended(0, 1),
    started("text", 1),
    ...[..."# Title\n\nSome **bold**, and\n\n- a\n- list\n\n```py\nx = 1\n```\n"].map((c) =>
      delta(1, c),
    ),
    finished("complete"),
  ];
  for (const event of events) live.send(event);
  const late = new Page(new FakeKernel(new FakeModel({ now_s: 9, snapshot: onWire(live.kernel) })));
  const second = new Page(live.kernel, { initialize: false });
  for (const selector of [".glm-parts", ".glm-end", ".glm-footer"]) {
    expect(outline(late.find(selector))).toBe(outline(live.find(selector)));
    expect(outline(second.find(selector))).toBe(outline(live.find(selector)));
  }
});

test("a selection survives the next token", () => {
  const page = new Page();
  page.send(started("text"), delta(0, "One **two** thr"));
  const text = page.find(".glm-answer").firstChild?.firstChild?.firstChild as Text;
  const bold = page.find("strong").firstChild;
  page.send(delta(0, "ee, and so on"));
  expect(text.isConnected).toBe(true);
  expect(page.find("strong").firstChild).toBe(bold);
  page.send(delta(0, ".\n\nNext paragraph\n\nand more"));
  expect(text.isConnected).toBe(true);
});

describe("copy", () => {
  const code = ["```js", "let a = 1;", "```", ""].join("\n");

  test("takes the code, says so, and offers it again", async () => {
    const writeText = vi.fn(() => Promise.resolve());
    vi.stubGlobal("navigator", { clipboard: { writeText }, language: "en" });
    const page = new Page();
    page.send(started("text"), delta(0, code));
    page.find(".glm-copy").click();
    await vi.advanceTimersByTimeAsync(10);
    expect(writeText).toHaveBeenCalledWith("let a = 1;\n");
    expect(page.text(".glm-copy")).toBe("Copied");
    expect(page.text(".glm-announcer")).toContain("Copied");
    await vi.advanceTimersByTimeAsync(3000);
    expect(page.text(".glm-copy")).toBe("Copy");
    vi.unstubAllGlobals();
  });

  test("without a clipboard, the code is selected and copied the old way", async () => {
    vi.stubGlobal("navigator", { language: "en" });
    const command = vi.fn(() => true);
    Object.assign(document, { execCommand: command });
    const page = new Page();
    page.send(started("text"), delta(0, code));
    page.find(".glm-copy").click();
    await vi.advanceTimersByTimeAsync(10);
    expect(command).toHaveBeenCalledWith("copy");
    expect(page.text(".glm-copy")).toBe("Copied");
    vi.unstubAllGlobals();
  });
});

describe("a screen reader", () => {
  test("is told sentences, and how it ended", () => {
    const page = new Page();
    page.send(started("text"), delta(0, "This is **one** sentence. And this is"));
    expect(page.text(".glm-announcer")).toContain("This is one sentence.");
    expect(page.text(".glm-announcer")).not.toContain("And this is");
    page.pass(2000);
    page.send(delta(0, " another"), finished("complete"));
    expect(page.text(".glm-announcer")).toContain("And this is another");
    expect(page.text(".glm-announcer")).toContain("Complete");
  });
});

test("in Chinese", () => {
  document.documentElement.lang = "zh-CN";
  const page = new Page();
  expect(page.kernel.model.sent[0]).toMatchObject({ type: "ready", language: "zh-CN" });
  expect(page.stop.textContent).toBe("停止");
  page.pass(3100);
  expect(page.text(".glm-waiting")).toBe("等待中 · 3 秒");
  page.kernel.nowS = 3;
  page.send(started("thinking", 0), delta(0, "想"));
  expect(page.text("summary")).toBe("思考中 · 3 秒");
  page.send(finished("stopped", 12));
  expect(page.text("summary")).toBe("已思考 12.0 秒");
  expect(page.text(".glm-end")).toBe("已停止");
});

test("a view that is taken down leaves nothing behind", () => {
  const page = new Page();
  page.send(started("text"), delta(0, "a"));
  closePages();
  page.kernel.send(delta(0, "b"));
  expect(page.el.childElementCount).toBe(0);
  expect(page.kernel.model.listening).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test("a host that does not initialise is served", () => {
  const page = new Page(new FakeKernel(), { initialize: false });
  page.send(started("text"), delta(0, "Hi"));
  expect(page.text(".glm-answer")).toBe("Hi");
});
