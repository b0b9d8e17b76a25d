import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Link } from "../src/link.ts";
import { delta, FakeKernel, FakeModel, finished, started, wireSnapshot } from "./helpers.ts";

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function linked(model = new FakeModel()): { link: Link; model: FakeModel; kernel: FakeKernel } {
  return { link: new Link(model, "page-1", "zh-CN"), model, kernel: new FakeKernel(model) };
}

test("ready is said at once, and every 250 ms until the kernel has pinned the page", () => {
  const { model } = linked();
  expect(model.sent).toEqual([{ type: "ready", page: "page-1", language: "zh-CN" }]);
  vi.advanceTimersByTime(750);
  expect(model.count("ready")).toBe(4);
  model.fire("msg:custom", { type: "pinned" });
  vi.advanceTimersByTime(60_000);
  expect(model.count("ready")).toBe(4);
});

test("ready is said 40 times at most", () => {
  const { model } = linked();
  vi.advanceTimersByTime(60_000);
  expect(model.count("ready")).toBe(40);
});

test("a turn that has ended needs no ready", () => {
  const ended = { now_s: 9, snapshot: wireSnapshot({ status: "complete", elapsed_s: 9 }) };
  const { model } = linked(new FakeModel(ended));
  vi.advanceTimersByTime(60_000);
  expect(model.sent).toEqual([]);
});

test("the end silences ready", () => {
  const { model, kernel } = linked();
  kernel.send(finished("complete"));
  vi.advanceTimersByTime(60_000);
  expect(model.count("ready")).toBe(1);
});

test("a snapshot is asked for where the trait holds none", () => {
  const { link, model } = linked(new FakeModel({}));
  expect(link.snapshot).toBeNull();
  expect(model.count("snapshot_request")).toBe(1);
  model.fire("msg:custom", { type: "snapshot", now_s: 3, snapshot: wireSnapshot({ seq: 5 }) });
  expect(link.snapshot?.seq).toBe(5);
});

test("a gap is asked for once, and what follows the answer is applied", () => {
  const { link, model, kernel } = linked();
  kernel.send(started("text"));
  const missed = delta(0, "lost ");
  kernel.snapshot = { ...kernel.snapshot, seq: kernel.snapshot.seq + 1 };
  kernel.send(delta(0, "a"));
  kernel.send(delta(0, "b"));
  expect(model.count("snapshot_request")).toBe(1);
  expect(link.snapshot?.seq).toBe(1);
  const part = { kind: "text", text: `${missed.text}ab`, started_s: 0.5, ended_s: null };
  const answer = wireSnapshot({ seq: 4, status: "answering", parts: [part], first_token_s: 0.5 });
  model.fire("msg:custom", { type: "snapshot", now_s: 1, snapshot: answer });
  kernel.send(delta(0, "c"));
  expect(link.snapshot?.parts[0]?.text).toBe("lost abc");
});

test("a gap is asked for again when no answer came", () => {
  const { model, kernel } = linked();
  kernel.snapshot = { ...kernel.snapshot, seq: 3 };
  kernel.send(delta(0, "a"));
  vi.advanceTimersByTime(1500);
  kernel.send(delta(0, "b"));
  expect(model.count("snapshot_request")).toBe(2);
});

test("an old snapshot is ignored", () => {
  const { link, model, kernel } = linked();
  kernel.send(started("text"), delta(0, "a"));
  model.fire("msg:custom", { type: "snapshot", now_s: 0, snapshot: wireSnapshot({ seq: 1 }) });
  expect(link.snapshot?.seq).toBe(2);
});

test("a batch that came before changes nothing, and no view is told", () => {
  const { link, model, kernel } = linked();
  kernel.send(started("text"), delta(0, "a"));
  const told = vi.fn();
  link.subscribe(told);
  const again = { type: "events", seq: 1, now_s: 1, events: kernel.wire };
  model.fire("msg:custom", again);
  expect(link.snapshot?.parts[0]?.text).toBe("a");
  expect(told).not.toHaveBeenCalled();
});

test("the age is that of the kernel's clock", () => {
  const { link, kernel } = linked();
  kernel.nowS = 30;
  kernel.send(started("text"));
  vi.advanceTimersByTime(2000);
  expect(link.ageS).toBeCloseTo(32, 3);
});

test("stop is sent once; after 2 s without an end it counts as unheard", () => {
  const { link, model } = linked();
  link.requestStop();
  link.requestStop();
  expect(model.count("stop")).toBe(1);
  expect(link.stop).toBe("sent");
  vi.advanceTimersByTime(2000);
  expect(link.stop).toBe("unheard");
});

test("an end within 2 s is an answer to stop", () => {
  const { link, kernel } = linked();
  link.requestStop();
  kernel.send(finished("stopped"));
  vi.advanceTimersByTime(5000);
  expect(link.stop).toBe("sent");
});

test.each(["comm:close", "destroy", "comm_live_update"])(
  "%s means that the kernel is gone",
  (name) => {
    const { link, model } = linked();
    model.fire(name);
    expect(link.gone).toBe(true);
    vi.advanceTimersByTime(60_000);
    expect(model.count("ready")).toBe(1);
  },
);

test("the clock stands when the kernel is gone", () => {
  const { link, model } = linked();
  vi.advanceTimersByTime(2000);
  model.fire("comm:close");
  vi.advanceTimersByTime(5000);
  expect(link.ageS).toBeCloseTo(2, 3);
});

test("a comm that closes after the end is nothing to speak of", () => {
  const { link, model, kernel } = linked();
  kernel.send(finished("complete"));
  model.fire("comm:close");
  expect(link.gone).toBe(false);
});

test("a live comm is known where the host tells", () => {
  const { link, model } = linked();
  model.comm_live = true;
  model.fire("comm_live_update");
  expect(link.gone).toBe(false);
});

test("a model without a live comm, as of a saved notebook, is survived", () => {
  const model = new FakeModel();
  model.comm_live = false;
  expect(new Link(model, "p", "en").gone).toBe(true);
  const dead = new FakeModel();
  dead.isDead = true;
  const link = new Link(dead, "p", "en");
  expect(link.gone).toBe(true);
  link.requestStop();
  link.dispose();
});

test("a kernel that speaks again is there again", () => {
  const { link, model, kernel } = linked();
  model.fire("comm_live_update");
  kernel.send(started("text"));
  expect(link.gone).toBe(false);
});

test("nothing is left behind", () => {
  const { link, model } = linked();
  link.requestStop();
  link.dispose();
  expect(model.listening).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});
