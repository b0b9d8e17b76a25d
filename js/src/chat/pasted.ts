/** What of a paste becomes an attachment: a table, as CSV, and a very long text. No I/O. */

/** A text that is longer would push all else out of sight. */
const LONG = 4000;

export interface Pasted {
  readonly name: string;
  readonly text: string;
}

type Table = readonly (readonly string[])[];

/** Return what a clipboard holds to be attached, or `null` for what belongs into the text. */
export function pasted(clipboard: DataTransfer): Pasted | null {
  const text = clipboard.getData("text/plain").replace(/\r\n?/g, "\n");
  const table = tableOfHtml(clipboard.getData("text/html")) ?? tableOfText(text);
  if (table) return { name: "table.csv", text: csv(table) };
  return text.length > LONG ? { name: "pasted.txt", text } : null;
}

/** Of a page that has more than one table, or a text around it, nothing may get lost. */
function tableOfHtml(html: string): Table | null {
  if (!/<table/i.test(html)) return null;
  const { body } = new DOMParser().parseFromString(html, "text/html");
  for (const other of body.querySelectorAll("style, script, meta")) other.remove();
  const table = body.querySelector("table");
  if (!table || body.textContent?.trim() !== table.textContent?.trim()) return null;
  return isTable(grid(table)) ? grid(table) : null;
}

/** Lay out the cells: one that spans others leaves them empty. */
function grid(table: HTMLTableElement): string[][] {
  const rows = [...table.rows].map((): string[] => []);
  for (const [y, row] of [...table.rows].entries()) {
    for (const cell of row.cells) spread(rows, y, cell);
  }
  const width = Math.max(0, ...rows.map(({ length }) => length));
  return rows.map((row) => Array.from({ length: width }, (_, x) => row[x] ?? ""));
}

function spread(rows: string[][], y: number, cell: HTMLTableCellElement): void {
  const first = rows[y] ?? [];
  let x = 0;
  while (first[x] !== undefined) x += 1;
  for (const row of rows.slice(y, y + (cell.rowSpan || 1))) {
    for (let at = x; at < x + (cell.colSpan || 1); at += 1) row[at] = "";
  }
  first[x] = (cell.textContent ?? "").replace(/\s+/g, " ").trim();
}

/** Indented code has tabs too, but nothing before them. */
function tableOfText(text: string): Table | null {
  const rows = text
    .replace(/\n+$/, "")
    .split("\n")
    .map((line) => line.split("\t"));
  const width = rows[0]?.length;
  const isEven = rows.every(({ length }) => length === width);
  return isEven && rows.some(([first]) => first?.trim()) && isTable(rows) ? rows : null;
}

function isTable(rows: Table): boolean {
  return rows.length >= 2 && (rows[0]?.length ?? 0) >= 2;
}

/** By RFC 4180, but for the line ends. */
function csv(rows: Table): string {
  return rows.map((row) => `${row.map(quoted).join(",")}\n`).join("");
}

function quoted(cell: string): string {
  return /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
