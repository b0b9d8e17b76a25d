/** The question whether a tool may be called: Approve, Approve always, Decline with a reason. */

import { fill, type Words } from "../strings.ts";
import type { CallRequest } from "../wire.ts";
import { element } from "./dom.ts";

/** The buttons appear below a pointer or a finger that was on its way to something else: they wait until it is there. */
const ARMED_MS = 500;

export class Question {
  readonly root = element("div", "glm-ask");
  readonly #index: number;
  readonly #ask: (request: CallRequest) => void;
  readonly #buttons: readonly HTMLButtonElement[];
  readonly #decline: HTMLButtonElement;
  readonly #reason = element("input", "glm-reason");
  readonly #askedAt = performance.now();

  /** Ask whether a tool of that name may be called. */
  constructor(index: number, name: string, say: Words, ask: (request: CallRequest) => void) {
    this.#index = index;
    this.#ask = ask;
    const approve = button(say.approve, () => this.#approve(false));
    approve.className = "glm-approve";
    const always = button(say.approveAlways, () => this.#approve(true));
    this.#decline = button(say.decline, () => this.#onDecline());
    this.#decline.setAttribute("aria-expanded", "false");
    this.#buttons = [approve, always, this.#decline];
    this.root.setAttribute("aria-label", fill(say.asks, name));
    this.#reason.setAttribute("aria-label", fill(say.reason, name));
    this.#reason.placeholder = say.reasonHint;
    this.#build();
  }

  #build(): void {
    this.root.tabIndex = -1;
    this.root.setAttribute("role", "group");
    // Else JupyterLab would take the keys for its own, where it listens before the page does.
    this.root.dataset.lmSuppressShortcuts = "true";
    this.#reason.type = "text";
    this.#reason.hidden = true;
    this.#reason.addEventListener("keydown", (event) => this.#onKey(event));
    this.root.append(...this.#buttons, this.#reason);
  }

  /** Show whether it can be answered. */
  update(isAnswered: boolean): void {
    const isDisabled = isAnswered || performance.now() - this.#askedAt < ARMED_MS;
    for (const one of this.#buttons) one.disabled = isDisabled;
    this.#reason.disabled = isAnswered;
  }

  /**
   * The focus goes to the question, not to a button: a key that was meant for something else approves nothing. It is
   * left where somebody may be typing.
   */
  takeFocus(): void {
    const { activeElement } = document;
    const isFree = activeElement === null || activeElement === document.body;
    const isOurs = this.root.closest(".glm-turn")?.contains(activeElement) ?? false;
    const isTyping = activeElement?.matches("input, textarea") ?? false;
    if ((isFree || isOurs) && !isTyping) this.root.focus({ preventScroll: true });
  }

  #approve(always: boolean): void {
    this.#ask({ type: "approve", index: this.#index, always });
  }

  /** At first it asks why; then it sends. */
  #onDecline(): void {
    if (!this.#reason.hidden) {
      this.#ask({ type: "decline", index: this.#index, reason: this.#reason.value.trim() });
      return;
    }
    this.#reason.hidden = false;
    this.#decline.setAttribute("aria-expanded", "true");
    this.#reason.focus();
  }

  #onKey(event: KeyboardEvent): void {
    // Enter and Escape of an input method belong to it.
    if (event.isComposing || (event.key !== "Enter" && event.key !== "Escape")) return;
    event.preventDefault();
    event.stopPropagation(); // Escape would stop the turn
    if (event.key === "Enter") {
      this.#onDecline();
    } else {
      this.#reason.hidden = true;
      this.#decline.setAttribute("aria-expanded", "false");
      this.#decline.focus();
    }
  }
}

function button(text: string, press: () => void): HTMLButtonElement {
  const made = element("button", "", text);
  made.type = "button";
  made.addEventListener("click", press);
  return made;
}
