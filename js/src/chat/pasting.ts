/** Pasting into the text area: what belongs into an attachment goes there, unless the reader wants it as text. */

import { type Pasted, pasted } from "./pasted.ts";

/** A paste follows its keys at once. */
const AT_ONCE_MS = 500;

export interface PasteHost {
  attach(pasted: Pasted): void;
  attachFiles(files: readonly File[]): void;
}

/** Listen for pastes into a text area. */
export function listenForPaste(area: HTMLTextAreaElement, host: PasteHost): void {
  let plainAt = Number.NEGATIVE_INFINITY;
  area.addEventListener("keydown", (event) => {
    const isPlain = event.shiftKey && (event.ctrlKey || event.metaKey);
    // A browser does not tell of the paste itself whether Shift was held.
    if (isPlain && event.key.toLowerCase() === "v") plainAt = performance.now();
  });
  area.addEventListener("paste", (event) => {
    const { clipboardData: clipboard } = event;
    const isPlain = performance.now() - plainAt < AT_ONCE_MS;
    plainAt = Number.NEGATIVE_INFINITY;
    if (!clipboard || area.readOnly || isPlain) return;
    const found = pasted(clipboard);
    const files = clipboard.getData("text/plain") ? [] : [...clipboard.files];
    if (!found && files.length === 0) return;
    event.preventDefault();
    if (found) host.attach(found);
    else host.attachFiles(files);
  });
}
