/**
 * Markdown into tokens, block by block: CommonMark with tables and strikethrough, raw HTML shown as text, emphasis that
 * knows Chinese, formulas kept as they were written. No DOM.
 */

import MarkdownItParser, { type Env, type MarkdownIt, type Token } from "markdown-it";
import markdownItCjkFriendly from "markdown-it-cjk-friendly";
import { blockMath, inlineMath } from "./math.ts";

export type { Token };
export type References = NonNullable<Env["references"]>;

/** A block of the text's top level. */
export interface Block {
  /** Its tokens, those of kind `inline` not parsed yet. */
  readonly tokens: readonly Token[];
  /** Its first line. */
  readonly first: number;
  /** The line after its last. */
  readonly end: number;
}

/** Deepest nesting that is shown as such; `glm_notebook/inert_markdown.py` has the same. */
export const NESTING_MAX = 40;

const SAFE_URL = /^(?:https?:|mailto:|#)/i;

/** Tell whether a link may lead there. */
export function isSafeUrl(url: string): boolean {
  return SAFE_URL.test(url);
}

export class Parser {
  readonly #md: MarkdownIt;

  constructor() {
    this.#md = new MarkdownItParser({ html: false, linkify: false, maxNesting: 2 * NESTING_MAX });
    this.#md.use(markdownItCjkFriendly);
    this.#md.validateLink = isSafeUrl;
    this.#md.inline.ruler.before("escape", "math", inlineMath);
    this.#md.block.ruler.before("fence", "math", blockMath, {
      alt: ["paragraph", "reference", "blockquote", "list"],
    });
  }

  /** Return the blocks of a text. References that it defines are added to the given ones. */
  blocks(text: string, references: References): Block[] {
    const tokens: Token[] = [];
    this.#md.block.parse(text, this.#md, { references }, tokens);
    return topLevel(tokens);
  }

  /** Return the tokens of a paragraph's content. */
  inline(content: string, references: References): Token[] {
    const tokens: Token[] = [];
    this.#md.inline.parse(content, this.#md, { references }, tokens);
    return tokens;
  }
}

function topLevel(tokens: readonly Token[]): Block[] {
  const blocks: Block[] = [];
  let from = 0;
  for (const [index, token] of tokens.entries()) {
    if (token.level > 0 || token.nesting > 0) continue;
    const [first, end] = tokens[from]?.map ?? [0, 0];
    blocks.push({ tokens: tokens.slice(from, index + 1), first, end });
    from = index + 1;
  }
  return blocks;
}
