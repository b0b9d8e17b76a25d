/** Sees to it that the focus stays in the chat when what had it is gone: a button of a turn that has ended, say. */

export class FocusKeeper {
  readonly #root: HTMLElement;
  readonly #fallback: () => void;
  #focused: HTMLElement | null = null;

  /** `fallback` moves the focus to where it can always be. */
  constructor(root: HTMLElement, fallback: () => void) {
    this.#root = root;
    this.#fallback = fallback;
    root.addEventListener("focusin", ({ target }) => {
      this.#focused = target instanceof HTMLElement ? target : null;
    });
    // Browsers tell of it before what goes is gone.
    root.addEventListener("focusout", () => requestAnimationFrame(() => this.check()));
  }

  /** Look where the focus is now. */
  check(): void {
    const focused = this.#focused;
    if (focused === null) return;
    const { activeElement } = this.#root.getRootNode() as Document | ShadowRoot;
    const isFree = activeElement === null || activeElement === document.body;
    const isHere = this.#root.contains(activeElement);
    if (isHere && activeElement === focused && canHaveFocus(focused)) return;
    if ((isFree || activeElement === focused) && !canHaveFocus(focused)) this.#fallback();
    else if (!isHere) this.#focused = null; // the reader has left
  }
}

function canHaveFocus(target: HTMLElement): boolean {
  return target.isConnected && !target.matches(":disabled") && !target.closest("[hidden]");
}
