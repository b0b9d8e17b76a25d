/** The scrolling of a chat: it stays at the end until the reader scrolls up. */

/** Nearer to the end than this, in pixels, is at the end. */
const NEAR = 8;

export class Scroll {
  /** Whether the end is kept in view. */
  isPinned = true;
  readonly #scroller: HTMLElement;
  readonly #tell: () => void;
  readonly #observer: ResizeObserver;
  #top = 0;
  #height = 0;

  /** `tell` is called when `isPinned` has changed. */
  constructor(scroller: HTMLElement, content: HTMLElement, tell: () => void) {
    this.#scroller = scroller;
    this.#tell = tell;
    this.#observer = new ResizeObserver(() => this.#onResize());
    this.#observer.observe(scroller);
    this.#observer.observe(content);
    scroller.addEventListener("scroll", () => this.#onScroll(), { passive: true });
  }

  /** Go to the end, and stay there. */
  toEnd(): void {
    this.#pin(true);
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  dispose(): void {
    this.#observer.disconnect();
  }

  #onResize(): void {
    if (this.isPinned) this.#scroller.scrollTop = this.#scroller.scrollHeight;
    // Taken off the page and put back, as notebooks do, it has forgotten where it was.
    else if (this.#scroller.scrollTop === 0 && this.#top > 0) this.#scroller.scrollTop = this.#top;
  }

  /** Only what the reader does leaves the end: that the content has grown is no reason. */
  #onScroll(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    if (clientHeight === 0) return;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    const isUp = scrollTop < this.#top && scrollHeight >= this.#height;
    this.#top = scrollTop;
    this.#height = scrollHeight;
    if (isUp) this.#pin(scrollHeight - scrollTop - clientHeight < 1);
    else if (isAtEnd) this.#pin(true);
  }

  #pin(isPinned: boolean): void {
    if (isPinned === this.isPinned) return;
    this.isPinned = isPinned;
    this.#tell();
  }
}
