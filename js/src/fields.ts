/** Data of an unknown form, read field by field: what is not as it should be becomes empty. No I/O. */

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(data: unknown): data is Fields {
  return typeof data === "object" && data !== null && !Array.isArray(data);
}

export function isOneOf<T extends string>(known: readonly T[], data: unknown): data is T {
  return (known as readonly unknown[]).includes(data);
}

export function list(data: unknown): readonly unknown[] {
  return Array.isArray(data) ? data : [];
}

export function string(data: unknown): string {
  return typeof data === "string" ? data : "";
}

export function stringOrNull(data: unknown): string | null {
  return typeof data === "string" ? data : null;
}

export function number(data: unknown): number {
  return typeof data === "number" ? data : 0;
}

export function numberOrNull(data: unknown): number | null {
  return typeof data === "number" ? data : null;
}
