/**
 * Formulas, for markdown-it: what stands between `$`, `$$`, `\(` `\)` or `\[` `\]` is kept as it was written, so that no
 * emphasis begins in it. A chat typesets it (enrich/enricher.ts); below a cell Jupyter does when the turn is settled.
 */

import type { StateBlock, StateInline } from "markdown-it";

const DOLLARS =
  /(?:\$\$(?!\$)(?:[^$`\\]|\\[\s\S])*\$\$(?!\$)|\$(?![\s$])(?:[^$`\\]|\\[\s\S])*\$(?![\d$]))/y;
const DOLLAR = 0x24;
const BACKSLASH = 0x5c;
const CLOSERS: Readonly<Record<string, string | undefined>> = {
  "\\(": "\\)",
  "\\[": "\\]",
  $$: "$$",
};

/** Read a formula within a paragraph. */
export function inlineMath(state: StateInline, silent: boolean): boolean {
  const end = formulaEnd(state);
  if (end < 0) return false;
  if (!silent) state.push("math_inline", "", 0).content = state.src.slice(state.pos, end);
  state.pos = end;
  return true;
}

function formulaEnd(state: StateInline): number {
  switch (state.src.charCodeAt(state.pos)) {
    case DOLLAR:
      return dollarsEnd(state.src, state.pos);
    case BACKSLASH:
      return bracketsEnd(state);
    default:
      return -1;
  }
}

/** No scan passes the next `$`, so that many of them cost no more than their length. */
function dollarsEnd(text: string, start: number): number {
  if (text.charCodeAt(start - 1) === DOLLAR) return -1;
  DOLLARS.lastIndex = start;
  const found = DOLLARS.exec(text)?.[0];
  if (found === undefined || (!found.startsWith("$$") && /\s\$$/.test(found))) return -1;
  return start + found.length;
}

function bracketsEnd(state: StateInline): number {
  const closer = CLOSERS[state.src.slice(state.pos, state.pos + 2)];
  if (closer === undefined) return -1;
  const at = nextCloser(state, closer);
  return at < 0 ? -1 : at + closer.length;
}

const sought = new WeakMap<StateInline, Map<string, number>>();

/** Look for a closer once, and not again for every opener before it. */
function nextCloser(state: StateInline, closer: string): number {
  const known = sought.get(state) ?? new Map<string, number>();
  sought.set(state, known);
  const last = known.get(closer);
  if (last !== undefined && (last < 0 || last >= state.pos + 2)) return last;
  const at = state.src.indexOf(closer, state.pos + 2);
  known.set(closer, at);
  return at;
}

/**
 * Read a formula of whole lines. It ends with the line that closes it, before a blank line, or with the text: so what a
 * line is never depends on lines that have not come yet, and finished blocks stay as they are.
 */
export function blockMath(
  state: StateBlock,
  startLine: number,
  endLine: number,
  silent: boolean,
): boolean {
  const end = blockEnd(state, startLine, endLine);
  if (end === undefined) return false;
  if (silent) return true;
  const token = state.push("math_block", "", 0);
  token.block = true;
  token.map = [startLine, end];
  token.content = state.getLines(startLine, end, state.blkIndent, false).trim();
  state.line = end;
  return true;
}

function blockEnd(state: StateBlock, first: number, endLine: number): number | undefined {
  if ((state.sCount[first] ?? 0) - state.blkIndent >= 4) return undefined;
  const text = lineOf(state, first).trimEnd();
  const closer = CLOSERS[text.slice(0, 2)];
  if (closer === undefined || closer === "\\)") return undefined;
  if (text.length === 2) return closedAt(state, first + 1, endLine, closer);
  return text.indexOf(closer, 2) === text.length - 2 && text.length > 4 ? first + 1 : undefined;
}

function closedAt(state: StateBlock, from: number, endLine: number, closer: string): number {
  for (let line = from; line < endLine; line++) {
    if (state.isEmpty(line) || (state.sCount[line] ?? 0) < state.blkIndent) return line;
    if (lineOf(state, line).trimEnd().endsWith(closer)) return line + 1;
  }
  return endLine;
}

function lineOf(state: StateBlock, line: number): string {
  return state.src.slice(
    (state.bMarks[line] ?? 0) + (state.tShift[line] ?? 0),
    state.eMarks[line] ?? 0,
  );
}
