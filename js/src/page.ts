/** What an entry asks of its page. */

import type { Model } from "./comm.ts";
import { pageLanguage } from "./strings.ts";

/** The language that the kernel was told to speak, or that of the page. */
export function languageOf(model: Model): string {
  const told = model.get("language");
  return typeof told === "string" && told !== "" ? told : pageLanguage();
}

/** Make a random id, of a page or of what it sends. Works on pages that came by http too. */
export function pageId(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}
