/**
 * Shapes into DOM, changing no more of it than has to be: a text that grows is appended to, so that a selection in it
 * survives. Text is only ever set as text.
 */

import type { Shape, Node as ShapeNode } from "./shape.ts";

/** A node in the page, and what it was made from. */
export type Rendered =
  | { readonly dom: Text; text: string }
  | { readonly dom: HTMLElement; shape: Shape; children: Rendered[] };

/** Make the nodes that are last in a parent those of the given shapes. `old` are those that were last so far. */
export function patch(
  parent: Node,
  old: readonly Rendered[],
  nodes: readonly ShapeNode[],
): Rendered[] {
  for (const { dom } of old.slice(nodes.length)) dom.remove();
  return nodes.map((node, index) => {
    const before = old[index];
    if (before && changed(before, node)) return before;
    const made = make(node);
    if (before) before.dom.replaceWith(made.dom);
    else parent.appendChild(made.dom);
    return made;
  });
}

function make(node: ShapeNode): Rendered {
  if (typeof node === "string") return { dom: document.createTextNode(node), text: node };
  const dom = document.createElement(node.tag);
  setAttributes(dom, {}, node.attributes);
  return { dom, shape: node, children: patch(dom, [], node.children()) };
}

/** Change a node into what it shall be, if it can be: a text cannot become an element, nor one element another. */
function changed(before: Rendered, node: ShapeNode): boolean {
  if (typeof node === "string") return "text" in before && textChanged(before, node);
  if ("text" in before || before.shape.tag !== node.tag) return false;
  setAttributes(before.dom, before.shape.attributes, node.attributes);
  const same = node.source !== null && node.source === before.shape.source;
  if (!same) before.children = patch(before.dom, before.children, node.children());
  before.shape = node;
  return true;
}

function textChanged(before: { dom: Text; text: string }, text: string): true {
  if (text.startsWith(before.text)) {
    if (text.length > before.text.length) before.dom.appendData(text.slice(before.text.length));
  } else {
    const kept = commonPrefix(before.text, text);
    before.dom.replaceData(kept, before.text.length - kept, text.slice(kept));
  }
  before.text = text;
  return true;
}

function commonPrefix(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one.charCodeAt(length) === other.charCodeAt(length)) length++;
  return length;
}

function setAttributes(
  dom: HTMLElement,
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): void {
  for (const name of Object.keys(before)) if (!(name in after)) dom.removeAttribute(name);
  for (const [name, value] of Object.entries(after)) {
    if (before[name] !== value) dom.setAttribute(name, value);
  }
}
