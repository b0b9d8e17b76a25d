/** The line where the first token will be: how long it has been waited for, or when the request is sent again. */

import { visible } from "../markdown/visible.ts";
import { clock, fill, SEPARATOR, type Words } from "../strings.ts";
import type { Retry, Snapshot } from "../wire.ts";
import { element, setText } from "./dom.ts";

/** No clock is shown for a wait that is hardly one. */
const SHOWN_S = 0.5;

/** What the line needs of its view. */
export interface WaitingHost {
  /** Tell a screen reader. */
  tell(text: string): void;
  /** Called just before a line goes that may be taller than what takes its place. */
  beforeGone(): void;
}

export class WaitingLine {
  readonly root = element("p", "glm-waiting");
  readonly #cause = this.root.appendChild(element("span"));
  readonly #state = this.root.appendChild(element("span", "glm-together"));
  readonly #say: Words;
  readonly #host: WaitingHost;
  /** When the request was sent again, or will be; null if it is the first. */
  #sentS: number | null = null;
  /** When the wait for a first request's answer began: with the turn, or with the results of its last calls. */
  #sinceS = 0;
  #told = "";

  constructor(say: Words, host: WaitingHost) {
    this.#say = say;
    this.#host = host;
  }

  /** Show what is waited for, at an age of the turn in seconds. */
  show({ retry, parts }: Snapshot, ageS: number): void {
    this.root.hidden = false;
    this.#sinceS = Math.max(0, ...parts.map(({ endedS }) => endedS ?? 0));
    if (retry) this.#sentS = retry.atS + retry.delayS;
    else if (this.#sentS !== null) this.#sentS = Math.min(this.#sentS, ageS);
    // The page's clock may be a little behind: no countdown begins above its wait.
    const leftS = retry ? Math.min(retry.atS + retry.delayS - ageS, retry.delayS) : 0;
    if (retry && leftS > 0) this.#countDown(retry, leftS);
    else this.#wait(ageS);
  }

  /** Make room: for the first token, or because nothing is waited for any more. */
  hide(): void {
    if (this.root.hidden) return;
    if (this.#sentS !== null) this.#host.beforeGone();
    this.root.hidden = true;
    this.root.style.minHeight = "";
    this.#sentS = null;
    this.#told = "";
  }

  #countDown({ message, attempt, attempts }: Retry, leftS: number): void {
    const say = this.#say;
    const cause = `${visible(message)} `;
    const retry = fill(say.retryIn, clock(Math.ceil(leftS), say));
    const attempted = fill(say.attempt, String(attempt), String(attempts));
    this.#write(cause, retry + SEPARATOR + attempted);
    this.#tellOnce(`retry ${attempt}`, cause + retry);
  }

  #wait(ageS: number): void {
    const say = this.#say;
    const isFirst = this.#sentS === null;
    const name = isFirst ? say.waiting : say.askingAgain;
    const waitedS = ageS - (this.#sentS ?? this.#sinceS);
    const brief = isFirst ? "" : name;
    this.#write("", waitedS < SHOWN_S ? brief : name + SEPARATOR + clock(waitedS, say));
    this.#tellOnce(name, name);
  }

  /** A countdown may take several lines: what is shorter after it, or in it, moves nothing up. */
  #write(cause: string, state: string): void {
    if (cause + state === this.root.textContent) return;
    if (this.#sentS !== null) this.root.style.minHeight = `${heightOf(this.root)}px`;
    setText(this.#cause, cause);
    setText(this.#state, state);
  }

  /** Of each wait a screen reader hears once, and not the seconds of its clock. */
  #tellOnce(wait: string, text: string): void {
    if (wait !== this.#told) this.#host.tell(text);
    this.#told = wait;
  }
}

/** Not in whole pixels, which would move what is below by a part of one. */
function heightOf(line: HTMLElement): number {
  return line.getBoundingClientRect().height;
}
