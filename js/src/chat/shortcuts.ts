/** Which keys a page's own shortcuts may take while the focus is in a view. */

/**
 * JupyterLab listens before a view can: what it may not take has to be marked. Run and Undo of the notebook are not
 * meant where a prompt is written, but Save is, and else the browser would save the page.
 */
export function leaveSaveToPage(view: HTMLElement): () => void {
  const mark = (isOurs: boolean) => {
    if (isOurs) view.dataset.lmSuppressShortcuts = "true";
    else delete view.dataset.lmSuppressShortcuts;
  };
  mark(true);
  const onKey = (event: KeyboardEvent) => {
    if (event.composedPath().includes(view)) mark(!isSave(event));
  };
  // On the window, which is told before the document that JupyterLab listens on.
  window.addEventListener("keydown", onKey, true);
  return () => window.removeEventListener("keydown", onKey, true);
}

function isSave(event: KeyboardEvent): boolean {
  return (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s";
}
