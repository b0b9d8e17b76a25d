/** The views of a turn's parts. Each is fed the part as it is now, and shows what is new of it. */

import { GrowingMarkdown } from "../markdown/growing.ts";
import type { CallRequests } from "../requests.ts";
import { clock, duration, fill, type Words } from "../strings.ts";
import type { Part } from "../wire.ts";
import { CallCard } from "./card.ts";
import { element, setText } from "./dom.ts";
import { PlainText } from "./plain.ts";

/** What a part's view has to know beyond its part. */
export interface Surroundings {
  /** The age of the turn. */
  readonly ageS: number;
  /** Whether the turn runs, and the kernel can be reached. */
  readonly isRunning: boolean;
  /** Whether something to see has come after this part, or the turn has ended. */
  readonly passed: boolean;
  /** Until when work may be done, of `performance.now()`. */
  readonly deadline: number;
}

export interface PartView {
  readonly root: HTMLElement;
  /** Tells whether there is more to show than was shown by the deadline. */
  update(part: Part, around: Surroundings): boolean;
}

/** What a part's view needs of the view of its turn. */
export interface PartHost {
  readonly say: Words;
  /** Called just before something folds by itself. */
  beforeFold(): void;
  /** What the reader asks of tool calls goes here. */
  readonly calls: CallRequests;
  /** Called with every block of an answer that does not change any more, where more can be made of it. */
  readonly enrich?: Enrich | undefined;
}

export type Enrich = (block: HTMLElement) => void;

/** Make the view of a part, given its number. */
export function partView(part: Part, index: number, host: PartHost): PartView {
  switch (part.kind) {
    case "thinking":
      return new ThinkingView(host);
    case "text":
      return new TextView(host);
    case "tool_call":
      return new CallCard(index, host);
    default:
      return part satisfies never;
  }
}

class TextView implements PartView {
  readonly root = element("div", "glm-answer jp-RenderedHTMLCommon jp-RenderedMarkdown");
  readonly #markdown: GrowingMarkdown;
  #shown = 0;
  #ended = false;

  constructor({ say, enrich }: PartHost) {
    this.#markdown = new GrowingMarkdown(this.root, say.copy, enrich);
  }

  update(part: Part, { deadline }: Surroundings): boolean {
    if (part.text.length > this.#shown) this.#markdown.push(part.text.slice(this.#shown));
    this.#shown = part.text.length;
    if (this.#markdown.work(deadline)) return true;
    if (part.endedS !== null && !this.#ended) {
      this.#ended = true;
      this.#markdown.end();
    }
    return false;
  }
}

class ThinkingView implements PartView {
  readonly root = element("details", "glm-thinking");
  readonly #say: Words;
  readonly #host: PartHost;
  readonly #summary = element("summary");
  readonly #thoughts = element("div", "glm-thoughts");
  readonly #text = new PlainText(this.#thoughts);
  #ended = false;
  /** Whether the reader has opened or closed it by hand: then it is theirs. */
  #isTheirs = false;

  constructor(host: PartHost) {
    this.#say = host.say;
    this.#host = host;
    this.root.open = true;
    this.root.classList.add("glm-growing");
    this.#thoughts.tabIndex = 0; // it scrolls, so the keyboard has to reach it
    this.root.append(this.#summary, this.#thoughts);
    this.#summary.addEventListener("click", () => {
      this.#isTheirs = true;
    });
    this.root.addEventListener("toggle", () => {
      // Once closed, it opens to its full height.
      if (this.root.open || !this.#ended) return;
      this.root.classList.remove("glm-growing");
      this.#thoughts.removeAttribute("tabindex");
    });
  }

  update(part: Part, { ageS, passed }: Surroundings): boolean {
    this.#text.grow(part.text);
    if (part.endedS === null) {
      setText(this.#summary, `${this.#say.thinking} · ${clock(ageS - part.startedS, this.#say)}`);
    } else {
      this.#end(part.endedS - part.startedS);
    }
    this.root.hidden = part.endedS !== null && part.text.trim() === "";
    if (passed && part.endedS !== null) this.#fold();
    return false;
  }

  #end(seconds: number): void {
    setText(this.#summary, fill(this.#say.thoughtFor, duration(seconds, this.#say)));
    if (!this.#ended) this.#text.end();
    this.#ended = true;
  }

  #fold(): void {
    if (this.#isTheirs || !this.root.open) return;
    this.#host.beforeFold();
    this.root.open = false;
    // From here on only the reader moves it.
    this.#isTheirs = true;
  }
}
