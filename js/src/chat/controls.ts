/** What the reader may set of a chat, beside its composer. */

import type { Asks } from "../asks.ts";
import { element } from "../ui/dom.ts";
import { Disclosure } from "./disclosure.ts";
import type { Settings, Thinking } from "./settings.ts";
import { isBeingWritten, labelled, Tuning } from "./tuning.ts";
import type { ChatWords } from "./words.ts";

/** How often the kernel is asked at most which models the endpoint serves. */
const MODELS_MS = 60_000;
const THINKING: Readonly<Record<string, Thinking>> = { auto: null, on: true, off: false };

let made = 0;

export class Controls {
  readonly root = element("div", "glm-controls");
  /** What is seldom set. */
  readonly more: Disclosure;
  readonly #settings: Settings;
  readonly #asks: Asks;
  readonly #tuning: Tuning;
  readonly #model = element("input", "glm-model");
  readonly #models = element("datalist");
  readonly #thinking = element("select");
  readonly #tools = element("input");
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(settings: Settings, asks: Asks, words: ChatWords, group: Set<Disclosure>) {
    this.#settings = settings;
    this.#asks = asks;
    this.#tuning = new Tuning(settings, words);
    this.more = new Disclosure(words.more, group);
    this.more.panel.append(this.#tuning.root);
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", words.settings);
    this.#buildModel(words);
    this.#buildThinking(words);
    this.#buildTools(words);
    this.root.append(this.more.button);
  }

  /** Show what is set now. Settings can be made as long as the kernel can be reached. */
  update(isGone: boolean): void {
    const { model, models, thinking, useTools } = this.#settings;
    if (!isBeingWritten(this.#model)) this.#model.value = model;
    this.#drawModels(models);
    this.#thinking.value = thinking === null ? "auto" : thinking ? "on" : "off";
    this.#tools.checked = useTools;
    for (const control of [this.#model, this.#thinking, this.#tools]) control.disabled = isGone;
    this.#tuning.update(isGone);
  }

  #buildModel({ model }: ChatWords): void {
    this.#model.type = "text";
    this.#model.spellcheck = false;
    this.#model.autocomplete = "off";
    this.#models.id = `glm-models-${made++}`;
    this.#model.setAttribute("list", this.#models.id);
    this.#model.addEventListener("change", () => this.#setModel());
    this.#model.addEventListener("focus", () => this.#onFocus());
    this.root.append(labelled(model, this.#model), this.#models);
  }

  #buildThinking(words: ChatWords): void {
    const names = { auto: words.thinkingAuto, on: words.on, off: words.off };
    for (const [value, name] of Object.entries(names)) {
      const option = element("option", "", name);
      option.value = value;
      this.#thinking.append(option);
    }
    this.#thinking.addEventListener("change", () => {
      this.#settings.thinking = THINKING[this.#thinking.value] ?? null;
    });
    this.root.append(labelled(words.thinking, this.#thinking));
  }

  #buildTools({ tools }: ChatWords): void {
    this.#tools.type = "checkbox";
    this.#tools.addEventListener("change", () => {
      this.#settings.useTools = this.#tools.checked;
    });
    this.root.append(labelled(tools, this.#tools));
  }

  /** A chat has a model: an empty name is not one. */
  #setModel(): void {
    const id = this.#model.value.trim();
    if (id) this.#settings.model = id;
    this.#model.value = this.#settings.model;
  }

  /** Browsers propose what goes on with the text of the field: with nothing, all. What is listed comes by the trait. */
  #onFocus(): void {
    this.#model.select();
    const now = performance.now();
    if (now - this.#askedAt < MODELS_MS) return;
    this.#askedAt = now;
    this.#asks.ask("models").catch(() => {}); // those of the catalogue are there
  }

  #drawModels(models: readonly string[]): void {
    const options = [...this.#models.children] as HTMLOptionElement[];
    if (models.join("\n") === options.map(({ value }) => value).join("\n")) return;
    this.#models.replaceChildren(
      ...models.map((id) => Object.assign(element("option"), { value: id })),
    );
  }
}
