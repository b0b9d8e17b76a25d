/** A long plain text that grows, in pieces: the browser lays out the last one, and not those above it. */

import { Visible } from "../markdown/visible.ts";
import { element } from "./dom.ts";

/** A piece ends with the first line that ends after this many characters. */
const PIECE = 2000;
/** A piece ends anyway after this many. */
const PIECE_MAX = 20_000;

export class PlainText {
  readonly #root: HTMLElement;
  readonly #dir: "auto" | "ltr";
  readonly #visible = new Visible();
  #piece: Text | null = null;
  #shown = 0;

  /** The element may scroll: who has its end in view is kept there. */
  constructor(root: HTMLElement, dir: "auto" | "ltr" = "auto") {
    this.#root = root;
    this.#dir = dir;
  }

  /** Show what is new of a text that has grown. */
  grow(text: string): void {
    if (text.length <= this.#shown) return;
    const wasAtEnd = isAtEnd(this.#root);
    this.#append(this.#visible.push(text.slice(this.#shown)));
    this.#shown = text.length;
    if (wasAtEnd) this.#root.scrollTop = this.#root.scrollHeight;
  }

  /** Nothing follows. */
  end(): void {
    this.#append(this.#visible.end());
  }

  #append(text: string): void {
    for (let done = 0; done < text.length; ) {
      const piece = this.#piece ?? this.#begin();
      const end = pieceEnd(text, done, piece.length);
      piece.appendData(text.slice(done, end));
      const isFull = piece.length >= PIECE_MAX || (piece.length > PIECE && text[end - 1] === "\n");
      if (isFull) this.#piece = null;
      done = end;
    }
  }

  #begin(): Text {
    const block = this.#root.appendChild(element("div"));
    block.dir = this.#dir;
    this.#piece = block.appendChild(document.createTextNode(""));
    return this.#piece;
  }
}

/** Whether the reader has the end in view: who has scrolled up is left there. */
function isAtEnd(scroller: HTMLElement): boolean {
  return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 8;
}

function pieceEnd(text: string, start: number, length: number): number {
  const newline = text.indexOf("\n", start + Math.max(0, PIECE - length));
  const furthest = Math.min(text.length, start + PIECE_MAX - length);
  return newline < 0 || newline >= furthest ? furthest : newline + 1;
}
