/** Taking the whole chat out: as a file, or into the clipboard. */

import { Refused } from "../asks.ts";
import { string } from "../fields.ts";
import { copyText } from "../ui/copy.ts";
import { element } from "../ui/dom.ts";
import { Disclosure } from "./disclosure.ts";
import type { ChatLink } from "./link.ts";
import { answerOf, type Exchange, promptOf } from "./turns.ts";
import type { ChatWords } from "./words.ts";

/** What a kernel that hears needs at most. After it the page says that it waits, or copies what it has itself. */
const PATIENCE_MS = 1000;
const TYPES = { md: "text/markdown", json: "application/json", ipynb: "application/x-ipynb+json" };
type Format = keyof typeof TYPES;

/** Where the reader is told how it went. */
export interface ExportHost {
  /** Something went wrong, and what to do. */
  refuse(message: string, remedy: string): void;
  /** Something quiet; nothing where it is empty. */
  note(text: string): void;
  /** Where the conversation can be seen. */
  readonly shown: HTMLElement;
}

export class Exporting {
  readonly disclosure: Disclosure;
  readonly #link: ChatLink;
  readonly #words: ChatWords;
  readonly #host: ExportHost;
  readonly #needKernel: readonly HTMLButtonElement[];
  readonly #all: readonly HTMLButtonElement[];

  constructor(link: ChatLink, words: ChatWords, group: Set<Disclosure>, host: ExportHost) {
    this.#link = link;
    this.#words = words;
    this.#host = host;
    this.disclosure = new Disclosure(words.export, group);
    const markdown = this.#button("Markdown", () => this.#save("md"));
    const json = this.#button("JSON", () => this.#save("json"));
    const notebook = this.#button(words.notebook, () => this.#save("ipynb"));
    const copy = this.#button(words.copyChat, () => this.#copy());
    this.#needKernel = [json, notebook];
    this.#all = [markdown, json, notebook, copy];
    this.disclosure.panel.append(...this.#all);
  }

  /** Show what can be had now: there is nothing of an empty chat, and little without the kernel. */
  update(): void {
    const { exchanges, gone } = this.#link;
    for (const button of this.#all) button.disabled = exchanges.length === 0;
    for (const button of this.#needKernel) button.disabled ||= gone;
  }

  #button(name: string, press: () => Promise<void>): HTMLButtonElement {
    const button = element("button", "", name);
    button.type = "button";
    button.addEventListener("click", () => {
      this.disclosure.close();
      this.#host.note("");
      press().catch((error: unknown) => this.#tell(error));
    });
    return button;
  }

  #tell(error: unknown): void {
    this.#host.note("");
    const remedy = error instanceof Refused ? error.remedy : "";
    if (!this.#link.gone) this.#host.refuse(error instanceof Error ? error.message : "", remedy);
  }

  async #save(format: Format): Promise<void> {
    if (this.#link.gone) {
      save("chat.md", this.#ownMarkdown(), TYPES.md);
      return;
    }
    const waiting = setTimeout(() => this.#host.note(this.#words.exportWaits), PATIENCE_MS);
    try {
      const { name, text } = await this.#link.asks.ask("export", { format });
      save(string(name) || `chat.${format}`, string(text), TYPES[format]);
      this.#host.note("");
    } finally {
      clearTimeout(waiting);
    }
  }

  async #copy(): Promise<void> {
    const { gone } = this.#link;
    const text = gone ? this.#ownMarkdown() : await Promise.race([this.#markdown(), this.#late()]);
    if (await copyText(text, this.#host.shown)) this.#host.note(this.#words.chatCopied);
    else this.#host.refuse(this.#words.chatNotCopied, "");
  }

  async #markdown(): Promise<string> {
    return string((await this.#link.asks.ask("export", { format: "md" })).text);
  }

  /** A browser lets the clipboard be written only right after the click: what the kernel is late to tell, the page does. */
  #late(): Promise<string> {
    return new Promise((resolve) => {
      setTimeout(() => resolve(this.#ownMarkdown()), PATIENCE_MS);
    });
  }

  #ownMarkdown(): string {
    return this.#link.exchanges.map(markdownOf).join("\n\n---\n\n");
  }
}

/** Prompt and answer, without what the tools did: that the kernel writes. */
function markdownOf(exchange: Exchange): string {
  const prompt = promptOf(exchange).replace(/^/gm, "> ");
  return `${prompt}\n\n${answerOf(exchange)}`.trimEnd();
}

function save(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const anchor = element("a");
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // some browsers ask where to put it first
}
