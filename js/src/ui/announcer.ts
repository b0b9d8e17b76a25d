/**
 * What a screen reader is told: the answer by sentences, not by tokens, and how the turn fares. It is apart from what is
 * seen, which changes too often to be read out.
 */

import { element } from "./dom.ts";

/** Least time between two announcements. */
const INTERVAL_MS = 1500;
/** Most characters of one; what comes faster than it can be read out is left to be read in the page. */
const LENGTH_MAX = 400;
/** Announcements that stay in the page. */
const KEPT = 3;

const SENTENCES = /^[\s\S]*(?:[.!?…](?=\s)|[。！？；]|\n)/;

export class Announcer {
  readonly root = element("div", "glm-announcer");
  #text = "";
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor() {
    this.root.setAttribute("role", "log");
    this.root.setAttribute("aria-live", "polite");
  }

  /** Take a part of the answer in. */
  push(text: string): void {
    this.#text += text;
    const now = performance.now();
    if (now - this.#lastAt < INTERVAL_MS) return;
    const sentences = SENTENCES.exec(this.#text)?.[0];
    if (sentences === undefined) return;
    this.#text = this.#text.slice(sentences.length);
    this.#lastAt = now;
    this.say(sentences);
  }

  /** Say the rest of the answer. */
  end(): void {
    this.say(this.#text);
    this.#text = "";
  }

  /** Say something now. */
  say(text: string): void {
    const words = spoken(text);
    if (!words) return;
    this.root.append(element("p", "", words));
    while (this.root.childElementCount > KEPT) this.root.firstElementChild?.remove();
  }
}

/** Leave out marks that are not read, and the middle of what is too long. */
function spoken(text: string): string {
  const words = text
    .replace(/[*_`#|>~]+/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  return words.length > LENGTH_MAX ? `… ${words.slice(-LENGTH_MAX)}` : words;
}
