/** Settings that are seldom made: how long the model may think, its temperature, the system prompt. */

import { element, setText } from "../ui/dom.ts";
import type { Settings } from "./settings.ts";
import type { ChatWords } from "./words.ts";

const TEMPERATURE_MAX = 2;

let made = 0;

/** What was written where a number belongs; `undefined` is none. */
type Value = number | null | undefined;

export class Tuning {
  readonly root = element("div", "glm-tuning");
  readonly #fields: readonly Field[];

  constructor(settings: Settings, words: ChatWords) {
    const budget = new NumberField(words.budget, words.budgetHint, words.budgetWrong, {
      get: () => settings.thinkingBudget,
      set: (value) => {
        settings.thinkingBudget = value;
      },
      isAllowed: (value) => Number.isInteger(value) && value >= 1,
    });
    const temperature = new NumberField(
      words.temperature,
      words.temperatureHint,
      words.temperatureWrong,
      {
        get: () => settings.temperature,
        set: (value) => {
          settings.temperature = value;
        },
        isAllowed: (value) => value >= 0 && value <= TEMPERATURE_MAX,
      },
    );
    this.#fields = [budget, temperature, new SystemField(settings, words)];
    this.root.append(...this.#fields.map(({ root }) => root));
  }

  update(isGone: boolean): void {
    for (const field of this.#fields) field.update(isGone);
  }
}

interface Field {
  readonly root: HTMLElement;
  update(isGone: boolean): void;
}

interface Trait {
  get(): number | null;
  set(value: number | null): void;
  isAllowed(value: number): boolean;
}

/** A number, or nothing. What is none stays as it was written, with what is allowed below it. */
class NumberField implements Field {
  readonly root = element("div", "glm-field");
  readonly #input = element("input");
  readonly #wrong = element("p", "glm-wrong");
  readonly #said: string;
  readonly #trait: Trait;

  constructor(name: string, hint: string, said: string, trait: Trait) {
    this.#said = said;
    this.#trait = trait;
    this.#wrong.id = `glm-wrong-${made++}`;
    this.#wrong.setAttribute("role", "alert");
    this.#input.type = "text"; // of `number`, what is none could not be told from nothing
    this.#input.inputMode = "decimal";
    this.#input.autocomplete = "off";
    this.#input.placeholder = hint;
    this.#input.setAttribute("aria-describedby", this.#wrong.id);
    this.#input.addEventListener("change", () => this.#commit());
    this.#input.addEventListener("keydown", (event) => commitOnEnter(event, () => this.#commit()));
    this.root.append(labelled(name, this.#input), this.#wrong);
  }

  update(isGone: boolean): void {
    this.#input.disabled = isGone;
    if (!isBeingWritten(this.#input) && this.#wrong.textContent === "") this.#show();
  }

  #show(): void {
    this.#input.value = String(this.#trait.get() ?? "");
  }

  #commit(): void {
    const value = numberIn(this.#input.value);
    const isRight = value === null || (value !== undefined && this.#trait.isAllowed(value));
    setText(this.#wrong, isRight ? "" : this.#said);
    this.#input.setAttribute("aria-invalid", String(!isRight));
    if (!isRight) return;
    this.#trait.set(value);
    this.#show();
  }
}

class SystemField implements Field {
  readonly root: HTMLElement;
  readonly #area = element("textarea", "glm-system");
  readonly #settings: Settings;

  constructor(settings: Settings, words: ChatWords) {
    this.#settings = settings;
    this.#area.rows = 3;
    this.#area.dir = "auto";
    this.#area.placeholder = words.systemHint;
    this.#area.addEventListener("change", () => {
      settings.system = this.#area.value;
    });
    this.root = element("div", "glm-field glm-wide");
    this.root.append(labelled(words.system, this.#area));
  }

  update(isGone: boolean): void {
    const { system } = this.#settings;
    this.#area.readOnly = isGone; // it can still be read and copied
    if (!isBeingWritten(this.#area) && this.#area.value !== system) this.#area.value = system;
  }
}

/** Read a number as people write it: with a decimal comma, groups of three, or the wide digits of an input method. */
function numberIn(written: string): Value {
  const text = written
    .normalize("NFKC")
    .replace(/[\s_]|,(?=\d{3}(?!\d))/g, "")
    .replace(",", ".");
  if (text === "") return null;
  return /^\d+(\.\d*)?$|^\.\d+$/.test(text) ? Number(text) : undefined;
}

function commitOnEnter(event: KeyboardEvent, commit: () => void): void {
  if (event.key === "Enter" && !event.isComposing) commit();
}

/** Whether a control has the focus: what is in it is not overwritten then. */
export function isBeingWritten(control: HTMLElement): boolean {
  const { activeElement } = control.getRootNode() as Document | ShadowRoot;
  return activeElement === control;
}

/** Put a name before a control. */
export function labelled(text: string, control: HTMLElement): HTMLLabelElement {
  const label = element("label");
  label.append(element("span", "glm-muted", text), control);
  return label;
}
