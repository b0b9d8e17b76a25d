/** What is shown is what markdown-it shows of the whole text at once, but for what is said below. */

import MarkdownIt from "markdown-it";
import markdownItCjkFriendly from "markdown-it-cjk-friendly";
import { expect, test } from "vitest";
import { isSafeUrl } from "../../src/markdown/parser.ts";
import { outline, pick, seeded, shown } from "./grown.ts";
import { FRAGMENTS, SAMPLES } from "./samples.ts";

/** Addresses by themselves, formulas, pictures, tasks and unseen characters are shown in ways of our own. */
const OUR_OWN = /:\/\/|\$|\\[[(]|!|\[[xX ]\]|[^\n\P{Cc}]/u;

function reference(text: string): HTMLElement {
  const md = new MarkdownIt({ html: false, maxNesting: 80 });
  md.use(markdownItCjkFriendly);
  md.validateLink = isSafeUrl;
  const root = document.createElement("div");
  root.innerHTML = md.render(text);
  return root;
}

/** Reduce DOM to what both have: no attributes but a link's, no wrappers, no space between blocks. */
function reduced(root: HTMLElement): string {
  for (const button of root.querySelectorAll("button")) button.remove();
  for (const wrapper of root.querySelectorAll("span, div")) {
    wrapper.replaceWith(...wrapper.childNodes);
  }
  for (const element of root.querySelectorAll("*")) {
    for (const name of element.getAttributeNames()) {
      if (!/^(?:href|title|start)$/.test(name)) element.removeAttribute(name);
    }
  }
  for (const old of root.querySelectorAll("s")) {
    const fresh = document.createElement("del");
    fresh.append(...old.childNodes);
    old.replaceWith(fresh);
  }
  return outline(root)
    .replace(/(?<=>)"(?:\\n)+"/g, "")
    .replace(/"(?:\\n)+"(?=<)/g, "")
    .replace(/\\n"(?=<\/?(?:ul|ol|li|p|h\d|pre|blockquote|hr|table)>)/g, '"')
    .replace(/(?<=<\/(?:ul|ol|li|p|h\d|pre|blockquote|hr|table)>)"\\n/g, '"')
    .replace(/(?<=<li>)"\\n/g, '"')
    .replace(/<br><\/br>"\\n/g, '<br></br>"')
    .replace(/""/g, "");
}

const texts = Object.entries(SAMPLES).filter(([, text]) => !OUR_OWN.test(text));

test.each(texts)("%s", (_, text) => {
  expect(texts.length).toBeGreaterThan(15);
  expect(reduced(shown(text))).toBe(reduced(reference(text)));
});

test("random texts", () => {
  const fragments = FRAGMENTS.filter((fragment) => !OUR_OWN.test(fragment));
  for (let seed = 0; seed < 300; seed++) {
    const random = seeded(seed);
    const text = Array.from({ length: 30 }, () => pick(fragments, random)).join("");
    if (OUR_OWN.test(text)) continue;
    const said = `seed ${seed}: ${JSON.stringify(text)}`;
    expect(reduced(shown(text)), said).toBe(reduced(reference(text)));
  }
});
