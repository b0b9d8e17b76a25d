/**
 * Typesets the formulas and colours the code of blocks that are finished: when they come near to what is seen, a few
 * milliseconds in a frame, and only once the modules that can do it are there. Until then, and where it cannot be done,
 * they are shown as they were written.
 */

import type { Asks } from "../asks.ts";
import { copyFormulas } from "./copy-formulas.ts";
import { type Evaluate, loadModule, type ModuleName, type Modules } from "./modules.ts";

/** How long a frame may work, in milliseconds; the text that streams has its own budget. */
const BUDGET_MS = 4;
const MEASURE_MS = 500;
/** How near to what is seen. */
const MARGIN = "1000px 0px";
/** Longest code that is coloured, in characters. */
const CODE_MAX = 20_000;
const TARGETS = '.glm-math, .glm-code code[class^="language-"]';
const TURN = ".glm-exchange";
/** What scrolls by itself where it is too wide. */
const WIDE = "table, .katex-display, .glm-formulas";

/** What an enricher needs to know. */
export interface EnricherHost {
  readonly asks: Pick<Asks, "ask">;
  /** What is said of a formula that cannot be typeset. */
  readonly notTypeset: string;
  readonly evaluate?: Evaluate;
}

export class Enricher {
  readonly #scroller: HTMLElement;
  readonly #host: EnricherHost;
  readonly #observer: IntersectionObserver;
  readonly #turns: IntersectionObserver;
  readonly #nearTurns = new WeakSet<Element>();
  /** What is to be observed once its turn is near. */
  readonly #targetsOf = new WeakMap<Element, readonly Element[]>();
  readonly #modules: Partial<Modules> = {};
  readonly #asked = new Set<ModuleName>();
  /** What waits for its module, or for its time; the nearest first. */
  #near: HTMLElement[] = [];
  /** What the reader has selected something in, which must not vanish. */
  readonly #selected = new Set<HTMLElement>();
  readonly #stopCopying: () => void;
  /** What may have become too wide for its place. */
  readonly #unmeasured: HTMLElement[] = [];
  #measurer: ReturnType<typeof setTimeout> | undefined;
  #frame = 0;

  /** `scroller` is what the blocks are scrolled in. */
  constructor(scroller: HTMLElement, host: EnricherHost) {
    this.#scroller = scroller;
    this.#host = host;
    this.#turns = new IntersectionObserver((entries) => this.#onTurns(entries), {
      root: scroller,
      rootMargin: MARGIN,
    });
    this.#observer = new IntersectionObserver((entries) => this.#onNear(entries), {
      root: scroller,
      rootMargin: MARGIN,
    });
    this.#stopCopying = copyFormulas(scroller);
    document.addEventListener("selectionchange", this.#onSelection);
  }

  /** Take in a block that does not change any more. */
  add(block: HTMLElement): void {
    const targets = [...block.querySelectorAll(TARGETS)];
    if (block.matches(`${TARGETS}, table`)) targets.push(block);
    const turn = block.closest(TURN);
    if (turn && !this.#nearTurns.has(turn)) this.#keepFor(turn, targets);
    else for (const target of targets) this.#observer.observe(target);
  }

  #keepFor(turn: Element, targets: readonly Element[]): void {
    if (targets.length === 0) return;
    this.#targetsOf.set(turn, [...(this.#targetsOf.get(turn) ?? []), ...targets]);
    this.#turns.observe(turn);
  }

  /** A browser looks at all that is observed in each frame: so only what is in turns near by is. */
  #onTurns(entries: readonly IntersectionObserverEntry[]): void {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) this.#nearTurns.delete(target);
      else this.#nearTurns.add(target);
      if (isIntersecting) this.#observe(target);
    }
  }

  #observe(turn: Element): void {
    for (const target of this.#targetsOf.get(turn) ?? []) this.#observer.observe(target);
    this.#targetsOf.delete(turn);
  }

  dispose(): void {
    this.#observer.disconnect();
    this.#turns.disconnect();
    this.#stopCopying();
    document.removeEventListener("selectionchange", this.#onSelection);
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#measurer);
    this.#near = [];
  }

  #onNear(entries: readonly IntersectionObserverEntry[]): void {
    const near = entries.filter(({ isIntersecting }) => isIntersecting);
    if (!near.length) return;
    near.sort((one, other) => distance(one) - distance(other));
    const targets = near.map(({ target }) => target as HTMLElement);
    for (const target of targets) this.#observer.unobserve(target);
    this.#measure(targets.filter(isTable));
    this.#take(targets.filter((target) => !isTable(target)));
  }

  #take(targets: readonly HTMLElement[]): void {
    this.#near = [...targets, ...this.#near];
    for (const target of targets) this.#need(moduleOf(target));
    this.#schedule();
  }

  /** Ask for a module, once. In a kernel that is busy the answer may be long in coming. */
  #need(name: ModuleName): void {
    if (this.#asked.has(name)) return;
    this.#asked.add(name);
    const { asks, evaluate } = this.#host;
    loadModule(name, asks, this.#scroller, evaluate).then(
      (module) => {
        Object.assign(this.#modules, { [name]: module });
        this.#schedule();
      },
      () => {
        // What needs it stays as it was written; the next view tries again.
        this.#near = this.#near.filter((target) => moduleOf(target) !== name);
      },
    );
  }

  #schedule(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#work());
  }

  #work(): void {
    this.#frame = 0;
    const deadline = performance.now() + BUDGET_MS;
    const selection = selected();
    do {
      const target = this.#takeNext();
      if (!target) break;
      if (this.#enrich(target, selection)) this.#measure([target]);
      if (performance.now() >= deadline) this.#schedule();
    } while (this.#frame === 0);
  }

  /** Look later whether they are too wide: each look makes the browser lay out the page, so many share one. */
  #measure(changed: readonly HTMLElement[]): void {
    if (changed.length === 0) return;
    this.#unmeasured.push(...changed);
    this.#measurer ??= setTimeout(() => {
      this.#measurer = undefined;
      makeReachable(this.#unmeasured.splice(0));
    }, MEASURE_MS);
  }

  #takeNext(): HTMLElement | undefined {
    const index = this.#near.findIndex((target) => this.#modules[moduleOf(target)]);
    return index < 0 ? undefined : this.#near.splice(index, 1)[0];
  }

  #enrich(target: HTMLElement, selection: Selection | null): boolean {
    if (!target.isConnected) return false;
    if (selection?.containsNode(target, true)) {
      this.#selected.add(target);
      return false;
    }
    return moduleOf(target) === "math" ? this.#typeset(target) : this.#colour(target);
  }

  #typeset(target: HTMLElement): boolean {
    const source = target.textContent ?? "";
    const made = this.#modules.math?.typeset(source);
    if (!made) {
      target.title = this.#host.notTypeset;
      return false;
    }
    const isName = target.closest("th")?.textContent === source;
    // Else a header that is nothing but a formula would have none.
    if (isName) made.querySelector("math")?.setAttribute("aria-label", source);
    target.replaceChildren(made);
    target.classList.add("glm-typeset");
    target.dataset.tex = source;
    target.closest(".glm-answer > *")?.classList.add("glm-formulas");
    return true;
  }

  #colour(target: HTMLElement): boolean {
    const code = target.textContent ?? "";
    const language = target.className.slice("language-".length);
    const made = code.length <= CODE_MAX && this.#modules.highlight?.highlight(code, language);
    if (made) target.replaceChildren(made);
    return false;
  }

  readonly #onSelection = (): void => {
    if (this.#selected.size === 0) return;
    const selection = selected();
    const again = [...this.#selected].filter((target) => !selection?.containsNode(target, true));
    for (const target of again) {
      this.#selected.delete(target);
      this.#observer.observe(target);
    }
  };
}

function isTable({ tagName }: HTMLElement): boolean {
  return tagName === "TABLE";
}

function moduleOf(target: HTMLElement): ModuleName {
  return target.classList.contains("glm-math") ? "math" : "highlight";
}

function distance({ boundingClientRect: box, rootBounds }: IntersectionObserverEntry): number {
  const middle = rootBounds ? (rootBounds.top + rootBounds.bottom) / 2 : 0;
  return Math.abs((box.top + box.bottom) / 2 - middle);
}

/** Return what the reader has selected, if anything. To ask makes the browser lay out the page. */
function selected(): Selection | null {
  const selection = document.getSelection();
  return selection?.isCollapsed ? null : selection;
}

/** What is wider than its place scrolls, so the keyboard has to reach it. All are measured at once. */
function makeReachable(changed: readonly HTMLElement[]): void {
  const candidates = new Set<Element>();
  for (const element of changed) {
    for (const inner of element.querySelectorAll(WIDE)) candidates.add(inner);
    for (let at: Element | null = element.closest(WIDE); at; at = outer(at)) candidates.add(at);
  }
  const wide = [...candidates].filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth);
  for (const element of wide) element.setAttribute("tabindex", "0");
}

function outer(element: Element): Element | null {
  return element.parentElement?.closest(WIDE) ?? null;
}
