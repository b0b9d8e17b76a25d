/**
 * What is heavy is loaded from the kernel when it is first needed, and never from a network: once for each page, whatever
 * the number of its chats.
 */

import type { Asks } from "../asks.ts";
import { string } from "../fields.ts";

/** What the modules export: src/math.ts and src/highlight.ts. */
export interface Modules {
  math: { typeset(source: string): HTMLElement | null };
  highlight: { highlight(code: string, language: string): DocumentFragment | null };
}

export type ModuleName = keyof Modules;

/** Makes a module of its source. */
export type Evaluate = (code: string) => Promise<unknown>;

interface Loaded {
  readonly module: unknown;
  readonly css: string;
}

type Registry = Map<ModuleName, Promise<Loaded>>;

/** A host may evaluate our script for every widget: what is to be there once has to be kept with the page. */
const REGISTRY = Symbol.for("glm-notebook.modules.1");

function registry(): Registry {
  const page = globalThis as { [REGISTRY]?: Registry };
  page[REGISTRY] ??= new Map();
  return page[REGISTRY];
}

/**
 * Return a module, with its styles in force where `place` is. Rejects where the kernel cannot give it; it is asked for
 * again by who needs it next.
 */
export async function loadModule<Name extends ModuleName>(
  name: Name,
  asks: Pick<Asks, "ask">,
  place: Node,
  evaluate: Evaluate = evaluateAsBlob,
): Promise<Modules[Name]> {
  const known = registry();
  const loading = known.get(name) ?? load(name, asks, evaluate);
  known.set(name, loading);
  try {
    const { module, css } = await loading;
    addStyles(name, css, place);
    return module as Modules[Name];
  } catch (error) {
    if (known.get(name) === loading) known.delete(name);
    throw error;
  }
}

async function load(
  name: ModuleName,
  asks: Pick<Asks, "ask">,
  evaluate: Evaluate,
): Promise<Loaded> {
  const { code, css } = await asks.ask("module", { name });
  return { module: await evaluate(string(code)), css: string(css) };
}

/** As anywidget does it with this script itself. */
async function evaluateAsBlob(code: string): Promise<unknown> {
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  try {
    return await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** Fonts count only in the document itself, other styles only in the root that an element is in. */
function addStyles(name: ModuleName, css: string, place: Node): void {
  const root = place.getRootNode();
  addStyle(name, css, document.head);
  if (root instanceof ShadowRoot) addStyle(name, css, root);
}

function addStyle(name: ModuleName, css: string, root: HTMLElement | ShadowRoot): void {
  if (root.querySelector(`style[data-glm="${name}"]`)) return;
  const style = document.createElement("style");
  style.dataset.glm = name;
  style.textContent = css;
  root.append(style);
}
