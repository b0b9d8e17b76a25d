/** The prompts that are not asked yet: those on the way to the kernel, and those that wait there. */

import { visible } from "../markdown/visible.ts";
import { fill } from "../strings.ts";
import { element } from "../ui/dom.ts";
import type { ChatLink } from "./link.ts";
import type { Queued } from "./wire.ts";
import type { ChatWords } from "./words.ts";

interface Shown {
  readonly root: HTMLElement;
  readonly button: HTMLButtonElement | null;
}

export class WaitingPrompts {
  readonly root = element("ul", "glm-queue");
  readonly #link: ChatLink;
  readonly #words: ChatWords;
  readonly #takeBack: (prompt: Queued) => void;
  #shown = new Map<string, Shown>();

  /** `takeBack` is given what the reader takes out of the queue. */
  constructor(link: ChatLink, words: ChatWords, takeBack: (prompt: Queued) => void) {
    this.#link = link;
    this.#words = words;
    this.#takeBack = takeBack;
  }

  /** Show what waits now. */
  draw(): void {
    const { queue, sends, starting, gone } = this.#link;
    const before = this.#shown;
    this.#shown = new Map();
    if (starting) this.#keep(`s ${starting.id}`, starting, before, false);
    for (const prompt of queue) this.#keep(`q ${prompt.id}`, prompt, before, true);
    for (const prompt of sends.waiting) this.#keep(`s ${prompt.id}`, prompt, before, false);
    for (const { root } of before.values()) root.remove();
    for (const { id } of queue) {
      const button = this.#shown.get(`q ${id}`)?.button;
      if (button) button.disabled = gone || this.#link.isTaken(id);
    }
    this.root.hidden = this.#shown.size === 0;
  }

  #keep(key: string, prompt: Queued, before: Map<string, Shown>, isQueued: boolean): void {
    const shown = before.get(key) ?? this.#make(prompt, isQueued);
    before.delete(key);
    this.#shown.set(key, shown);
    const place = this.root.children[this.#shown.size - 1] ?? null;
    if (place !== shown.root) this.root.insertBefore(shown.root, place);
  }

  #make(prompt: Queued, isQueued: boolean): Shown {
    const words = this.#words;
    const root = element("li");
    const text = element("span", "glm-queued-text", visible(prompt.text));
    text.dir = "auto";
    const state = element("span", "glm-muted", isQueued ? words.queued : words.sending);
    root.append(state, text, ...namesOf(prompt, words));
    if (!isQueued) return { root, button: null };
    const button = element("button", "", words.takeBack);
    button.type = "button";
    button.setAttribute("aria-label", fill(words.takeBackOf, visible(prompt.text)));
    button.addEventListener("click", () => this.#takeBack(prompt));
    root.append(button);
    return { root, button };
  }
}

/** What is sent along, by name. */
function namesOf({ attachments = [] }: Queued, words: ChatWords): HTMLElement[] {
  const names = attachments.map(({ name }) => visible(name)).join(words.comma);
  if (!names) return [];
  const said = element("bdi", "glm-muted glm-queued-names", names);
  said.title = names;
  return [said];
}
