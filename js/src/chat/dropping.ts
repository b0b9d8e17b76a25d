/** Files that are dropped on the chat. */

import { element } from "../ui/dom.ts";

/** Let files be dropped on an element. Returns what is shown meanwhile, to be put where they will be. */
export function acceptFiles(
  root: HTMLElement,
  hint: string,
  take: (files: readonly File[]) => void,
): HTMLElement {
  const shown = element("div", "glm-drop", hint);
  shown.hidden = true;
  const over = (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes("Files")) return; // a text is the text area's
    event.preventDefault();
    event.stopPropagation(); // the notebook would take it too
    shown.hidden = false;
  };
  root.addEventListener("dragenter", over);
  root.addEventListener("dragover", over);
  root.addEventListener("dragleave", ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node && root.contains(relatedTarget))) shown.hidden = true;
  });
  root.addEventListener("drop", (event) => {
    over(event);
    shown.hidden = true;
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length) take(files);
  });
  return shown;
}
