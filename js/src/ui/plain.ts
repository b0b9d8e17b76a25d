/** A long plain text that grows, in pieces: the browser lays out the last one, and not those above it. */

import { Visible } from "../markdown/visible.ts";
import { element } from "./dom.ts";

/** A piece ends with the first line that ends after this many characters. */
const PIECE = 2000;
/** A piece ends anyway after this many. */
const PIECE_MAX = 20_000;

export class PlainText {
  readonly #root: HTMLElement;
  readonly #visible = new Visible();
  #piece: Text | null = null;

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  push(text: string): void {
    this.#append(this.#visible.push(text));
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
    block.dir = "auto";
    this.#piece = block.appendChild(document.createTextNode(""));
    return this.#piece;
  }
}

function pieceEnd(text: string, start: number, length: number): number {
  const newline = text.indexOf("\n", start + Math.max(0, PIECE - length));
  const furthest = Math.min(text.length, start + PIECE_MAX - length);
  return newline < 0 || newline >= furthest ? furthest : newline + 1;
}
