/** The turns of a chat, one below the other. */

import { fill } from "../strings.ts";
import { element, setText } from "../ui/dom.ts";
import { type ExchangeHost, ExchangeView } from "./exchange.ts";
import type { ChatLink, Exchange } from "./link.ts";
import { Scroll } from "./scroll.ts";

/** Turns at the end that are drawn at once. */
const AT_ONCE = 3;
/** How near to what is seen a turn is drawn. */
const MARGIN = "1000px 0px";

export class Transcript {
  readonly root = element("div", "glm-transcript");
  readonly #link: ChatLink;
  readonly #host: ExchangeHost;
  readonly #scroller = element("div", "glm-scroller");
  readonly #content = element("div", "glm-exchanges");
  readonly #empty = element("p", "glm-empty");
  readonly #latest = element("button", "glm-latest");
  readonly #scroll: Scroll;
  readonly #near: IntersectionObserver;
  readonly #views = new Map<string, ExchangeView>();
  readonly #viewOfRoot = new WeakMap<Element, ExchangeView>();
  #shown: readonly Exchange[] | null = null;

  /** `afterJump` is called when the reader has jumped to the end. */
  constructor(link: ChatLink, host: ExchangeHost, afterJump: () => void) {
    this.#link = link;
    this.#host = host;
    this.#build(afterJump);
    this.#scroll = new Scroll(this.#scroller, this.#content, () => this.#drawLatest());
    this.#near = new IntersectionObserver((entries) => this.#onNear(entries), {
      root: this.#scroller,
      rootMargin: MARGIN,
    });
  }

  /** Show the turns as they are now. */
  draw(): void {
    const { exchanges, canRetry } = this.#link;
    if (exchanges !== this.#shown) this.#drawList(exchanges);
    const last = exchanges.at(-1);
    if (last) this.#views.get(last.id)?.update(canRetry);
    this.#drawEmpty();
  }

  /** Go to the end, and stay there. */
  toEnd(): void {
    this.#scroll.toEnd();
  }

  dispose(): void {
    this.#scroll.dispose();
    this.#near.disconnect();
    for (const view of this.#views.values()) view.dispose();
  }

  #build(afterJump: () => void): void {
    const { words } = this.#host;
    this.#scroller.tabIndex = 0; // it scrolls, so the keyboard has to reach it
    this.#scroller.setAttribute("role", "group");
    this.#scroller.setAttribute("aria-label", words.conversation);
    this.#latest.type = "button";
    this.#latest.hidden = true;
    this.#latest.textContent = words.latest;
    this.#latest.addEventListener("click", () => {
      this.toEnd();
      afterJump();
    });
    this.#content.append(this.#empty);
    this.#scroller.append(this.#content);
    this.root.append(this.#scroller, this.#latest);
  }

  #drawList(exchanges: readonly Exchange[]): void {
    this.#shown = exchanges;
    this.#dropOthers(new Set(exchanges));
    const views = exchanges.map((exchange) => this.#viewOf(exchange));
    // Only what is not where it belongs is moved: a node that moves loses the focus, and where it was scrolled to.
    let before: Element = this.#empty;
    for (const { root } of views) {
      if (before.nextElementSibling !== root) before.after(root);
      before = root;
    }
    for (const view of views) view.update(false);
    for (const view of views.slice(-AT_ONCE)) this.#show(view);
  }

  #dropOthers(kept: ReadonlySet<Exchange>): void {
    for (const [id, view] of this.#views) {
      if (kept.has(view.exchange)) continue;
      this.#near.unobserve(view.root);
      view.dispose();
      this.#views.delete(id);
    }
  }

  #viewOf(exchange: Exchange): ExchangeView {
    const known = this.#views.get(exchange.id);
    if (known) return known;
    const view = new ExchangeView(exchange, this.#host);
    this.#views.set(exchange.id, view);
    this.#viewOfRoot.set(view.root, view);
    this.#near.observe(view.root);
    return view;
  }

  #onNear(entries: readonly IntersectionObserverEntry[]): void {
    for (const { isIntersecting, target } of entries) {
      const view = this.#viewOfRoot.get(target);
      if (isIntersecting && view) this.#show(view);
    }
  }

  #show(view: ExchangeView): void {
    this.#near.unobserve(view.root);
    view.show();
  }

  #drawEmpty(): void {
    const { exchanges, tools, settings, isAsking } = this.#link;
    const { words } = this.#host;
    this.#empty.hidden = exchanges.length > 0 || isAsking;
    const canCall = settings.useTools && tools.length > 0;
    const withTools = fill(words.emptyWithTools, tools.join(words.comma));
    setText(this.#empty, canCall ? withTools : words.empty);
  }

  #drawLatest(): void {
    this.#latest.hidden = this.#scroll.isPinned;
  }
}
