/** The wait before the first token, and between two requests. The fake clock is that of the turn, too. */

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { delta, FakeKernel, FakeModel, finished, started, wireSnapshot } from "../helpers.ts";
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

const retrying = (at_s: number, delay_s: number, attempt = 2) => ({
  type: "retrying",
  message: "Too many requests for now (429).",
  attempt,
  attempts: 3,
  at_s,
  delay_s,
});
const retried = { type: "retried" };

/** A page whose first request has failed at 0.4 s, and which has been told so at once. */
function refused(delay_s = 3.7): Page {
  const page = new Page();
  page.kernel.nowS = 0.4;
  page.send(retrying(0.4, delay_s));
  return page;
}

/** Send events at an age of the turn. */
function send(page: Page, nowS: number, ...events: Record<string, unknown>[]): void {
  page.kernel.nowS = nowS;
  page.send(...events);
}

const line = (page: Page) => page.text(".glm-waiting");
const heard = (page: Page) =>
  [...page.find(".glm-announcer").children].map(({ textContent }) => textContent);

describe("a countdown", () => {
  test("says what failed, when it is tried again, and how often that is done", () => {
    expect(line(refused())).toBe("Too many requests for now (429). Retry in 4 s · request 2 of 3");
  });

  test("runs down in whole seconds, and is never zero", () => {
    const page = refused();
    const seen = new Set<string>();
    for (let ms = 0; ms < 6000; ms += 50) {
      page.pass(50);
      seen.add(line(page).replace(/^.*\(429\)\. | · request.*$/g, ""));
    }
    expect([...seen]).toEqual([
      "Retry in 4 s",
      "Retry in 3 s",
      "Retry in 2 s",
      "Retry in 1 s",
      "Asking again",
      "Asking again · 0 s",
      "Asking again · 1 s",
      "Asking again · 2 s",
    ]);
  });

  test("does not begin above its wait where the page's clock is behind", () => {
    const page = new Page();
    page.kernel.nowS = 0.1;
    page.send(retrying(0.4, 4));
    expect(line(page)).toContain("Retry in 4 s");
  });

  test("may take minutes", () => {
    expect(line(refused(300))).toContain("Retry in 5 min 0 s");
  });

  test("can be stopped", () => {
    const page = refused();
    expect(page.stop.hidden).toBe(false);
    page.stop.click();
    page.pass(50);
    expect(page.kernel.model.count("stop")).toBe(1);
    expect(page.stop.textContent).toBe("Stopping…");
    send(page, 1, finished("stopped", 1));
    expect(line(page)).toBe("");
    expect(page.text(".glm-end")).toBe("Stopped");
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each(["failed", "interrupted"])("ends with the turn: %s", (status) => {
    const page = refused();
    send(page, 1, finished(status, 1));
    expect(line(page)).toBe("");
    page.pass(10_000);
    expect(line(page)).toBe("");
    expect(vi.getTimerCount()).toBe(0);
  });

  test("makes room for the first token", () => {
    const page = refused();
    send(page, 4.1, retried);
    send(page, 4.9, started("text", 4.9), delta(0, "Hi"));
    expect(line(page)).toBe("");
    expect(page.text(".glm-answer")).toBe("Hi");
    expect(page.text(".glm-footer")).toBe("glm-5 · 4 s");
  });

  test("does so too where its end was not told", () => {
    const page = refused();
    send(page, 2, started("text", 2), delta(0, "Hi"));
    expect(line(page)).toBe("");
  });

  test("begins anew when the next request fails too", () => {
    const page = refused();
    send(page, 4.1, retried);
    send(page, 4.5, retrying(4.5, 9.25, 3));
    expect(line(page)).toBe("Too many requests for now (429). Retry in 10 s · request 3 of 3");
  });

  test("stands no more when the kernel is gone", () => {
    const page = refused();
    page.kernel.model.fire("comm:close");
    page.pass(50);
    expect(line(page)).toBe("");
    expect(page.text(".glm-hint")).toContain("can no longer be reached");
  });

  test("is seen by a page that opens during it", () => {
    const { type: _, ...retry } = retrying(0.4, 3.7);
    const late = wireSnapshot({ seq: 1, status: "retrying", retry });
    const page = new Page(new FakeKernel(new FakeModel({ now_s: 2.2, snapshot: late })));
    expect(line(page)).toContain("Retry in 2 s");
  });

  test("shows the text of an error as text", () => {
    const page = new Page();
    page.send({ ...retrying(0, 4), message: "<img src=x>\u202e" });
    expect(line(page)).toContain("<img src=x>⟨U+202E⟩ Retry in 4 s");
    expect(page.el.querySelector("img")).toBeNull();
  });

  test("in Chinese", () => {
    document.documentElement.lang = "zh-CN";
    const page = refused();
    expect(line(page)).toBe("Too many requests for now (429). 4 秒后重试 · 第 2 次，共 3 次");
    send(page, 4.1, retried);
    expect(line(page)).toBe("正在重新请求");
    page.pass(2500);
    expect(line(page)).toBe("正在重新请求 · 2 秒");
  });
});

describe("asking again", () => {
  test("is said until the first token, also where the wait was cut short", () => {
    const page = refused(60);
    send(page, 2, retried);
    expect(line(page)).toBe("Asking again");
    page.pass(3500);
    expect(line(page)).toBe("Asking again · 3 s");
  });

  test("is not said of an answer that the server began anew", () => {
    const page = refused();
    send(page, 4.1, retried);
    send(page, 5, started("text", 5), delta(0, "Hi"));
    send(page, 6, { type: "restarted" });
    expect(line(page)).toBe("Waiting · 6 s");
  });
});

describe("what is shorter than the countdown moves nothing up", () => {
  /** What a page of 400 px does, where the countdown takes three lines. */
  function laidOut(page: Page): { line: HTMLElement; root: HTMLElement } {
    const found = { line: page.find(".glm-waiting"), root: page.find(".glm-turn") };
    found.line.getBoundingClientRect = () => new DOMRect(0, 0, 368, 58.8);
    Object.defineProperty(found.root, "offsetHeight", { get: () => 100 });
    return found;
  }

  test("the line keeps its height while it waits, the view while the answer comes", () => {
    const page = refused();
    const { line, root } = laidOut(page);
    send(page, 4.1, retried);
    expect(line.style.minHeight).toBe("58.8px");
    expect(root.style.minHeight).toBe("");
    send(page, 5, started("text", 5), delta(0, "Hi"));
    expect(line.style.minHeight).toBe("");
    expect(root.style.minHeight).toBe("100px");
    send(page, 6, finished("complete", 6));
    expect(root.style.minHeight).toBe("");
  });

  test("a first wait holds nothing", () => {
    const page = new Page();
    const { line, root } = laidOut(page);
    page.pass(3000);
    expect(line.style.minHeight).toBe("");
    page.send(started("text"), delta(0, "Hi"));
    expect([line.style.minHeight, root.style.minHeight]).toEqual(["", ""]);
  });
});

describe("a screen reader", () => {
  test("hears each wait once, and no seconds pass for it", () => {
    const page = refused();
    expect(heard(page)).toEqual(["Waiting", "Too many requests for now (429). Retry in 4 s"]);
    page.pass(3000);
    expect(heard(page)).toHaveLength(2);
    send(page, 4.1, retried);
    page.pass(3000);
    expect(heard(page).slice(1)).toEqual([
      "Too many requests for now (429). Retry in 4 s",
      "Asking again",
    ]);
    send(page, 8, retrying(8, 9, 3));
    expect(heard(page).at(-1)).toBe("Too many requests for now (429). Retry in 9 s");
  });

  test("hears of the wait for an answer that the server begins anew", () => {
    const page = new Page();
    page.send(started("thinking"), delta(0, "Hm"));
    page.send({ type: "restarted" });
    expect(heard(page)).toEqual(["Waiting", "Thinking", "Waiting"]);
  });

  test("is not told by the line itself", () => {
    const page = refused();
    expect(page.find(".glm-waiting").closest("[aria-live], [role=status], [role=log]")).toBeNull();
  });
});
