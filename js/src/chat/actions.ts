/** Rows of buttons below a prompt and below its answer. */

import type { Words } from "../strings.ts";
import { copyText } from "../ui/copy.ts";
import { element, setText } from "../ui/dom.ts";
import type { ChatWords } from "./words.ts";

/** How long a button says what has come of it, or asks to be pressed again. */
const SAID_MS = 2000;
const SURE_MS = 4000;

/** What a row is made with. */
export interface ActionsHost {
  readonly words: ChatWords;
  readonly say: Words;
  /** Tell a screen reader. */
  announce(text: string): void;
}

/** What a button copies: a text, and the element that shows it. */
export interface Source {
  text(): string;
  shown(): HTMLElement;
}

export class Actions {
  readonly root = element("div", "glm-actions");
  readonly #host: ActionsHost;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  constructor(host: ActionsHost) {
    this.#host = host;
  }

  /** Add a button. `name` tells a screen reader more than the text does. */
  add(text: string, name: string, press: () => void): HTMLButtonElement {
    const button = element("button", "glm-act", text);
    button.type = "button";
    if (name !== text) button.setAttribute("aria-label", name);
    button.addEventListener("click", press);
    this.root.append(button);
    return button;
  }

  /** Add a button that copies. */
  addCopy(name: string, { text, shown }: Source): HTMLButtonElement {
    const { say, announce } = this.#host;
    const button = this.add(say.copy, name, async () => {
      const said = (await copyText(text(), shown())) ? say.copied : say.notCopied;
      setText(button, said);
      announce(said);
      this.#later(SAID_MS, () => setText(button, say.copy));
    });
    button.classList.add("glm-act-copy");
    return button;
  }

  /** Add a button that takes out the turn, if it is pressed again. */
  addDelete(press: () => void): HTMLButtonElement {
    const { words, announce } = this.#host;
    let isAsked = false;
    const ask = (isAsking: boolean) => {
      isAsked = isAsking;
      setText(button, isAsked ? words.deleteSure : words.delete);
      button.setAttribute("aria-label", isAsked ? words.deleteAgain : words.deleteTurn);
      button.classList.toggle("glm-sure", isAsked);
    };
    const button = this.add(words.delete, words.deleteTurn, () => {
      if (isAsked) press();
      else announce(words.deleteAgain);
      ask(!isAsked);
      if (isAsked) this.#later(SURE_MS, () => ask(false));
    });
    button.addEventListener("blur", () => ask(false));
    return button;
  }

  dispose(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #later(ms: number, then: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, ms);
    this.#timers.add(timer);
  }
}
