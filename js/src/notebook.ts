/**
 * The notebook that a page shows, as far as what is saved of an output can be changed without drawing it anew.
 *
 * JupyterLab and Notebook 7 keep what is saved apart from what is drawn, and take a change whose origin is
 * `silent-change` for one that is drawn already (jupyter_ydoc, ycell.ts). Their widget manager knows the document;
 * anywidget hands it on, but does not promise to. Where one of these is missing nothing is changed.
 */

import { type Fields, isFields, list } from "./fields.ts";

/** Entries of an output's metadata: that it shows something, and that it keeps a text for it. */
export const VIEW_OF = "glm_notebook_view_of";
export const KEPT_FOR = "glm_notebook_kept_for";
const SILENT = "silent-change";

/** What of a shared output is used here. */
interface Output {
  get(name: string): unknown;
  toJSON(): object;
}

/** What of a shared code cell is used here. */
interface Cell {
  readonly youtputs: { toArray(): readonly Output[] };
  updateOutputs(start: number, end: number, outputs: readonly object[], origin: string): void;
}

interface Host {
  readonly widget_manager?: { context?: { model?: { sharedModel?: { cells?: unknown } } } };
}

/** An output of the document. */
export interface Place {
  /** What is saved of it now. */
  readonly data: Fields;
  /** Have this saved of it from now on. */
  save(data: Fields): void;
}

/** Return the outputs whose metadata have an entry of this value; none where a model's page has no such document. */
export function placesWith(entry: string, value: string, model: unknown): readonly Place[] {
  const cells = list((model as Host).widget_manager?.context?.model?.sharedModel?.cells);
  return cells.filter(isCell).flatMap((cell) => placesIn(cell, entry, value));
}

function isCell(cell: unknown): cell is Cell {
  const { youtputs, updateOutputs } = (cell ?? {}) as Partial<Cell>;
  return typeof youtputs?.toArray === "function" && typeof updateOutputs === "function";
}

function placesIn(cell: Cell, entry: string, value: string): readonly Place[] {
  return cell.youtputs.toArray().flatMap((output, index) => {
    const metadata = output.get("metadata");
    if (!isFields(metadata) || metadata[entry] !== value) return [];
    const known = output.get("data");
    const before = isFields(known) ? known : {};
    const save = (data: Fields) => {
      if (isSame(before, data)) return; // the file is not changed for nothing
      cell.updateOutputs(index, index + 1, [{ ...output.toJSON(), data }], SILENT);
    };
    return [{ data: before, save }];
  });
}

function isSame(before: Fields, after: Fields): boolean {
  const names = Object.keys(after);
  const isAsLong = names.length === Object.keys(before).length;
  return isAsLong && names.every((name) => before[name] === after[name]);
}
