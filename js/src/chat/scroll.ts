/** The scrolling of a chat: it stays at the end until the reader scrolls up. */

/** Nearer to the end than this, in pixels, is at the end. */
const NEAR = 8;

/** By these the reader moves the content. */
const BY_HAND = ["wheel", "touchmove", "pointerdown", "keydown"] as const;

export class Scroll {
  /** Whether the end is kept in view. */
  isPinned = true;
  readonly #scroller: HTMLElement;
  readonly #content: HTMLElement;
  readonly #tell: () => void;
  readonly #observer: ResizeObserver;
  /** What is to stay where it is, and where that is. */
  #held: { readonly anchor: Element; readonly y: number } | null = null;
  #top = 0;
  #height = 0;

  /** `tell` is called when `isPinned` has changed. */
  constructor(scroller: HTMLElement, content: HTMLElement, tell: () => void) {
    this.#scroller = scroller;
    this.#content = content;
    this.#tell = tell;
    this.#observer = new ResizeObserver(() => this.#onResize());
    this.#observer.observe(scroller);
    this.#observer.observe(content);
    scroller.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    for (const type of BY_HAND) {
      scroller.addEventListener(type, () => this.#release(), { passive: true });
    }
  }

  /** Whether the end is in view. */
  get isAtEnd(): boolean {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR;
  }

  /**
   * Leave the end, and keep the lower edge of an element where it is until the reader moves it; `null` stands for the
   * beginning of the content.
   */
  hold(element: Element | null): void {
    const anchor = element ?? this.#content;
    this.#held = { anchor, y: this.#yOf(anchor) };
    this.#pin(false);
  }

  /** Go to the end, and stay there. */
  toEnd(): void {
    this.#release();
    this.#pin(true);
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  dispose(): void {
    this.#observer.disconnect();
  }

  #onResize(): void {
    if (this.isPinned) this.#scroller.scrollTop = this.#scroller.scrollHeight;
    else if (this.#held) this.#keep(this.#held);
    // Taken off the page and put back, as notebooks do, it has forgotten where it was.
    else if (this.#scroller.scrollTop === 0 && this.#top > 0) this.#scroller.scrollTop = this.#top;
    if (!this.isPinned) this.#tell();
  }

  #keep({ anchor, y }: { anchor: Element; y: number }): void {
    const moved = anchor.isConnected ? this.#yOf(anchor) - y : 0;
    if (moved !== 0) this.#scroller.scrollTop += moved;
  }

  #release(): void {
    this.#held = null;
  }

  /** Where an element is in the window. */
  #yOf(anchor: Element): number {
    const { top, bottom } = anchor.getBoundingClientRect();
    return (anchor === this.#content ? top : bottom) - this.#scroller.getBoundingClientRect().top;
  }

  /** Only what the reader does leaves the end: that the content has grown is no reason. */
  #onScroll(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    if (clientHeight === 0) return;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    const isUp = scrollTop < this.#top && scrollHeight >= this.#height;
    this.#top = scrollTop;
    this.#height = scrollHeight;
    if (this.#held) return;
    if (isUp) this.#pin(scrollHeight - scrollTop - clientHeight < 1);
    else if (isAtEnd) this.#pin(true);
  }

  #pin(isPinned: boolean): void {
    if (isPinned === this.isPinned) return;
    this.isPinned = isPinned;
    this.#tell();
  }
}
