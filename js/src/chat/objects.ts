/** The objects of the kernel that a prompt names, below it: what they are, and how long. */

import type { Asks } from "../asks.ts";
import { type Fields, isFields, number, string } from "../fields.ts";
import { visible } from "../markdown/visible.ts";
import { SEPARATOR } from "../strings.ts";
import { element } from "../ui/dom.ts";
import { Newest } from "./newest.ts";
import { expressionsOf } from "./references.ts";
import { tokensOf } from "./tokens.ts";
import type { ChatWords } from "./words.ts";

export class Objects {
  readonly root = element("ul", "glm-chips glm-objects");
  readonly #words: ChatWords;
  readonly #asker: Newest<readonly string[]>;
  #names: readonly string[] = [];
  #shown = "";
  /** By name; of a name that was asked for and is not defined `null`. */
  readonly #known = new Map<string, Fields | null>();

  constructor(words: ChatWords, asks: Asks) {
    this.#words = words;
    this.#asker = new Newest(
      (expressions) => asks.ask("objects", { expressions }),
      (body) => this.#take(body),
    );
    this.root.setAttribute("aria-label", words.objects);
    this.root.setAttribute("aria-live", "polite");
    this.root.hidden = true;
  }

  /** Show the objects that a text names. */
  update(text: string): void {
    const names = expressionsOf(text);
    if (names.join("\n") === this.#names.join("\n")) return;
    this.#names = names;
    this.refresh();
    this.#draw();
  }

  /** Ask anew what the objects are: a cell may have changed them. */
  refresh(): void {
    if (this.#names.length) this.#asker.want(this.#names);
    else this.#asker.cancel();
  }

  #take({ objects }: Fields): void {
    const told = isFields(objects) ? objects : {};
    this.#known.clear();
    for (const name of this.#names) {
      const object = told[name];
      this.#known.set(name, isFields(object) ? object : null);
    }
    this.#draw();
  }

  /** What is the same is left to stand, so that it is not read out again. */
  #draw(): void {
    const said = this.#names.map((name) => this.#describe(name));
    const shown = this.#names.map((name, index) => `${name} ${said[index]}`).join("\n");
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.root.replaceChildren(...this.#names.map((name, index) => chip(name, said[index] ?? "")));
    this.root.hidden = this.#names.length === 0;
  }

  #describe(name: string): string {
    const object = this.#known.get(name);
    if (object === undefined) return "";
    if (object === null) return this.#words.notDefined;
    return `${string(object.kind)} · ${tokensOf(number(object.tokens), this.#words)}`;
  }
}

function chip(name: string, said: string): HTMLElement {
  const made = element("li");
  made.append(element("code", "", visible(name)));
  if (said) made.append(SEPARATOR, element("span", "glm-muted", visible(said)));
  return made;
}
