/** The view of one turn. It is drawn from the link's snapshot, at most once per frame. */

import type { Link } from "../link.ts";
import { visible } from "../markdown/visible.ts";
import {
  clock,
  type Ending,
  ending,
  fill,
  footer,
  runningFooter,
  SEPARATOR,
  type Words,
  wordsOf,
} from "../strings.ts";
import { isEnd, type Part, type Snapshot, type Status } from "../wire.ts";
import { Announcer } from "./announcer.ts";
import { listenForCopy } from "./copy.ts";
import { element, setText } from "./dom.ts";
import { type PartView, partView } from "./parts.ts";

/** How long a frame may work on text, in milliseconds. What is left is for the next. */
const BUDGET_MS = 10;
const CLOCK_MS = 250;
/** No clock is shown for a wait that is hardly one. */
const WAIT_SHOWN_S = 0.5;

export class TurnView {
  readonly root = element("div", "glm-turn");
  readonly #link: Link;
  readonly #say: Words;
  readonly #stop = element("button", "glm-stop");
  readonly #parts = element("div", "glm-parts");
  readonly #waiting = element("p", "glm-waiting");
  readonly #end = element("div", "glm-end");
  readonly #hint = element("p", "glm-hint");
  readonly #footer = element("p", "glm-footer");
  readonly #announcer = new Announcer();
  readonly #unsubscribe: () => void;
  #views: { key: string; view: PartView; heard: number }[] = [];
  #status: Status | null = null;
  #frame = 0;
  #clock: ReturnType<typeof setInterval> | undefined;

  constructor(link: Link, language: string) {
    this.#link = link;
    this.#say = wordsOf(language);
    this.root.lang = this.#say === wordsOf("zh") ? "zh" : "en";
    this.#build();
    this.#unsubscribe = link.subscribe(() => this.#schedule());
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
    this.#stop.addEventListener("click", () => this.#link.requestStop());
    this.#hint.setAttribute("role", "status");
    this.root.addEventListener("keydown", (event) => this.#onKey(event));
    listenForCopy(this.#parts, this.#say, (text) => this.#announcer.say(text));
    this.root.append(
      this.#stop,
      this.#parts,
      this.#waiting,
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
    this.#link.requestStop();
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
    const { snapshot } = this.#link;
    this.#drawControls(snapshot);
    if (snapshot === null) return;
    const isMore = this.#drawParts(snapshot);
    this.#drawAround(snapshot);
    this.#announce(snapshot);
    if (isMore) this.#schedule();
    else if (isEnd(snapshot.status)) this.root.style.minHeight = "";
    this.#runClock();
  }

  get #isRunning(): boolean {
    const { snapshot, gone } = this.#link;
    return !gone && (snapshot === null || !isEnd(snapshot.status));
  }

  #drawControls(snapshot: Snapshot | null): void {
    const say = this.#say;
    const { stop, gone } = this.#link;
    this.#stop.hidden = !this.#isRunning || snapshot === null;
    this.#stop.disabled = stop !== "none";
    setText(this.#stop, stop === "none" ? say.stop : say.stopping);
    setText(this.#hint, hint(gone, stop === "unheard" && this.#isRunning, say));
    this.#hint.hidden = !this.#hint.textContent;
  }

  /** Draw the parts, and tell whether there was not time enough for all of it. */
  #drawParts(snapshot: Snapshot): boolean {
    const deadline = performance.now() + BUDGET_MS;
    const { parts } = snapshot;
    const lastShown = isEnd(snapshot.status) ? parts.length : parts.findLastIndex(isShown);
    let isMore = false;
    this.#dropOthers(parts);
    for (const [index, part] of parts.entries()) {
      const around = { ageS: this.#link.ageS, passed: index < lastShown, deadline };
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
    const view = partView(part, this.#say, () => this.#holdHeight());
    this.#views.push({ key: keyOf(part), view, heard: 0 });
    this.#parts.append(view.root);
    return view;
  }

  /** What is below the view stays where it is while something in it folds. */
  #holdHeight(): void {
    if (this.#isRunning) this.root.style.minHeight = `${this.root.offsetHeight}px`;
  }

  #drawAround(snapshot: Snapshot): void {
    this.root.setAttribute("aria-label", fill(this.#say.answerOf, snapshot.turn.model));
    this.#drawClock(snapshot);
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

  #drawClock(snapshot: Snapshot): void {
    const say = this.#say;
    const { ageS } = this.#link;
    const isWaiting = this.#isRunning && snapshot.status === "waiting";
    const shown = isWaiting && ageS >= WAIT_SHOWN_S;
    setText(this.#waiting, shown ? say.waiting + SEPARATOR + clock(ageS, say) : "");
    this.#waiting.hidden = !isWaiting;
    const ended = isEnd(snapshot.status);
    if (ended) setText(this.#footer, footer(snapshot, say));
    else if (this.#isRunning) setText(this.#footer, runningFooter(snapshot, ageS, say));
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

  #announce(snapshot: Snapshot): void {
    for (const [index, part] of snapshot.parts.entries()) {
      const seen = this.#views[index];
      if (part.kind !== "text" || !seen) continue;
      if (part.text.length > seen.heard) this.#announcer.push(part.text.slice(seen.heard));
      seen.heard = part.text.length;
    }
    if (snapshot.status === this.#status) return;
    if (isEnd(snapshot.status)) this.#announcer.end();
    this.#status = snapshot.status;
    this.#announcer.say(statusText(snapshot.status, this.#say));
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

/** What is said of a status. A failure is an alert of its own. */
function statusText(status: Status, say: Words): string {
  const texts: Record<Status, string> = {
    waiting: say.waiting,
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
