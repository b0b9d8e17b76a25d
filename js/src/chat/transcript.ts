/** The turns of a chat, one below the other. */

import { Enricher } from "../enrich/enricher.ts";
import { fill, type Words } from "../strings.ts";
import { Announcer } from "../ui/announcer.ts";
import { element, setText } from "../ui/dom.ts";
import type { Step } from "./branches.ts";
import { type ExchangeHost, type ExchangeState, ExchangeView } from "./exchange.ts";
import type { ChatLink } from "./link.ts";
import { Scroll } from "./scroll.ts";
import { type Exchange, hasAnswer, promptOf } from "./turns.ts";
import type { ChatWords } from "./words.ts";

/** Turns at the end that are drawn at once. */
const AT_ONCE = 3;
/** How near to what is seen a turn is drawn. */
const MARGIN = "1000px 0px";
const ALONE: readonly string[] = [];

/** What the transcript needs of its chat. */
export interface TranscriptHost {
  readonly words: ChatWords;
  /** The words of the turns. */
  readonly say: Words;
  /** Move the focus to where the next prompt is written. */
  focusComposer(): void;
  /** Keep a text that can no longer be where it was written. */
  giveBack(text: string): void;
}

export class Transcript {
  readonly root = element("div", "glm-transcript");
  readonly #link: ChatLink;
  readonly #host: TranscriptHost;
  readonly #exchangeHost: ExchangeHost;
  readonly #scroller = element("div", "glm-scroller");
  readonly #content = element("div", "glm-exchanges");
  readonly #empty = element("p", "glm-empty");
  readonly #latest = element("button", "glm-latest");
  readonly #announcer = new Announcer();
  readonly #scroll: Scroll;
  readonly #near: IntersectionObserver;
  readonly #enricher: Enricher;
  readonly #views = new Map<string, ExchangeView>();
  readonly #viewOfRoot = new WeakMap<Element, ExchangeView>();
  /** Views of turns that have not told what they are. */
  readonly #unknown = new Set<ExchangeView>();
  #shown: readonly Exchange[] | null = null;
  #can = "";
  #branches: ChatLink["branches"] | null = null;
  #isAnswered = false;
  /** The first turn of another branch, until it is known. */
  #awaited: Exchange | null = null;

  constructor(link: ChatLink, host: TranscriptHost) {
    this.#link = link;
    this.#host = host;
    this.#exchangeHost = this.#makeExchangeHost();
    this.#build();
    this.#scroll = new Scroll(this.#scroller, this.#content, () => this.#drawLatest());
    this.#near = new IntersectionObserver((entries) => this.#onNear(entries), {
      root: this.#scroller,
      rootMargin: MARGIN,
    });
    const { notTypeset } = host.words;
    this.#enricher = new Enricher(this.#scroller, { asks: link.asks, notTypeset });
  }

  /** What is written in editors and not sent. */
  get unsent(): string {
    return [...this.#views.values()]
      .map(({ unsent }) => unsent)
      .filter(Boolean)
      .join("\n");
  }

  /** Show the turns as they are now. A turn that only goes on is drawn by its own view. */
  draw(): void {
    const { exchanges } = this.#link;
    if (exchanges !== this.#shown) this.#drawList(exchanges);
    this.#drawKnown();
    this.#drawActions();
    this.#drawEmpty();
  }

  /** Go to the end, and stay there. */
  toEnd(): void {
    this.#scroll.toEnd();
  }

  dispose(): void {
    this.#scroll.dispose();
    this.#near.disconnect();
    this.#enricher.dispose();
    for (const view of this.#views.values()) view.dispose();
  }

  #build(): void {
    const { words } = this.#host;
    this.#scroller.tabIndex = 0; // it scrolls, so the keyboard has to reach it
    this.#scroller.setAttribute("role", "group");
    this.#scroller.setAttribute("aria-label", words.conversation);
    this.#latest.type = "button";
    this.#latest.hidden = true;
    this.#latest.textContent = words.latest;
    this.#latest.addEventListener("click", () => this.#toNext());
    this.#content.append(this.#empty);
    this.#scroller.append(this.#content);
    this.root.append(this.#scroller, this.#latest, this.#announcer.root);
  }

  #makeExchangeHost(): ExchangeHost {
    const link = this.#link;
    const { words, say } = this.#host;
    return {
      words,
      say,
      enrich: (block) => this.#enricher.add(block),
      announce: (text) => this.#announcer.say(text),
      stateOf: (exchange) => this.#stateOf(exchange),
      retry: () => this.#askNext(() => link.retry()),
      resume: () => this.#askNext(() => link.continueAnswer()),
      regenerate: ({ id }) => this.#askNext(() => link.regenerate(id)),
      edit: ({ id }, text) => link.edit(id, text),
      select: (id) => this.#select(id),
      remove: ({ id }) => link.remove(id),
    };
  }

  /** The buttons of a turn that gives its place to another go with it. */
  #askNext(ask: () => void): void {
    ask();
    this.#toNext();
  }

  #toNext(): void {
    this.toEnd();
    this.#host.focusComposer();
  }

  /** What is above the turn stays where it is, whatever comes in its place. */
  #select(id: string): void {
    const shown = this.#versionShownOf(id);
    const before = shown && this.#views.get(shown.id)?.root.previousElementSibling;
    this.#scroll.hold(before && before !== this.#empty ? before : null);
    this.#link.select(id);
  }

  #stateOf(exchange: Exchange): ExchangeState {
    const { canChange, canRetry, canContinue, changes, exchanges, gone, isAsking } = this.#link;
    const isLast = exchange === exchanges.at(-1);
    const { pending } = changes;
    return {
      canChange,
      canRetry: isLast && canRetry,
      canContinue: isLast && canContinue,
      isGone: gone,
      isAsking,
      isSent: pending?.type === "edit" && pending.turn === exchange.id,
      versions: this.#versionsOf(exchange),
    };
  }

  #versionsOf({ id }: Exchange): readonly string[] {
    return this.#link.branches.get(id) ?? ALONE;
  }

  #drawList(exchanges: readonly Exchange[]): void {
    const left = this.#focusedStep();
    this.#keepRoom(exchanges);
    this.#shown = exchanges;
    this.#dropOthers(exchanges);
    const views = exchanges.map((exchange) => this.#viewOf(exchange));
    // Only what is not where it belongs is moved: a node that moves loses the focus, and where it was scrolled to.
    let before: Element = this.#empty;
    for (const { root } of views) {
      if (before.nextElementSibling !== root) before.after(root);
      before = root;
    }
    for (const view of views.slice(-AT_ONCE)) this.#show(view);
    if (left) this.#refocus(left);
  }

  /** The step to another version that has the focus, and the turn that it is of. */
  #focusedStep(): { id: string; step: Step } | null {
    const { activeElement } = this.root.getRootNode() as Document | ShadowRoot;
    const root = activeElement?.closest(".glm-exchange");
    const view = root && this.#viewOfRoot.get(root);
    const step = view?.stepOf(activeElement);
    return view && step ? { id: view.exchange.id, step } : null;
  }

  /** From one version to the next, the focus stays where it was. */
  #refocus({ id, step }: { id: string; step: Step }): void {
    const next = this.#versionShownOf(id);
    const view = next && this.#views.get(next.id);
    if (!view) return;
    this.#show(view);
    view.update();
    view.focusStep(step);
  }

  /** While the turns of another branch are not known, the content is as high as it was: else it would be scrolled. */
  #keepRoom(exchanges: readonly Exchange[]): void {
    const shown = this.#shown ?? [];
    const at = exchanges.findIndex(({ id }, index) => id !== shown[index]?.id);
    const [old, next] = [shown[at], exchanges[at]];
    const isOther = old && next && this.#versionsOf(next).includes(old.id);
    const isUnknown = next?.turn.snapshot === null;
    this.#awaited = isOther && isUnknown ? next : null;
    this.#content.style.minHeight = this.#awaited ? `${this.#content.offsetHeight}px` : "";
  }

  /** The turn of the list that is a version of another. */
  #versionShownOf(id: string): Exchange | undefined {
    return this.#link.exchanges.find((one) => this.#versionsOf(one).includes(id));
  }

  #dropOthers(exchanges: readonly Exchange[]): void {
    const kept = new Set(exchanges);
    for (const [id, view] of this.#views) {
      if (kept.has(view.exchange)) continue;
      this.#save(view.unsent);
      this.#near.unobserve(view.root);
      this.#unknown.delete(view);
      view.dispose();
      this.#views.delete(id);
    }
  }

  /** What was written in a turn that is no longer shown is lost, unless it has become a prompt. */
  #save(unsent: string): void {
    const isAsked = this.#link.exchanges.some((one) => promptOf(one).trim() === unsent);
    if (unsent && !isAsked) this.#host.giveBack(unsent);
  }

  #viewOf(exchange: Exchange): ExchangeView {
    const known = this.#views.get(exchange.id);
    if (known) return known;
    const view = new ExchangeView(exchange, this.#exchangeHost);
    this.#views.set(exchange.id, view);
    this.#viewOfRoot.set(view.root, view);
    this.#near.observe(view.root);
    if (!view.isKnown) this.#unknown.add(view);
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

  /** Show the prompts of turns that have told what they are. */
  #drawKnown(): void {
    for (const view of this.#unknown) {
      if (!view.isKnown) continue;
      this.#unknown.delete(view);
      view.know();
      if (view.exchange === this.#awaited) this.#content.style.minHeight = "";
    }
  }

  /** What can be done is the same for most of the time, also while an answer comes. */
  #drawActions(): void {
    const { canChange, canRetry, canContinue, changes, exchanges, gone, isAsking } = this.#link;
    const last = exchanges.at(-1);
    const sent = changes.pending?.type;
    const can = [canChange, canRetry, canContinue, gone, isAsking, sent, last?.id].join();
    if (can !== this.#can || this.#branches !== this.#link.branches) {
      for (const { id } of exchanges) this.#views.get(id)?.update();
    } else if (last && hasAnswer(last) !== this.#isAnswered) {
      this.#views.get(last.id)?.update();
    }
    this.#can = can;
    this.#branches = this.#link.branches;
    this.#isAnswered = last !== undefined && hasAnswer(last);
  }

  #drawEmpty(): void {
    const { exchanges, tools, settings, isAsking } = this.#link;
    const { words } = this.#host;
    const isEmpty = exchanges.length === 0 && !isAsking;
    if (this.#empty.hidden === isEmpty) this.#empty.hidden = !isEmpty;
    if (!isEmpty) return;
    const canCall = settings.useTools && tools.length > 0;
    const withTools = fill(words.emptyWithTools, tools.join(words.comma));
    setText(this.#empty, canCall ? withTools : words.empty);
  }

  #drawLatest(): void {
    this.#latest.hidden = this.#scroll.isPinned || this.#scroll.isAtEnd;
  }
}
