/** The view of one turn. It is drawn from the turn's snapshot, at most once per frame. */

import { visible } from "../markdown/visible.ts";
import { type Ending, ending, fill, footer, runningFooter, type Words } from "../strings.ts";
import type { Turn } from "../turn.ts";
import { type CallState, isEnd, type Part, type Snapshot, type Status } from "../wire.ts";
import { Announcer } from "./announcer.ts";
import { callNews } from "./call.ts";
import { listenForCopy } from "./copy.ts";
import { element, setText } from "./dom.ts";
import { type Enrich, type PartHost, type PartView, partView } from "./parts.ts";
import { WaitingLine } from "./waiting.ts";

/** How long a frame may work on text, in milliseconds. What is left is for the next. */
const BUDGET_MS = 10;
const CLOCK_MS = 250;

/** A part's view, and what of the part a screen reader has been told. */
interface Shown {
  readonly key: string;
  readonly view: PartView;
  /** Characters of a text. */
  heard: number;
  /** State of a call. */
  state: CallState;
}

export class TurnView {
  readonly root = element("div", "glm-turn");
  readonly #turn: Turn;
  readonly #say: Words;
  readonly #stop = element("button", "glm-stop");
  readonly parts = element("div", "glm-parts");
  readonly #waiting: WaitingLine;
  readonly #end = element("div", "glm-end");
  readonly #hint = element("p", "glm-hint");
  readonly #footer = element("p", "glm-footer");
  readonly #announcer = new Announcer();
  readonly #unsubscribe: () => void;
  readonly #host: PartHost;
  #views: Shown[] = [];
  #status: Status | null = null;
  #frame = 0;
  #clock: ReturnType<typeof setInterval> | undefined;

  constructor(turn: Turn, say: Words, enrich?: Enrich) {
    this.#turn = turn;
    this.#say = say;
    this.#waiting = new WaitingLine(this.#say, {
      tell: (text) => this.#announcer.say(text),
      beforeGone: () => this.#holdHeight(),
    });
    const beforeFold = () => this.#holdHeight();
    this.#host = { say: this.#say, calls: turn.calls, beforeFold, enrich };
    this.root.lang = say.language;
    this.#build();
    this.#unsubscribe = turn.subscribe(() => this.#schedule());
    document.addEventListener("visibilitychange", this.#onVisibility);
    this.#draw();
  }

  /** Take the view down. */
  dispose(): void {
    this.#unsubscribe();
    cancelAnimationFrame(this.#frame);
    clearInterval(this.#clock);
    document.removeEventListener("visibilitychange", this.#onVisibility);
    this.root.remove();
  }

  #build(): void {
    this.root.setAttribute("role", "group");
    this.#stop.type = "button";
    this.#stop.addEventListener("click", () => this.#turn.requestStop());
    this.#hint.setAttribute("role", "status");
    this.root.addEventListener("keydown", (event) => this.#onKey(event));
    listenForCopy(this.parts, this.#say, (text) => this.#announcer.say(text));
    this.root.append(
      this.#stop,
      this.parts,
      this.#waiting.root,
      this.#end,
      this.#hint,
      this.#footer,
      this.#announcer.root,
    );
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key !== "Escape" || this.#stop.hidden) return;
    event.preventDefault();
    event.stopPropagation();
    this.#turn.requestStop();
  }

  readonly #onVisibility = (): void => {
    this.#runClock();
    this.#schedule();
  };

  #schedule(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    this.#frame = 0;
    const { snapshot } = this.#turn;
    this.#drawControls(snapshot);
    if (snapshot === null) return;
    this.#drawWaiting(snapshot);
    const isMore = this.#drawParts(snapshot);
    this.#drawAround(snapshot);
    this.#announce(snapshot);
    if (isMore) this.#schedule();
    else if (isEnd(snapshot.status)) this.root.style.minHeight = "";
    this.#runClock();
  }

  get #isRunning(): boolean {
    const { snapshot, gone } = this.#turn;
    return !gone && (snapshot === null || !isEnd(snapshot.status));
  }

  #drawControls(snapshot: Snapshot | null): void {
    const say = this.#say;
    const { stop, gone } = this.#turn;
    this.#stop.hidden = !this.#isRunning || snapshot === null;
    this.#stop.disabled = stop !== "none";
    setText(this.#stop, stop === "none" ? say.stop : say.stopping);
    setText(this.#hint, hint(gone, stop === "unheard" && this.#isRunning, say));
    this.#hint.hidden = !this.#hint.textContent;
  }

  #drawWaiting(snapshot: Snapshot): void {
    const isWaiting = snapshot.status === "waiting" || snapshot.status === "retrying";
    if (this.#isRunning && isWaiting) this.#waiting.show(snapshot, this.#turn.ageS);
    else this.#waiting.hide();
  }

  /** Draw the parts, and tell whether there was not time enough for all of it. */
  #drawParts(snapshot: Snapshot): boolean {
    const deadline = performance.now() + BUDGET_MS;
    const { parts } = snapshot;
    const lastShown = isEnd(snapshot.status) ? parts.length : parts.findLastIndex(isShown);
    const turn = { ageS: this.#turn.ageS, isRunning: this.#isRunning };
    let isMore = false;
    this.#dropOthers(parts);
    for (const [index, part] of parts.entries()) {
      const around = { ...turn, passed: index < lastShown, deadline };
      isMore = this.#viewOf(part, index).update(part, around) || isMore;
    }
    return isMore;
  }

  /** Drop the views of parts that are no more: the server has begun its answer anew. */
  #dropOthers(parts: readonly Part[]): void {
    const kept = this.#views.findIndex(({ key }, index) => key !== keyOf(parts[index]));
    if (kept < 0) return;
    for (const { view } of this.#views.splice(kept)) view.root.remove();
  }

  #viewOf(part: Part, index: number): PartView {
    const existing = this.#views[index];
    if (existing) return existing.view;
    const view = partView(part, index, this.#host);
    this.#views.push({ key: keyOf(part), view, heard: 0, state: "writing" });
    this.parts.append(view.root);
    return view;
  }

  /** What is below the view stays where it is while something in it folds. */
  #holdHeight(): void {
    if (this.#isRunning) this.root.style.minHeight = `${this.root.offsetHeight}px`;
  }

  #drawAround(snapshot: Snapshot): void {
    this.root.setAttribute("aria-label", fill(this.#say.answerOf, snapshot.turn.model));
    this.#drawFooter(snapshot);
    const end = ending(snapshot, this.#say);
    if (end && !this.#end.firstChild) this.#drawEnd(snapshot, end);
  }

  #drawEnd(snapshot: Snapshot, { said, remedy }: Ending): void {
    const line = element("p");
    line.append(element("strong", "", visible(said)), visible(remedy && ` ${remedy.trimStart()}`));
    line.dir = "auto";
    if (snapshot.status === "failed") line.setAttribute("role", "alert");
    this.#end.append(line);
  }

  #drawFooter(snapshot: Snapshot): void {
    const say = this.#say;
    if (isEnd(snapshot.status)) setText(this.#footer, footer(snapshot, say));
    else if (this.#isRunning) setText(this.#footer, runningFooter(snapshot, this.#turn.ageS, say));
  }

  #runClock(): void {
    const runs = this.#isRunning && !document.hidden;
    if (!runs) {
      clearInterval(this.#clock);
      this.#clock = undefined;
    } else {
      this.#clock ??= setInterval(() => this.#schedule(), CLOCK_MS);
    }
  }

  /** Tell what the turn does now, then what came of it; its end comes last. */
  #announce(snapshot: Snapshot): void {
    const isOver = isEnd(snapshot.status);
    if (!isOver) this.#announceStatus(snapshot.status);
    for (const [index, part] of snapshot.parts.entries()) {
      const seen = this.#views[index];
      if (seen) this.#announcePart(part, seen, isOver);
    }
    if (isOver) this.#announceStatus(snapshot.status);
  }

  #announceStatus(status: Status): void {
    if (status === this.#status) return;
    if (isEnd(status)) this.#announcer.end();
    this.#status = status;
    this.#announcer.say(statusText(status, this.#say));
  }

  /** Tell what is new of a part. What became of its calls is not told of a turn that has ended. */
  #announcePart(part: Part, seen: Shown, isOver: boolean): void {
    if (part.kind === "text") {
      if (part.text.length > seen.heard) this.#announcer.push(part.text.slice(seen.heard));
      seen.heard = part.text.length;
    } else if (part.kind === "tool_call" && part.state !== seen.state) {
      seen.state = part.state;
      if (!isOver) this.#announcer.say(callNews(part, this.#say));
    }
  }
}

function keyOf(part: Part | undefined): string {
  return part ? `${part.kind}@${part.startedS}` : "";
}

function isShown(part: Part): boolean {
  return part.kind === "tool_call" || part.text.trim() !== "";
}

function hint(isGone: boolean, isUnheard: boolean, say: Words): string {
  if (isGone) return say.gone;
  return isUnheard ? say.stopUnheard : "";
}

/** What is said of a status. A failure is an alert of its own, and what is waited for the waiting line tells. */
function statusText(status: Status, say: Words): string {
  const texts: Record<Status, string> = {
    waiting: "",
    retrying: "",
    thinking: say.thinking,
    answering: say.answering,
    calling: say.calling,
    complete: say.complete,
    stopped: say.stopped,
    interrupted: say.interrupted,
    cut_off: say.cutOff,
    failed: "",
  };
  return texts[status];
}
