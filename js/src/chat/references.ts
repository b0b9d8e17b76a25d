/**
 * Where a prompt names objects of the kernel: `{{ df }}`, `{{ model.coef_ }}`, `{{ rows["north"][0] }}`. The rules are
 * those of `glm_notebook/references.py`; `tests/contract/references.json` is what both must give. No I/O.
 */

/** A block between fences, or a span between backticks of one paragraph. */
const CODE =
  "^[ \\t>]*(?<fence>`{3,}(?=[^`\\n]*$)|~{3,}).*(?:\\n(?![ \\t>]*\\k<fence>[`~]*[ \\t]*$).*)*(?:\\n.*)?" +
  "|(?<!`)(?<ticks>`+)(?!`)(?:(?!\\n[ \\t]*\\n)[^])+?(?<!`)\\k<ticks>(?!`)";
const TEXT = `"(?:\\\\.|[^"\\\\\\n])*"|'(?:\\\\.|[^'\\\\\\n])*'`;
/** Braces right behind these are of TeX, of a template, or of an f-string. */
const FREE = "(?<![A-Za-z0-9_^$\\\\{}\\]])";
const REFERENCE = `${CODE}|\\b[rR]?[fF](?:${TEXT})|${FREE}\\{\\{(?<inside>(?:[^{}\\n"']|${TEXT})+)\\}\\}(?!\\})`;
const OPEN = new RegExp(`${FREE}\\{\\{[ \\t]*([^{}\\n]{0,200})$`);

/** A name of Python: none of its keywords, and nothing of its inside. */
const KEYWORDS =
  "False|None|True|and|as|assert|async|await|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|" +
  "import|in|is|lambda|nonlocal|not|or|pass|raise|return|try|while|with|yield";
const NAME = `(?!__|(?:${KEYWORDS})(?!\\p{ID_Continue}))[\\p{ID_Start}_][\\p{ID_Continue}]*`;
const WHOLE = "-?\\s*(?:0[xX][\\da-fA-F_]+|[1-9][\\d_]*|0+)";
const SLICE = `(?:${WHOLE})?\\s*:\\s*(?:${WHOLE})?(?:\\s*:\\s*(?:${WHOLE})?)?`;
const INDEX = `\\[\\s*(?:${TEXT}|${SLICE}|${WHOLE})\\s*\\]`;
const EXPRESSION = new RegExp(`^${NAME}(?:\\s*\\.\\s*${NAME}|\\s*${INDEX})*$`, "u");

/** Characters of a text that is looked through at each letter. In a longer one references are resolved, but not shown. */
const LENGTH_MAX = 100_000;

/** A reference in a text. */
export interface Reference {
  readonly expression: string;
  readonly start: number;
  readonly end: number;
}

/** Return the references of a text, in order. */
export function references(text: string): Reference[] {
  if (!text.includes("{{") || text.length > LENGTH_MAX) return [];
  const found: Reference[] = [];
  for (const match of text.matchAll(new RegExp(REFERENCE, "gm"))) {
    const expression = match.groups?.inside?.trim() ?? "";
    const end = match.index + match[0].length;
    if (EXPRESSION.test(expression)) found.push({ expression, start: match.index, end });
  }
  return found;
}

/** Return what the references of a text say, each once, in order. */
export function expressionsOf(text: string): string[] {
  return [...new Set(references(text).map(({ expression }) => expression))];
}

/** Braces that are being written in. */
export interface OpenReference {
  /** What stands between them and the cursor. */
  readonly inside: string;
  readonly start: number;
  /** Where what takes their place is to end: behind the cursor, or behind the closing braces that follow it. */
  readonly end: number;
}

/** Return the braces around the cursor, or `null`: in code, say, they are none. */
export function openReference(text: string, cursor: number): OpenReference | null {
  const open = OPEN.exec(text.slice(0, cursor));
  if (!open) return null;
  const { index: start } = open;
  const rest = /^[^\s{}]{0,200}[ \t]*\}\}/.exec(text.slice(cursor))?.[0] ?? "";
  const end = cursor + rest.length;
  const closed = `${text.slice(0, start)}{{x}}${text.slice(end)}`;
  const isOne = references(closed).some((reference) => reference.start === start);
  return isOne ? { inside: (open[1] ?? "").trimEnd(), start, end } : null;
}
