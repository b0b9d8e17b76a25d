/** The module that typesets formulas. It is loaded from the kernel when the first one comes into sight. */

import katex, { type KatexOptions } from "katex";

/** Longest formula that is typeset, in characters. */
const LENGTH_MAX = 4000;
/** Deepest braces: KaTeX descends into each. */
const DEPTH_MAX = 100;
/** Most macros that one formula may expand: a few of them can double each other. */
const EXPANSIONS_MAX = 500;
/**
 * Less is allowed where a formula defines macros of its own, for each time that one is expanded it may add as much as the
 * formula is long; with parameters, the square of that.
 */
const DEFINES = /\\(?:[gex]?def|let|futurelet|(?:new|renew|provide)command)(?![a-zA-Z])/;
const DEFINING_LENGTH_MAX = 400;
const DEFINING_EXPANSIONS_MAX = 50;
/** Largest length that a formula may ask for, in em. */
const SIZE_MAX = 30;
/** Largest length that may come of it, in em: those that are asked for add up, and negative ones have no limit. */
const EM_MAX = 200;
/** Most nodes that one formula may become. */
const NODES_MAX = 20_000;
/** How many formulas are kept, for where they come again. */
const KEPT_MAX = 500;

const DELIMITED = /^(?:\$\$([\s\S]+)\$\$|\$([\s\S]+)\$|\\\[([\s\S]+)\\\]|\\\(([\s\S]+)\\\))$/;

/** The inner structure of KaTeX: it has no other function that gives DOM, and takes no element to put it in. */
interface Tree {
  readonly children?: readonly Tree[];
  toNode(): HTMLElement;
}
type ToTree = (tex: string, options: KatexOptions) => Tree;
const toTree = (katex as unknown as { __renderToDomTree: ToTree }).__renderToDomTree;

/** By source. Another copy of what is in here is handed out each time. */
const kept = new Map<string, HTMLElement | null>();

/** Typeset a formula with its delimiters. Returns `null` where it cannot be. */
export function typeset(source: string): HTMLElement | null {
  const known = kept.get(source);
  if (known !== undefined) return known && copyOf(known);
  const made = make(source);
  if (kept.size >= KEPT_MAX) kept.delete(kept.keys().next().value as string);
  kept.set(source, made);
  return made && copyOf(made);
}

function copyOf(node: HTMLElement): HTMLElement {
  return node.cloneNode(true) as HTMLElement;
}

function make(source: string): HTMLElement | null {
  const [, dollars, dollar, bracket, parenthesis] = DELIMITED.exec(source.trim()) ?? [];
  const display = dollars ?? bracket;
  const tex = display ?? dollar ?? parenthesis;
  if (tex === undefined || isTooMuch(tex)) return null;
  try {
    const tree = toTree(tex, options(tex, display !== undefined));
    if (size(tree) > NODES_MAX) return null;
    const made = tree.toNode();
    return isHuge(made) ? null : made;
  } catch {
    return null; // a mistake in the formula, or more than KaTeX has room for
  }
}

function isTooMuch(tex: string): boolean {
  if (tex.length > LENGTH_MAX || depth(tex) > DEPTH_MAX) return true;
  return DEFINES.test(tex) && (tex.length > DEFINING_LENGTH_MAX || tex.includes("#"));
}

function size({ children = [] }: Tree): number {
  return children.reduce((sum, child) => sum + size(child), 1);
}

/** Tell whether something is larger than the place of a formula should be. */
function isHuge(made: HTMLElement): boolean {
  return [...made.querySelectorAll(".katex-html [style]")].some((element) =>
    (element.getAttribute("style")?.match(/-?[\d.]+(?=em)/g) ?? []).some(
      (length) => Math.abs(Number(length)) > EM_MAX,
    ),
  );
}

/** Made for every formula: what one defines is not there for the next. */
function options(tex: string, displayMode: boolean): KatexOptions {
  return {
    displayMode,
    output: "htmlAndMathml",
    trust: false,
    throwOnError: true,
    strict: "ignore",
    errorColor: "inherit", // of a command that is not allowed: its name is shown instead
    maxExpand: DEFINES.test(tex) ? DEFINING_EXPANSIONS_MAX : EXPANSIONS_MAX,
    maxSize: SIZE_MAX,
    macros: {},
  };
}

/** Count how deep braces, and what comes in pairs like them, are nested; escaped ones are not. */
function depth(tex: string): number {
  let now = 0;
  let deepest = 0;
  for (const [found] of tex.matchAll(
    /\\(?:left|begin|begingroup|bgroup)\b|\\(?:right|end|endgroup|egroup)\b|\\[\s\S]|[{}]/g,
  )) {
    if (found === "{" || /^\\(?:left|b)/.test(found)) deepest = Math.max(deepest, ++now);
    else if (found === "}" || /^\\(?:right|e)/.test(found)) now--;
  }
  return deepest;
}
