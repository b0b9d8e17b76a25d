/** What is sent along with a prompt, above it: files and pasted tables, each with its length and a way to remove it. */

import { visible } from "../markdown/visible.ts";
import { fill, SEPARATOR, type Words } from "../strings.ts";
import { element, setText } from "../ui/dom.ts";
import { FILE_MAX, textOf } from "./files.ts";
import { countTokens, tokensOf } from "./tokens.ts";
import type { Attachment } from "./wire.ts";
import type { ChatWords } from "./words.ts";

/** What a prompt takes along in all: a server that takes messages of 10 MB, as Jupyter's does, takes it. */
const TOTAL_MAX = 3 * FILE_MAX;

/** What the attachments ask of the composer. */
export interface AttachmentsHost {
  changed(): void;
  /** Take the focus: what had it is gone. */
  focus(): void;
}

export class Attachments {
  readonly root = element("div", "glm-attached");
  readonly #words: ChatWords;
  readonly #say: Words;
  readonly #host: AttachmentsHost;
  readonly #list = element("ul", "glm-chips");
  readonly #note = element("p", "glm-note");
  #items: readonly Attachment[] = [];

  constructor(words: ChatWords, say: Words, host: AttachmentsHost) {
    this.#words = words;
    this.#say = say;
    this.#host = host;
    this.#list.setAttribute("aria-label", words.attachments);
    this.#note.setAttribute("role", "status");
    this.root.append(this.#list, this.#note);
    this.#draw();
  }

  get items(): readonly Attachment[] {
    return this.#items;
  }

  /** Add texts. Each gets a name of its own. */
  add(items: readonly Attachment[]): void {
    for (const { name, text } of items) {
      this.#items = [...this.#items, { name: this.#freeName(name), text }];
    }
    this.#draw();
    if (items.length) this.#host.changed();
  }

  /** Add files, or say why not. */
  async addFiles(files: readonly File[]): Promise<void> {
    this.note("");
    for (const file of files) this.#addFile(file, await this.#read(file));
  }

  /** Return all of them, and have none any more. */
  take(): readonly Attachment[] {
    const items = this.#items;
    this.#items = [];
    this.note("");
    this.#draw();
    return items;
  }

  /** Say something below them; nothing where it is empty. */
  note(text: string): void {
    setText(this.#note, text);
  }

  async #read(file: File): Promise<string | null> {
    if (file.size > FILE_MAX) return null;
    // A folder cannot be read, nor a file that has gone meanwhile.
    return textOf(file, this.#say.language).catch(() => null);
  }

  #addFile({ name, size }: File, text: string | null): void {
    const { tooLarge, notText, tooMuch } = this.#words;
    const total = this.#items.reduce((sum, item) => sum + item.text.length, size);
    if (size > FILE_MAX) this.note(fill(tooLarge, visible(name)));
    else if (text === null) this.note(fill(notText, visible(name)));
    else if (total > TOTAL_MAX) this.note(fill(tooMuch, visible(name)));
    else this.add([{ name, text }]);
  }

  /** `table.csv`, then `table-2.csv`. */
  #freeName(name: string): string {
    const names = new Set(this.#items.map((item) => item.name));
    const [, stem = name, suffix = ""] = /^(.+?)(\.[^.]*)?$/.exec(name) ?? [];
    let free = name;
    for (let number = 2; names.has(free); number += 1) free = `${stem}-${number}${suffix}`;
    return free;
  }

  #draw(): void {
    const chips = this.#items.map((item) => this.#chip(item));
    this.#list.replaceChildren(...chips);
    this.#list.hidden = chips.length === 0;
  }

  #chip(item: Attachment): HTMLElement {
    const chip = element("li");
    const name = element("bdi", "glm-name", visible(item.name));
    const tokens = tokensOf(countTokens(item.text), this.#words);
    const length = element("span", "glm-muted", tokens);
    const remove = element("button", "glm-remove", "×");
    remove.type = "button";
    remove.title = this.#words.remove;
    remove.setAttribute("aria-label", fill(this.#words.removeOf, visible(item.name)));
    remove.addEventListener("click", () => this.#remove(item));
    chip.append(name, SEPARATOR, length, remove);
    return chip;
  }

  /** The focus goes on to the next one. */
  #remove(item: Attachment): void {
    const index = this.#items.indexOf(item);
    this.#items = this.#items.filter((one) => one !== item);
    this.note("");
    this.#draw();
    const buttons = this.#list.querySelectorAll("button");
    const next = buttons[Math.min(index, buttons.length - 1)];
    if (next) next.focus();
    else this.#host.focus();
    this.#host.changed();
  }
}
