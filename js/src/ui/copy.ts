/** Copying: a text, and the Copy buttons of code blocks with one listener for all of them. */

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
    copyText(code.textContent ?? "", code).then((done) => {
      const said = done ? say.copied : say.notCopied;
      button.textContent = said;
      announce(said);
      setTimeout(() => {
        button.textContent = say.copy;
      }, SHOWN_MS);
    });
  });
}

/** Copy a text; where the page may not, select what shows it for the reader. */
export async function copyText(text: string, shown: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text, shown);
  }
}

/** The old way, for pages that came by http. */
function copySelected(text: string, shown: HTMLElement): boolean {
  const give = (event: ClipboardEvent) => {
    event.clipboardData?.setData("text/plain", text);
    event.preventDefault();
    event.stopPropagation();
  };
  document.getSelection()?.selectAllChildren(shown);
  document.addEventListener("copy", give, true);
  try {
    return document.execCommand?.("copy") ?? false;
  } finally {
    document.removeEventListener("copy", give, true);
  }
}
