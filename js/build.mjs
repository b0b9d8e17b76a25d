/**
 * Builds the two entries, src/cell.ts and src/chat.ts, and their styles into the package.
 *
 *   node build.mjs           write them
 *   node build.mjs --check   fail if what is committed is something else
 *   node build.mjs --size    fail if a script is larger than a widget may carry
 */

import { readFile, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const STATIC = new URL("../glm_notebook/widgets/static/", import.meta.url);
const MAX_BYTES = {
  "cell.js": 150_000,
  "chat.js": 200_000,
  "cell.css": 20_000,
  "chat.css": 20_000,
};

const { outputFiles } = await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: [
    { in: "src/cell.ts", out: "cell" },
    { in: "src/styles/cell.css", out: "cell" },
    { in: "src/chat.ts", out: "chat" },
    { in: "src/styles/chat.css", out: "chat" },
  ],
  outdir: ".",
  bundle: true,
  alias: { "linkify-it": "./src/markdown/no-linkify.ts" },
  format: "esm",
  minify: true,
  charset: "utf8",
  target: "es2022",
  legalComments: "none",
  write: false,
});

const names = outputFiles.map(({ path }) => path.split(/[\\/]/).at(-1));
const problems = process.argv.includes("--size")
  ? names
      .filter((name, index) => outputFiles[index].contents.length > MAX_BYTES[name])
      .map((name) => `${name}: too large`)
  : process.argv.includes("--check")
    ? await differing()
    : await write();

for (const [index, { contents }] of outputFiles.entries()) {
  console.log(`${names[index]}  ${contents.length.toLocaleString("en-US")} bytes`);
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length ? 1 : 0;

async function write() {
  await Promise.all(
    outputFiles.map(({ contents }, index) => writeFile(new URL(names[index], STATIC), contents)),
  );
  return [];
}

async function differing() {
  const committed = await Promise.all(
    names.map((name) => readFile(new URL(name, STATIC)).catch(() => null)),
  );
  return names
    .filter((_, index) => !committed[index]?.equals(outputFiles[index].contents))
    .map((name) => `${name} is not what js/src builds: run npm run build`);
}
