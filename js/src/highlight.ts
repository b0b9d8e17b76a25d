/** The module that colours code. It is loaded from the kernel when the first code comes into sight. */

import highlighter from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import css from "highlight.js/lib/languages/css";
import diff from "highlight.js/lib/languages/diff";
import go from "highlight.js/lib/languages/go";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import julia from "highlight.js/lib/languages/julia";
import latex from "highlight.js/lib/languages/latex";
import markdown from "highlight.js/lib/languages/markdown";
import python from "highlight.js/lib/languages/python";
import pythonRepl from "highlight.js/lib/languages/python-repl";
import r from "highlight.js/lib/languages/r";
import rust from "highlight.js/lib/languages/rust";
import shell from "highlight.js/lib/languages/shell";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";

const languages = {
  bash,
  c,
  cpp,
  css,
  diff,
  go,
  ini,
  java,
  javascript,
  json,
  julia,
  latex,
  markdown,
  python,
  "python-repl": pythonRepl,
  r,
  rust,
  shell,
  sql,
  typescript,
  xml,
  yaml,
};
for (const [name, language] of Object.entries(languages)) {
  highlighter.registerLanguage(name, language);
}
/** What models, and notebooks, call them besides. */
highlighter.registerAliases(["ipython", "ipython3", "python3"], { languageName: "python" });
highlighter.registerAliases(["rscript"], { languageName: "r" });

/** Colours, by what highlight.js calls a piece of code, or by the first word of it. */
const KINDS: Readonly<Record<string, string>> = {
  addition: "code-added",
  attr: "code-name",
  attribute: "code-name",
  built_in: "code-builtin",
  bullet: "code-keyword",
  code: "code-string",
  comment: "code-comment",
  deletion: "code-removed",
  doctag: "code-keyword",
  emphasis: "code-emphasis",
  keyword: "code-keyword",
  link: "code-string",
  literal: "code-keyword",
  meta: "code-meta",
  name: "code-tag",
  number: "code-number",
  property: "code-name",
  quote: "code-comment",
  regexp: "code-string",
  section: "code-title",
  "selector-attr": "code-name",
  "selector-class": "code-title",
  "selector-id": "code-title",
  "selector-pseudo": "code-builtin",
  "selector-tag": "code-tag",
  string: "code-string",
  strong: "code-strong",
  symbol: "code-number",
  tag: "",
  "template-variable": "code-name",
  title: "code-title",
  type: "code-builtin",
  "variable.language": "code-keyword",
};

/** A line that is longer is data more than code, and may take a grammar the square of its length. */
const LONG_LINE = /[^\n]{2000}/;

/** How deep pieces may be in each other. */
const DEPTH_MAX = 100;

/** A piece of code, and what it is. */
interface Piece {
  readonly scope?: string;
  readonly children: readonly (Piece | string)[];
}

/** Colour code. Returns `null` where its language is not known, or it cannot be. */
export function highlight(code: string, language: string): DocumentFragment | null {
  if (!highlighter.getLanguage(language) || LONG_LINE.test(code)) return null;
  const result = highlighter.highlight(code, { language, ignoreIllegals: true });
  const tree = (result._emitter as unknown as { root: Piece }).root;
  const made = document.createDocumentFragment();
  const isDrawn = append(made, tree, 0);
  // What the highlighter gave up on is not all there.
  return isDrawn && made.textContent === code ? made : null;
}

/** Tells whether all could be appended. The text is only ever set as text; the class is one of ours. */
function append(parent: Node, { children }: Piece, depth: number): boolean {
  return (
    depth < DEPTH_MAX &&
    children.every((child) => {
      if (typeof child !== "string") return append(holder(parent, child.scope), child, depth + 1);
      parent.appendChild(document.createTextNode(child));
      return true;
    })
  );
}

/** Return what a piece goes into: an element of its own if it has a colour. */
function holder(parent: Node, scope = ""): Node {
  const kind = KINDS[scope] ?? KINDS[scope.split(".")[0] ?? ""];
  if (!kind) return parent;
  const span = document.createElement("span");
  span.className = `glm-${kind}`;
  return parent.appendChild(span);
}
