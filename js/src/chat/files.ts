/** Files as texts. */

/** A prompt takes along texts that can be read in one go; more is for the kernel. */
export const FILE_MAX = 2_000_000;

const HEAD = 8192;

/** Return the text of a file, or `null` if it is none. */
export async function textOf(file: File, language: "en" | "zh"): Promise<string | null> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const utf16 = decoded(bytes, markOf(bytes));
  if (utf16 !== null) return utf16;
  if (bytes.subarray(0, HEAD).includes(0)) return null;
  const old = language === "zh" ? "gb18030" : "windows-1252";
  return decoded(bytes, "utf-8") ?? decoded(bytes, old);
}

/** UTF-16, as old spreadsheets write it, has NULs, and says so first. */
function markOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : "";
}

function decoded(bytes: Uint8Array, encoding: string): string | null {
  if (!encoding) return null;
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
