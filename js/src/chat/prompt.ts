/** A prompt that was asked: its text, the objects of the kernel in it as chips, and what was sent along. */

import { visible } from "../markdown/visible.ts";
import type { Attached } from "../turn-info.ts";
import { element } from "../ui/dom.ts";
import { references } from "./references.ts";
import { tokensOf } from "./tokens.ts";
import { type Exchange, promptOf } from "./turns.ts";
import type { ChatWords } from "./words.ts";

export class PromptView {
  readonly block = element("div", "glm-prompt");
  readonly attachments = element("div", "glm-sent-along");
  readonly #words: ChatWords;
  #text: string | null = null;
  #isKnown = false;

  constructor(words: ChatWords) {
    this.#words = words;
    this.block.dir = "auto";
    this.block.setAttribute("role", "group");
    this.block.setAttribute("aria-label", words.yourPrompt);
    this.attachments.hidden = true;
  }

  /** Show the prompt as it is known now. What is shown already is left as it is, a selection in it as well. */
  update(exchange: Exchange): void {
    this.#drawText(promptOf(exchange));
    const info = exchange.turn.snapshot?.turn;
    if (info?.attachments && !this.#isKnown) this.#drawAttachments(info.attachments);
    this.#isKnown = info !== undefined;
  }

  #drawText(text: string): void {
    if (text === this.#text) return;
    this.#text = text;
    this.block.replaceChildren(...pieces(text));
    this.block.hidden = text === "";
  }

  #drawAttachments(attachments: readonly Attached[]): void {
    this.attachments.setAttribute("role", "group");
    this.attachments.setAttribute("aria-label", this.#words.sentAlong);
    this.attachments.append(...attachments.map((one) => this.#attachment(one)));
    this.attachments.hidden = false;
  }

  #attachment({ name, kind, tokens, excerpt }: Attached): HTMLElement {
    const root = element("details", "glm-attachment");
    const summary = element("summary");
    const rest = [
      kind === "file" ? "" : visible(kind),
      tokens === null ? "" : tokensOf(tokens, this.#words),
    ];
    summary.append(element("bdi", "glm-name", visible(name)));
    for (const said of rest.filter(Boolean)) {
      summary.append(element("span", "glm-muted", ` · ${said}`));
    }
    root.append(summary, excerptOf(excerpt, name));
    return root;
  }
}

/** It scrolls, so the keyboard has to reach it. */
function excerptOf(excerpt: string, name: string): HTMLElement {
  const text = element("pre", "glm-excerpt", visible(excerpt));
  text.dir = "auto";
  text.tabIndex = 0;
  text.setAttribute("role", "group");
  text.setAttribute("aria-label", visible(name));
  return text;
}

function pieces(text: string): (string | HTMLElement)[] {
  const made: (string | HTMLElement)[] = [];
  let done = 0;
  for (const { expression, start, end } of references(text)) {
    made.push(visible(text.slice(done, start)), element("span", "glm-chip", visible(expression)));
    done = end;
  }
  return [...made, visible(text.slice(done))];
}
