/** How much of the model's context is used, and what the chat has cost so far. What is unknown is not shown. */

import { count, fill, SEPARATOR } from "../strings.ts";
import { element, setText } from "../ui/dom.ts";
import type { Meter } from "./wire.ts";
import type { ChatWords } from "./words.ts";

/** From here on it is said in words. */
const NEARLY_FULL = 0.9;
const SYMBOLS: Readonly<Record<string, string>> = { CNY: "¥", USD: "$", EUR: "€" };

export class MeterView {
  readonly root = element("span", "glm-meter");
  readonly #words: ChatWords;
  readonly #context = element("span");
  readonly #between = element("span", "", SEPARATOR);
  readonly #cost = element("span");
  #shown: Meter | null = null;

  constructor(words: ChatWords) {
    this.#words = words;
    this.#cost.title = words.costHint;
    this.root.append(this.#context, this.#between, this.#cost);
  }

  update(meter: Meter): void {
    if (meter === this.#shown) return;
    this.#shown = meter;
    this.#drawContext(meter);
    this.#drawCost(meter);
    this.#between.hidden = this.#context.hidden || this.#cost.hidden;
    this.root.hidden = this.#context.hidden && this.#cost.hidden;
  }

  #drawContext({ context, window }: Meter): void {
    this.#context.hidden = context === null;
    if (context === null) return;
    this.#context.setAttribute("role", "meter");
    this.#context.setAttribute("aria-label", this.#words.contextUsed);
    this.#context.setAttribute("aria-valuemin", "0");
    const exact = window === null ? this.#words.contextTokens : this.#words.contextOf;
    const full = window ? Math.floor((100 * context) / window) : 0;
    const warning = full >= 100 * NEARLY_FULL ? fill(this.#words.contextFull, String(full)) : "";
    const figures = [context, window]
      .filter((one) => one !== null)
      .map(short)
      .join(" / ");
    setText(this.#context, warning || figures);
    this.#context.classList.toggle("glm-full", warning !== "");
    const title = fill(exact, count(context), count(window));
    this.#context.title = warning ? `${title}${this.#words.contextFullHint}` : title;
    this.#context.setAttribute("aria-valuenow", String(Math.min(context, window ?? context)));
    this.#context.setAttribute("aria-valuemax", String(window ?? Math.max(context, 1)));
    this.#context.setAttribute("aria-valuetext", this.#context.title);
  }

  #drawCost({ cost, currency }: Meter): void {
    this.#cost.hidden = cost === null;
    if (cost === null) return;
    setText(this.#cost, fill(this.#words.estimated, money(cost, currency)));
  }
}

/** Write a count in three figures: `803`, `1.2k`, `203k`, `1.05M`. */
export function short(number: number): string {
  if (number < 1000) return String(number);
  const [unit, name] = number < 999_500 ? [1e3, "k"] : [1e6, "M"];
  return Number((number / unit).toPrecision(number < 1e4 ? 2 : 3)) + name;
}

/** Write an amount: two places, and of what is less than one as many as it takes to show two figures. */
function money(amount: number, currency: string): string {
  const small = amount > 0 && amount < 1;
  const figures = small
    ? { minimumSignificantDigits: 2, maximumSignificantDigits: 2 }
    : { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  const symbol = SYMBOLS[currency] ?? (currency ? `${currency} ` : "");
  return symbol + amount.toLocaleString("en-US", figures);
}
