/** Lengths in tokens, estimated as `glm_notebook/tools/results/tokens.py` does. No I/O. */

import { count, fill } from "../strings.ts";
import type { ChatWords } from "./words.ts";

const QUARTERS = 4;

/** Return the length of a text in tokens, rounded up. */
export function countTokens(text: string): number {
  let quarters = 0;
  for (let at = 0; at < text.length; at += 1) quarters += quartersAt(text, at);
  return Math.ceil(quarters / QUARTERS);
}

/** Write a length: it is an estimate, so it says so. */
export function tokensOf(tokens: number, words: ChatWords): string {
  return fill(tokens === 1 ? words.token : words.tokens, count(tokens));
}

/** What is beyond U+FFFF has two code units here, and counts once. */
function quartersAt(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  if (unit < 0x80) return 1;
  if (unit < 0x800) return 2;
  const isSecondHalf = isBetween(unit, 0xdc00, 0xdfff);
  return isSecondHalf && isBetween(text.charCodeAt(at - 1), 0xd800, 0xdbff) ? 0 : QUARTERS;
}

function isBetween(unit: number, first: number, last: number): boolean {
  return unit >= first && unit <= last;
}
