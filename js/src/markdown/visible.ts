/**
 * What works unseen is made visible, or dropped: the same as `visible` of `glm_notebook/inert_text.py`, for a text
 * that comes in pieces.
 */

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal escapes are what is looked for
const ANSI = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-Z\\-~])/g;

/** What may go on in the next piece: an escape, a line's end of two characters, half of a surrogate pair. */
const UNFINISHED =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
  /(?:\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?|[ -/]*)?|\r|[\ud800-\udbff])$/;

const UNSEEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Makes a text visible piece by piece. */
export class Visible {
  #held = "";

  /** Return what of the text so far is sure, and has not been returned yet. */
  push(text: string): string {
    const all = this.#held + text;
    this.#held = UNFINISHED.exec(all)?.[0] ?? "";
    return visible(all.slice(0, all.length - this.#held.length));
  }

  /** Return what was held back: nothing follows. */
  end(): string {
    const rest = visible(this.#held);
    this.#held = "";
    return rest;
  }
}

/** Return a whole text without terminal escapes, and with the unseen made visible. */
export function visible(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(ANSI, "").replace(UNSEEN, picture);
}

function picture(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  if (code === 0x2028 || code === 0x2029) return " ";
  if (code > 0x2000 && code < 0x2070) return `⟨U+${code.toString(16).toUpperCase()}⟩`;
  return "\ufffd";
}
