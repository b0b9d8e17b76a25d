/** A tool call on one line, as `glm_notebook/settle.py` writes it. No DOM. */

/** Most characters of the arguments. */
const CALL_MAX = 200;

/** Write the arguments as Python would, or as they came where they are no JSON object, or not complete. */
export function callText(json: string, isComplete: boolean): string {
  const values = isComplete ? parsed(json || "{}") : undefined;
  const written = values ? Object.entries(values).map(([k, v]) => `${k}=${dumps(v)}`) : [json];
  return shortened(written.join(", "), isComplete);
}

function parsed(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Write a value as `json.dumps` does, which sets a space after commas and colons. */
function dumps(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(dumps).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const items = Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}: ${dumps(v)}`);
  return `{${items.join(", ")}}`;
}

function shortened(text: string, isComplete: boolean): string {
  if (text.length > CALL_MAX) return `${text.slice(0, CALL_MAX - 1)}…`;
  return isComplete ? text : `${text}…`;
}
