/** The view of a prompt and its turn. The turn is drawn when it comes near to what is seen: a chat may be long. */

import { visible } from "../markdown/visible.ts";
import type { Words } from "../strings.ts";
import { element, setText } from "../ui/dom.ts";
import { TurnView } from "../ui/view.ts";
import { type Exchange, promptOf } from "./link.ts";
import type { ChatWords } from "./words.ts";

/** A guess at the room that a turn will take, in pixels. */
const LINE = 22;
const LINE_CHARACTERS = 80;
const FRAME = 60;

/** What an exchange is shown with. */
export interface ExchangeHost {
  readonly words: ChatWords;
  /** The words of the turn. */
  readonly say: Words;
  /** Ask again. */
  retry(): void;
}

export class ExchangeView {
  readonly root = element("div", "glm-exchange");
  readonly exchange: Exchange;
  readonly #host: ExchangeHost;
  readonly #prompt = element("div", "glm-prompt");
  readonly #retry = element("button", "glm-retry");
  #view: TurnView | null = null;

  constructor(exchange: Exchange, host: ExchangeHost) {
    this.exchange = exchange;
    this.#host = host;
    this.#prompt.dir = "auto";
    this.#prompt.setAttribute("role", "group");
    this.#prompt.setAttribute("aria-label", host.words.yourPrompt);
    this.#retry.type = "button";
    this.#retry.textContent = host.words.retry;
    this.#retry.hidden = true;
    this.#retry.addEventListener("click", () => host.retry());
    this.root.append(this.#prompt, this.#retry);
    this.root.style.minHeight = `${guess(exchange)}px`;
    this.update(false);
  }

  /** Draw the turn, from now on. */
  show(): void {
    if (this.#view) return;
    this.#view = new TurnView(this.exchange.turn, this.#host.say);
    this.#prompt.after(this.#view.root);
    this.root.style.minHeight = "";
  }

  /** Show the prompt as it is known now, and whether it can be asked again. */
  update(canRetry: boolean): void {
    const text = visible(promptOf(this.exchange));
    setText(this.#prompt, text);
    this.#prompt.hidden = text === "";
    this.#retry.hidden = !canRetry;
  }

  dispose(): void {
    this.#view?.dispose();
    this.root.remove();
  }
}

function guess({ turn }: Exchange): number {
  const parts = turn.snapshot?.parts ?? [];
  const shown = parts.filter(({ kind }) => kind === "text");
  const length = shown.reduce((sum, { text }) => sum + text.length, 0);
  return FRAME + LINE * Math.ceil(length / LINE_CHARACTERS);
}
