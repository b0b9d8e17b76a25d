/** The Copy buttons of code blocks: one listener for all of them. */

import type { Words } from "../strings.ts";

const SHOWN_MS = 2000;

/** Listen for Copy buttons below an element. */
export function listenForCopy(
  root: HTMLElement,
  say: Words,
  announce: (text: string) => void,
): void {
  root.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest(".glm-copy") : null;
    const code = button?.parentElement?.querySelector("code");
    if (!button || !code) return;
    copy(code).then((done) => {
      const said = done ? say.copied : say.notCopied;
      button.textContent = said;
      announce(said);
      setTimeout(() => {
        button.textContent = say.copy;
      }, SHOWN_MS);
    });
  });
}

/** Copy an element's text; where the page may not, select it for the reader. */
async function copy(code: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(code.textContent ?? "");
    return true;
  } catch {
    return copySelected(code);
  }
}

/** The old way, for pages that came by http. */
function copySelected(code: HTMLElement): boolean {
  document.getSelection()?.selectAllChildren(code);
  return document.execCommand?.("copy") ?? false;
}
