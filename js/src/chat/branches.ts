/** Which version of a turn is shown, and the way to those before and after it. */

import { fill } from "../strings.ts";
import { element, setText } from "../ui/dom.ts";
import type { ChatWords } from "./words.ts";

export type Step = "earlier" | "later";

export class Branches {
  readonly root = element("div", "glm-branches");
  readonly #words: ChatWords;
  readonly #place = element("span", "glm-place");
  readonly #buttons: Readonly<Record<Step, HTMLButtonElement>>;
  /** Ids of the turns that the steps lead to. */
  #targets: Partial<Record<Step, string>> = {};

  /** `select` is given the id of the turn to show. */
  constructor(words: ChatWords, select: (turn: string) => void) {
    this.#words = words;
    this.root.setAttribute("role", "group");
    this.#place.setAttribute("aria-hidden", "true"); // the name of the group says it
    const make = (step: Step, glyph: string) => {
      const button = element("button", "", glyph);
      button.type = "button";
      button.title = words[step];
      button.setAttribute("aria-label", words[step]);
      button.addEventListener("click", () => {
        const target = this.#targets[step];
        if (target !== undefined) select(target);
      });
      return button;
    };
    this.#buttons = { earlier: make("earlier", "‹"), later: make("later", "›") };
    this.root.append(this.#buttons.earlier, this.#place, this.#buttons.later);
  }

  /** Show the place of a turn among its versions, if there are others. */
  update(id: string, versions: readonly string[], canChange: boolean): void {
    const at = versions.indexOf(id);
    this.root.hidden = versions.length < 2;
    if (this.root.hidden) return;
    const [place, all] = [String(at + 1), String(versions.length)];
    setText(this.#place, `${place}/${all}`);
    this.root.setAttribute("aria-label", fill(this.#words.version, place, all));
    const [earlier, later] = canChange ? [versions[at - 1], versions[at + 1]] : [];
    this.#targets = { ...(earlier && { earlier }), ...(later && { later }) };
    for (const step of ["earlier", "later"] as const) {
      // A disabled button would lose the focus, which is to stay here from one version to the next.
      this.#buttons[step].setAttribute("aria-disabled", String(!this.#targets[step]));
    }
  }

  /** The step whose button an element is. */
  stepOf(focused: Element | null): Step | null {
    if (focused === this.#buttons.earlier) return "earlier";
    return focused === this.#buttons.later ? "later" : null;
  }

  focus(step: Step): void {
    this.#buttons[step].focus({ preventScroll: true });
  }
}
