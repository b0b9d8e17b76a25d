/**
 * Tokens into shapes: a description of the DOM to be made, in which no tag and no attribute comes from the model. No DOM.
 */

import {
  type Block,
  isSafeUrl,
  NESTING_MAX,
  type Parser,
  type References,
  type Token,
} from "./parser.ts";

/** An element to be made, or a text. */
export type Node = string | Shape;

export interface Shape {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** What the children are made of. Where it is equal, and not `null`, the children are. */
  readonly source: string | null;
  readonly children: () => readonly Node[];
}

/** How deep emphasis may go; beyond it only the text is shown. */
const INLINE_DEPTH_MAX = 20;
/** Longest paragraph that is parsed, in characters; a longer one is shown as it was written. */
const INLINE_MAX = 20_000;
/** Most brackets in a paragraph that is parsed: the time that they take grows with their square. */
const BRACKETS_MAX = 1000;
/** Most lines, and characters, in one piece of a long text: the browser lays out the one that grows only. */
const PIECE_LINES = 64;
const PIECE_MAX = 8000;

/** Turns the blocks of one text into shapes. */
export class Shaper {
  readonly #parser: Parser;
  readonly #copyLabel: string;

  constructor(parser: Parser, copyLabel: string) {
    this.#parser = parser;
    this.#copyLabel = copyLabel;
  }

  /** Return the shapes of blocks, with the lines of the text that they come from. */
  shapes(blocks: readonly Block[], text: string, references: References): Shape[] {
    return blocks.map((block) => this.#shape(block, text, references));
  }

  #shape(block: Block, text: string, references: References): Shape {
    if (block.tokens.some((token) => token.level > NESTING_MAX)) {
      return plain(text.split("\n").slice(block.first, block.end).join("\n"));
    }
    const root: Node[] = [];
    const open: Node[][] = [root];
    for (const [index, token] of block.tokens.entries()) {
      const beginsItem = block.tokens[index - 2]?.type === "list_item_open";
      if (token.nesting > 0) open.push(this.#opened(open, token));
      else if (token.nesting < 0) open.pop();
      else open.at(-1)?.push(...this.#leaf(token, references, beginsItem));
    }
    return root.find((node) => typeof node !== "string") ?? plain("");
  }

  /** Begin an element, and return its children. A paragraph of a tight list has none of its own. */
  #opened(open: readonly Node[][], token: Token): Node[] {
    const siblings = open.at(-1) ?? [];
    if (token.hidden) return siblings;
    const children: Node[] = [];
    siblings.push(element(token.tag, attributesOf(token), children));
    return children;
  }

  #leaf(token: Token, references: References, beginsItem: boolean): Node[] {
    switch (token.type) {
      case "inline":
        return this.#paragraph(token.content, references, beginsItem);
      case "fence":
      case "code_block":
        return [this.#code(token)];
      case "math_block":
        return [{ ...leaf("p", token.content), attributes: { class: "glm-math" } }];
      case "hr":
        return [element("hr", {}, [])];
      default:
        return [token.content];
    }
  }

  /** What a paragraph, heading or cell holds, in an element of its own: it is parsed when it has changed only. */
  #paragraph(content: string, references: References, beginsItem: boolean): Node[] {
    const task = beginsItem ? TASK.exec(content) : null;
    const text = task ? content.slice(task[0].length) : content;
    const children = () => inlineNodes(this.#parser.inline(text, references));
    const span = isTooMuch(text)
      ? leaf("span", text)
      : { tag: "span", attributes: {}, source: text, children };
    return task ? [checkbox(task[1] !== " ", text), " ", span] : [span];
  }

  #code(token: Token): Shape {
    const language = /^[\w+#.-]+/.exec(token.info)?.[0];
    const code: Shape = {
      tag: "code",
      attributes: language ? { class: `language-${language}` } : {},
      source: token.content,
      children: () => pieces(token.content),
    };
    const copy = { class: "glm-copy", type: "button" };
    return element("div", { class: "glm-code", dir: "ltr" }, [
      element("pre", {}, [code]),
      element("button", copy, [this.#copyLabel]),
    ]);
  }
}

function isTooMuch(text: string): boolean {
  return text.length > INLINE_MAX || text.split("[").length > BRACKETS_MAX;
}

const NAME_MAX = 80;
const TASK = /^\[([ xX])\][ \t]+/;

/** It is named by its text, cut off where it is hardly a name. */
function checkbox(isChecked: boolean, text: string): Shape {
  const name = { "aria-label": text.slice(0, NAME_MAX) };
  const state = { type: "checkbox", disabled: "", ...(isChecked ? { checked: "" } : {}) };
  return element("input", { ...state, ...name }, []);
}

const IN_READING_DIRECTION = /^(?:p|h[1-6]|ul|ol|li|th|td|blockquote)$/;

function attributesOf(token: Token): Record<string, string> {
  const attributes: Record<string, string> = IN_READING_DIRECTION.test(token.tag)
    ? { dir: "auto" }
    : {};
  const start = token.attrGet("start");
  const align = /^text-align:(left|right|center)$/.exec(String(token.attrGet("style") ?? ""))?.[1];
  if (start !== null) attributes.start = String(start);
  if (align !== undefined) attributes.align = align;
  return attributes;
}

/** Turn the tokens of a paragraph into nodes. */
export function inlineNodes(tokens: readonly Token[]): Node[] {
  const root: Node[] = [];
  const open: Node[][] = [root];
  let links = 0;
  for (const token of tokens) {
    const siblings = open.at(-1) ?? root;
    if (token.type === "link_open") links++;
    if (token.type === "link_close") links--;
    if (token.nesting > 0) open.push(inlineOpened(siblings, token, open.length));
    else if (token.nesting < 0) open.pop();
    else append(siblings, inlineLeaf(token, links > 0));
  }
  return linked(root);
}

function inlineOpened(siblings: Node[], token: Token, depth: number): Node[] {
  const href = token.type === "link_open" ? String(token.attrGet("href") ?? "") : null;
  if (depth > INLINE_DEPTH_MAX || (href !== null && !isSafeUrl(href))) return siblings;
  const children: Node[] = [];
  siblings.push(
    href === null
      ? element(token.tag === "s" ? "del" : token.tag, {}, children)
      : link(href, children, token.attrGet("title")),
  );
  return children;
}

function inlineLeaf(token: Token, inLink: boolean): Node {
  switch (token.type) {
    case "code_inline":
      return element("code", {}, [token.content]);
    case "math_inline":
      return element("span", { class: "glm-math" }, [token.content]);
    case "image":
      return image(token, inLink);
    case "hardbreak":
      return element("br", {}, []);
    case "softbreak":
      return "\n";
    default:
      return token.content;
  }
}

/** An image is never loaded: it is a link to where it is. */
function image(token: Token, inLink: boolean): Node {
  const href = String(token.attrGet("src") ?? "");
  const text = token.content || href;
  return inLink || !isSafeUrl(href) ? text : link(href, [text], null);
}

function link(href: string, children: readonly Node[], title: string | number | null): Shape {
  const away = { target: "_blank", rel: "noopener noreferrer nofollow" };
  return element(
    "a",
    { href, ...(title === null ? {} : { title: String(title) }), ...(href[0] === "#" ? {} : away) },
    children,
  );
}

/** Append a node; texts that meet become one. */
function append(nodes: Node[], node: Node): void {
  const last = nodes.at(-1);
  if (typeof node === "string" && typeof last === "string") nodes[nodes.length - 1] = last + node;
  else nodes.push(node);
}

const URL_CHARACTERS = "[\\w.~:/?#@!$&*+,;=%-]";
const URL_BY_ITSELF = new RegExp(
  `\\bhttps?://(?:${URL_CHARACTERS}|\\(${URL_CHARACTERS}*\\))+(?<![.,;:!?*])`,
  "g",
);

/** Make links of the addresses that stand in a text by themselves, but for texts in links and code. */
function linked(nodes: readonly Node[]): Node[] {
  return nodes.flatMap((node) => {
    if (typeof node === "string") return node.includes("://") ? split(node) : [node];
    return /^(?:em|strong|del)$/.test(node.tag)
      ? [element(node.tag, {}, linked(node.children()))]
      : [node];
  });
}

function split(text: string): Node[] {
  const nodes: Node[] = [];
  let done = 0;
  for (const { 0: url, index } of text.matchAll(URL_BY_ITSELF)) {
    if (index > done) nodes.push(text.slice(done, index));
    nodes.push(link(url, [url], null));
    done = index + url.length;
  }
  return done < text.length ? [...nodes, text.slice(done)] : nodes;
}

/** Cut a long text into elements that stay as they are while it grows. */
function pieces(text: string): Node[] {
  const nodes: Node[] = [];
  for (let start = 0; start < text.length; ) {
    const end = pieceEnd(text, start);
    nodes.push(element("span", { class: "glm-piece" }, [text.slice(start, end)]));
    start = end;
  }
  return nodes;
}

function pieceEnd(text: string, start: number): number {
  const furthest = start + PIECE_MAX;
  let end = start;
  for (let line = 0; line < PIECE_LINES; line++) {
    const newline = text.indexOf("\n", end);
    if (newline < 0 && text.length <= furthest) return text.length;
    if (newline < 0 || newline >= furthest) return end > start ? end : wordEnd(text, furthest);
    end = newline + 1;
  }
  return end;
}

/** A line that is too long is cut after a word, if there is one. */
function wordEnd(text: string, furthest: number): number {
  const space = text.lastIndexOf(" ", furthest - 1);
  return space > furthest - PIECE_MAX / 2 ? space + 1 : furthest;
}

function plain(text: string): Shape {
  return { ...leaf("p", text), attributes: { class: "glm-plain", dir: "auto" } };
}

function leaf(tag: string, text: string): Shape {
  return { tag, attributes: {}, source: text, children: () => pieces(text) };
}

function element(
  tag: string,
  attributes: Readonly<Record<string, string>>,
  children: readonly Node[],
): Shape {
  return { tag, attributes, source: null, children: () => children };
}
