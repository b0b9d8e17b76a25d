/**
 * What growing Markdown costs: µs per KiB of text, for texts of growing length and pieces of a frame each. Where it is
 * linear, a column stays the same from top to bottom. Run it with `npm run bench`.
 */

import { build } from "esbuild";
import { Window } from "happy-dom";

/** Characters that come in a frame, at 2,000 tokens a second. */
const FRAME = 160;
const SAMPLE =
  "The **median** of `price` is 4.2 for *a*, see [the docs](https://example.org)；**“用量”、**错误。";
const TEXTS = {
  paragraphs: (n) => repeated(`${SAMPLE}\n\n`, n),
  "one list": (n) => repeated(`- ${SAMPLE}\n  - and more\n`, n),
  "one code block": (n) =>
    `\`\`\`python\n${repeated("    value = compute(alpha, beta)  # text\n", n)}`,
  "one table": (n) => `| a | b |\n|---|---|\n${repeated("| **x** | `code` |\n", n)}`,
  "one quote": (n) => repeated(`> ${SAMPLE}\n>\n`, n),
};
const LENGTHS = [16_384, 65_536, 262_144];

const { outputFiles } = await build({
  absWorkingDir: new URL("..", import.meta.url).pathname,
  entryPoints: ["src/markdown/growing.ts"],
  bundle: true,
  format: "esm",
  write: false,
});
globalThis.document = new Window().document;
const { GrowingMarkdown } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`
);

for (const text of Object.values(TEXTS)) microsPerKiB(text(LENGTHS[0])); // so that all is compiled
console.log(["characters", ...Object.keys(TEXTS)].map((name) => name.padStart(15)).join(""));
for (const length of LENGTHS) {
  const costs = Object.values(TEXTS).map((text) => microsPerKiB(text(length)));
  console.log([length.toLocaleString("en-US"), ...costs].map((cell) => cell.padStart(15)).join(""));
}

/** Stream a text in as fast as it is taken, a frame's worth of tokens at a time, and tell what a KiB of it took. */
function microsPerKiB(text) {
  const markdown = new GrowingMarkdown(document.createElement("div"), "Copy");
  const start = performance.now();
  for (let at = 0; at < text.length; at += FRAME) {
    markdown.push(text.slice(at, at + FRAME));
    markdown.work(performance.now() + 10);
  }
  markdown.end();
  return (((performance.now() - start) * 1000) / (text.length / 1024)).toFixed(0);
}

function repeated(text, length) {
  return text.repeat(Math.ceil(length / text.length)).slice(0, length);
}
