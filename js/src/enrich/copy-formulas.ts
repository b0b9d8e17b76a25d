/** A formula that is copied gives what it was written as. */

const FORMULA = ".glm-typeset";

/** Listen for copying below an element. Returns how to end that. */
export function copyFormulas(root: HTMLElement): () => void {
  const onCopy = (event: ClipboardEvent): void => {
    const range = rangeWithin(root);
    if (!range || !event.clipboardData) return;
    const copied = written(range);
    if (!copied) return;
    event.clipboardData.setData("text/html", copied.innerHTML);
    event.clipboardData.setData("text/plain", plainText(copied, root));
    event.preventDefault();
  };
  root.addEventListener("copy", onCopy);
  return () => root.removeEventListener("copy", onCopy);
}

function rangeWithin(root: HTMLElement): Range | null {
  const selection = document.getSelection();
  if (!selection || selection.isCollapsed || selection.rangeCount === 0) return null;
  const range = selection.getRangeAt(0).cloneRange();
  return root.contains(range.commonAncestorContainer) ? range : null;
}

/** Return what a range holds, formulas as they were written; nothing where it holds none. */
function written(range: Range): HTMLElement | null {
  const first = formulaAround(range.startContainer);
  const last = formulaAround(range.endContainer);
  // Half a formula is none.
  if (first) range.setStartBefore(first);
  if (last) range.setEndAfter(last);
  const copied = document.createElement("div");
  copied.append(range.cloneContents());
  const formulas = copied.querySelectorAll<HTMLElement>(FORMULA);
  for (const formula of formulas) formula.textContent = formula.dataset.tex ?? "";
  return formulas.length ? copied : null;
}

function formulaAround(node: Node): Element | null {
  const element = node instanceof Element ? node : node.parentElement;
  return element?.closest(FORMULA) ?? null;
}

/** Lines end where blocks do, which is known of what is laid out only. */
function plainText(copied: HTMLElement, root: HTMLElement): string {
  copied.className = "glm-copied";
  root.append(copied);
  // biome-ignore lint/performance/useDomNodeTextContent: the layout is what is asked for
  const text = copied.innerText;
  copied.remove();
  return text;
}
