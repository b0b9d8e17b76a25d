/** A list of the names that `{{` may go on with. The focus stays in the text area: arrows, Enter, Tab and Escape are its. */

import type { Asks } from "../asks.ts";
import { type Fields, isFields, list, string } from "../fields.ts";
import { visible } from "../markdown/visible.ts";
import { element } from "../ui/dom.ts";
import { Newest } from "./newest.ts";
import { openReference } from "./references.ts";
import type { ChatWords } from "./words.ts";

/** More are not read: the next letter tells. */
const SHOWN_MAX = 50;
/** Height that the list needs above the composer; where there is less, it is put below the text. */
const ROOM_PX = 130;

let made = 0;

export class Completion {
  readonly root = element("ul", "glm-options");
  readonly #area: HTMLTextAreaElement;
  readonly #asker: Newest<string>;
  readonly #id = `glm-options-${made++}`;
  #names: readonly string[] = [];
  #active = 0;
  #isComposing = false;
  /** What the reader has closed the list on. */
  #refused: string | null = null;

  constructor(area: HTMLTextAreaElement, words: ChatWords, asks: Asks) {
    this.#area = area;
    this.#asker = new Newest(
      (text) => asks.ask("complete", { text }),
      (body) => this.#open(body),
    );
    this.root.id = this.#id;
    this.root.hidden = true;
    this.root.setAttribute("role", "listbox");
    this.root.setAttribute("aria-label", words.completions);
    this.#listen();
  }

  get isOpen(): boolean {
    return !this.root.hidden;
  }

  /** Look at what is written, and where the cursor is. */
  update(): void {
    const inside = this.#inside();
    if (inside !== this.#refused) this.#refused = null;
    if (inside === null || inside === this.#refused) this.close();
    else this.#asker.want(inside);
  }

  /** Take a key of the area. Tells whether it was for the list. */
  key({ key, shiftKey, ctrlKey, altKey, metaKey }: KeyboardEvent): boolean {
    if (!this.isOpen || shiftKey || ctrlKey || altKey || metaKey) return false;
    if (key === "ArrowDown") this.#activate(this.#active + 1);
    else if (key === "ArrowUp") this.#activate(this.#active - 1);
    else if (key === "Enter" || key === "Tab") this.#accept(this.#active);
    else if (key === "Escape") this.#refuse();
    else return false;
    return true;
  }

  close(): void {
    this.#asker.cancel();
    this.root.hidden = true;
    this.#names = [];
    this.#area.removeAttribute("aria-controls");
    this.#area.removeAttribute("aria-activedescendant");
  }

  #listen(): void {
    const area = this.#area;
    area.setAttribute("aria-autocomplete", "list");
    area.addEventListener("blur", () => this.close());
    area.addEventListener(
      "keyup",
      ({ key }) => /^(Arrow(Left|Right)|Home|End)$/.test(key) && this.update(),
    );
    area.addEventListener("click", () => this.update());
    area.addEventListener("compositionstart", () => {
      this.#isComposing = true;
      this.close();
    });
    area.addEventListener("compositionend", () => {
      this.#isComposing = false;
      this.update();
    });
    this.root.addEventListener("mousedown", (event) => event.preventDefault()); // the focus stays
    this.root.addEventListener("click", ({ target }) => {
      const option = target instanceof Element ? target.closest("li") : null;
      if (option) this.#accept([...this.root.children].indexOf(option));
    });
  }

  #inside(): string | null {
    const { value, selectionStart, selectionEnd, readOnly } = this.#area;
    if (this.#isComposing || readOnly || selectionStart !== selectionEnd) return null;
    return openReference(value, selectionStart)?.inside ?? null;
  }

  #open(body: Fields): void {
    const matches = list(body.matches).filter(isFields).slice(0, SHOWN_MAX);
    if (matches.length === 0) {
      this.close();
      return;
    }
    this.#names = matches.map(({ text }) => string(text));
    this.root.replaceChildren(...matches.map((match, index) => this.#option(match, index)));
    this.root.hidden = false;
    this.#place();
    this.#area.setAttribute("aria-controls", this.#id);
    this.#activate(0);
  }

  #option({ text, kind }: Fields, index: number): HTMLElement {
    const option = element("li");
    option.id = `${this.#id}-${index}`;
    option.setAttribute("role", "option");
    option.append(element("code", "", visible(string(text))), " ");
    option.append(element("span", "glm-muted", visible(string(kind))));
    return option;
  }

  #place(): void {
    const { parentElement } = this.root;
    this.root.classList.toggle("glm-over", (parentElement?.offsetTop ?? 0) >= ROOM_PX);
  }

  /** After the last one comes the first. */
  #activate(index: number): void {
    const options = this.root.children;
    this.#active = (index + options.length) % options.length;
    for (const [at, option] of [...options].entries()) {
      option.setAttribute("aria-selected", String(at === this.#active));
    }
    const active = options[this.#active];
    this.#area.setAttribute("aria-activedescendant", active?.id ?? "");
    active?.scrollIntoView?.({ block: "nearest" });
  }

  #refuse(): void {
    this.#refused = this.#inside();
    this.close();
  }

  #accept(index: number): void {
    const name = this.#names[index];
    const open = openReference(this.#area.value, this.#area.selectionStart);
    this.close();
    if (name === undefined || !open) return;
    this.#area.setSelectionRange(open.start, open.end);
    insert(this.#area, `{{ ${name} }}`);
    this.close(); // what was written would ask again
  }
}

/** Write in the place of what is selected, so that it can be undone where the browser can. */
function insert(area: HTMLTextAreaElement, text: string): void {
  if (document.execCommand?.("insertText", false, text)) return;
  area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}
