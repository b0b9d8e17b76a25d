/**
 * Spreads the typesetting of the settled output over frames.
 *
 * JupyterLab typesets all formulas of an output within one task, half a second for some hundred of them. Here its
 * blocks are hidden from MathJax before it looks (a mutation is told of in a microtask that was queued before
 * JupyterLab's own), and shown to it some at a time. Only the page's elements are touched, never what is saved; where
 * a host has no typesetter to ask, nothing is, and all is typeset at once.
 */

export interface Typesetter {
  typeset(host: HTMLElement): unknown;
}

/** A class that MathJax passes over, see glm_notebook/inert_text.py. */
const HIDDEN = "mathjax_ignore";
/** How long a slice should take, in milliseconds. */
const SLICE_MS = 80;
/** The first slice, and the least: each one costs MathJax a layout of the page. */
const LEAST_BLOCKS = 4;
/** How long the settled output is waited for. */
const WAIT_MS = 10_000;

/** The typesetter of JupyterLab and Notebook, which anywidget hands on with the widget manager; others have none. */
export function typesetterOf(model: unknown): Typesetter | undefined {
  const host = model as {
    widget_manager?: { rendermime?: { latexTypesetter?: Typesetter | null } };
  };
  const found = host.widget_manager?.rendermime?.latexTypesetter;
  return typeof found?.typeset === "function" ? found : undefined;
}

/** Wait for the Markdown that takes the place of a view, and have it typeset in slices. */
export function spreadTypesetting(view: HTMLElement, typesetter: Typesetter): void {
  const area = view.closest(".jp-OutputArea");
  if (!area) return;
  const observer = new MutationObserver((mutations) => {
    for (const { target, addedNodes } of mutations) {
      if (!(target instanceof HTMLElement) || addedNodes.length === 0) continue;
      if (!target.classList.contains("jp-RenderedMarkdown") || view.contains(target)) continue;
      observer.disconnect();
      clearTimeout(timer);
      typesetInSlices(target, hideBlocks(target), typesetter).catch(console.warn);
      return;
    }
  });
  const timer = setTimeout(() => observer.disconnect(), WAIT_MS);
  observer.observe(area, { childList: true, subtree: true });
}

function hideBlocks(host: HTMLElement): Element[] {
  const blocks = [...host.children].filter(
    (block) => !block.classList.contains(HIDDEN) && /[$\\]/.test(block.textContent ?? ""),
  );
  for (const block of blocks) block.classList.add(HIDDEN);
  return blocks;
}

async function typesetInSlices(host: HTMLElement, blocks: Element[], typesetter: Typesetter) {
  let size = LEAST_BLOCKS;
  try {
    while (blocks.length) {
      await nextFrame();
      show(blocks.splice(0, size));
      const began = performance.now();
      await typesetter.typeset(host);
      const took = Math.max(performance.now() - began, 1);
      size = Math.max(LEAST_BLOCKS, Math.min(2 * size, Math.floor((size * SLICE_MS) / took)));
    }
  } finally {
    show(blocks);
  }
}

function show(blocks: readonly Element[]): void {
  for (const block of blocks) {
    block.classList.remove(HIDDEN);
    if (block.className === "") block.removeAttribute("class");
  }
}

/** A task of its own after a frame; a page in the background draws none, and goes on all the same. */
function nextFrame(): Promise<void> {
  return new Promise((resolve) => {
    const next = () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
      setTimeout(resolve);
    };
    const frame = requestAnimationFrame(next);
    const timer = setTimeout(next, 100);
  });
}
