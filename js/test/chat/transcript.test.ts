import { describe, expect, test } from "vitest";
import { Nearness, Observer, Resizes, useObservers } from "./observers.ts";
import { chatState, ended, Room, text, turnState, useRooms } from "./room.ts";

useRooms();
useObservers();

/** A room with a window of 100 px, whose content has a height that the test sets. */
class Window extends Room {
  height = 500;
  readonly scroller = this.find<HTMLElement>(".glm-scroller");

  constructor(turns = [turnState("t-1", { parts: [text("…", null)] })]) {
    super({ state: chatState(turns) });
    Object.defineProperty(this.scroller, "scrollHeight", { get: () => this.height });
    Object.defineProperty(this.scroller, "clientHeight", { get: () => 100 });
  }

  grow(height: number): void {
    this.height = height;
    for (const one of Observer.all) if (one instanceof Resizes) one.callback([]);
  }

  scroll(top: number): void {
    this.scroller.scrollTop = top;
    this.scroller.dispatchEvent(new Event("scroll"));
  }

  get latest(): HTMLButtonElement {
    return this.find("button.glm-latest");
  }
}

describe("the end", () => {
  test("is kept in view while the answer grows", () => {
    const room = new Window();
    room.grow(600);
    expect(room.scroller.scrollTop).toBe(600);
    expect(room.latest.hidden).toBe(true);
  });

  test("is left by the least scrolling up, and then can be jumped to", () => {
    const room = new Window();
    room.grow(600);
    room.scroll(500);
    room.scroll(497);
    room.grow(900);
    expect(room.scroller.scrollTop).toBe(497);
    expect(room.latest.textContent).toBe("Jump to latest");
    expect(room.latest.hidden).toBe(false);
    room.latest.focus();
    room.latest.click();
    expect(room.scroller.scrollTop).toBe(900);
    expect(room.latest.hidden).toBe(true);
    expect(document.activeElement).toBe(room.area);
    room.grow(1000);
    expect(room.scroller.scrollTop).toBe(1000);
  });

  test("is kept again once the reader has come to it", () => {
    const room = new Window();
    room.grow(600);
    room.scroll(500);
    room.scroll(100);
    room.scroll(500);
    expect(room.latest.hidden).toBe(true);
    room.grow(700);
    expect(room.scroller.scrollTop).toBe(700);
  });

  test("is not left because content above it has shrunk", () => {
    const room = new Window();
    room.grow(600);
    room.scroll(500);
    room.height = 400;
    room.scroll(300);
    expect(room.latest.hidden).toBe(true);
  });

  test("is gone to with a prompt that is sent", () => {
    const room = new Window();
    room.grow(600);
    room.scroll(500);
    room.scroll(100);
    room.ask("Next");
    expect(room.scroller.scrollTop).toBe(600);
  });

  test("where the reader was is found again when the chat was off the page", () => {
    const room = new Window();
    room.grow(600);
    room.scroll(500);
    room.scroll(200);
    room.scroller.scrollTop = 0;
    room.grow(600);
    expect(room.scroller.scrollTop).toBe(200);
  });
});

describe("1,000 turns", () => {
  const turns = Array.from({ length: 1000 }, (_, n) =>
    ended(`t-${n}`, `Prompt ${n}`, `Answer ${n}.`),
  );

  test("open with all prompts and the last answers; others are drawn when they come near", () => {
    const room = new Window(turns);
    expect(room.texts(".glm-prompt")).toHaveLength(1000);
    expect(room.texts(".glm-answer")).toEqual(["Answer 997.", "Answer 998.", "Answer 999."]);
    const near = Observer.all.find((one) => one instanceof Nearness) as Observer;
    const [first] = near.seen;
    near.callback([{ isIntersecting: true, target: first }]);
    room.pass(50);
    expect(room.texts(".glm-answer")[0]).toBe("Answer 0.");
    expect(near.seen.has(first as Element)).toBe(false);
  });

  test("cost nothing while the last one runs: what is there is not touched", () => {
    const room = new Window([...turns, turnState("t-now")]);
    const mutated: string[] = [];
    const observer = new MutationObserver((records) => {
      for (const { target } of records) {
        const at = target instanceof Element ? target : target.parentElement;
        mutated.push(at?.closest(".glm-exchange")?.querySelector(".glm-prompt")?.textContent ?? "");
      }
    });
    observer.observe(room.find(".glm-exchanges"), {
      subtree: true,
      childList: true,
      characterData: true,
    });
    room.tell("t-now", { seq: 1, prompt: "Hi", parts: [text("More", null)] });
    return Promise.resolve().then(() => {
      observer.disconnect();
      expect(new Set(mutated)).toEqual(new Set(["Hi"]));
    });
  });
});
