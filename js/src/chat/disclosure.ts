/** A button of the row, and the panel above the row that it shows. Of those of one row one is open at a time. */

import { element } from "../ui/dom.ts";

let made = 0;

export class Disclosure {
  readonly button = element("button", "glm-open");
  readonly panel = element("div", "glm-panel");
  /** The others of the row. */
  readonly #group: Set<Disclosure>;

  constructor(name: string, group: Set<Disclosure>) {
    this.#group = group;
    group.add(this);
    this.button.type = "button";
    this.button.textContent = name;
    this.panel.id = `glm-panel-${made++}`;
    this.button.setAttribute("aria-controls", this.panel.id);
    this.panel.setAttribute("role", "group");
    this.panel.setAttribute("aria-label", name);
    this.button.addEventListener("click", () => this.#show(this.panel.hidden === true));
    const onKey = (event: KeyboardEvent) => this.#onKey(event);
    this.button.addEventListener("keydown", onKey);
    this.panel.addEventListener("keydown", onKey);
    this.#show(false);
  }

  /** Hide the panel. The focus goes back from it to the button. */
  close(): void {
    const { activeElement } = this.panel.getRootNode() as Document | ShadowRoot;
    const hadFocus = this.panel.contains(activeElement);
    this.#show(false);
    if (hadFocus) this.button.focus();
  }

  #show(isOpen: boolean): void {
    if (isOpen) for (const other of this.#group) if (other !== this) other.close();
    this.panel.hidden = !isOpen;
    this.button.setAttribute("aria-expanded", String(isOpen));
  }

  /** Escape closes what is open, and stops no turn then. */
  #onKey(event: KeyboardEvent): void {
    if (event.key !== "Escape" || event.isComposing || this.panel.hidden) return;
    event.preventDefault();
    event.stopPropagation();
    this.close();
  }
}
