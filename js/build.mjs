/**
 * Builds into the package: the two entries, src/cell.ts and src/chat.ts, the modules that a page loads when it needs
 * them, src/math.ts and src/highlight.ts, the styles of each, and the licences of what they contain of others.
 *
 *   node build.mjs           write them
 *   node build.mjs --check   fail if what is committed is something else
 *   node build.mjs --size    fail if a script is larger than a widget may carry
 */

import { readdir, readFile, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const STATIC = new URL("../glm_notebook/widgets/static/", import.meta.url);
const MAX_BYTES = {
  "cell.js": 150_000,
  "chat.js": 200_000,
  "cell.css": 20_000,
  "chat.css": 20_000,
  "math.js": 290_000,
  "math.css": 320_000,
  "highlight.js": 140_000,
  "highlight.css": 5_000,
};

/** Fonts that formulas are written in. The others are bold ones of rare alphabets: these letters come in plain ones. */
const FONTS =
  /KaTeX_(?:AMS-Regular|Caligraphic-Regular|Fraktur-Regular|Main-(?:Regular|Bold|Italic)|Math-(?:Italic|BoldItalic)|SansSerif-Regular|Script-Regular|Size[1-4]-Regular|Typewriter-Regular)\.woff2/;

/** Puts the fonts into the style sheet, each in one format: nothing may be requested. */
const fonts = {
  name: "fonts",
  setup({ onLoad }) {
    onLoad({ filter: /katex\.css$/ }, async ({ path }) => {
      const css = await readFile(path, "utf8");
      const contents = css.replace(/@font-face\s*\{[^}]*\}/g, (face) =>
        FONTS.test(face)
          ? face.replace(/,\s*url\([^)]*\)\s*format\("(?:woff|truetype)"\)/g, "")
          : "",
      );
      return { contents, loader: "css" };
    });
  },
};

const { outputFiles, metafile } = await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: [
    { in: "src/cell.ts", out: "cell" },
    { in: "src/styles/cell.css", out: "cell" },
    { in: "src/chat.ts", out: "chat" },
    { in: "src/styles/chat.css", out: "chat" },
    { in: "src/math.ts", out: "math" },
    { in: "src/styles/math.css", out: "math" },
    { in: "src/highlight.ts", out: "highlight" },
    { in: "src/styles/highlight.css", out: "highlight" },
  ],
  outdir: ".",
  bundle: true,
  loader: { ".woff2": "dataurl" },
  plugins: [fonts],
  alias: { "linkify-it": "./src/markdown/no-linkify.ts" },
  format: "esm",
  minify: true,
  charset: "utf8",
  target: "es2022",
  legalComments: "none",
  metafile: true,
  write: false,
});

outputFiles.push({ path: "LICENSES.txt", contents: Buffer.from(await licences()) });
const names = outputFiles.map(({ path }) => path.split(/[\\/]/).at(-1));
const problems = process.argv.includes("--size")
  ? names
      .filter((name, index) => outputFiles[index].contents.length > (MAX_BYTES[name] ?? Infinity))
      .map((name) => `${name}: too large`)
  : process.argv.includes("--check")
    ? await differing()
    : await write();

for (const [index, { contents }] of outputFiles.entries()) {
  console.log(`${names[index]}  ${contents.length.toLocaleString("en-US")} bytes`);
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length ? 1 : 0;

/** The licences of the libraries of which something is in an output. */
async function licences() {
  const inputs = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
  const folders = inputs.flatMap(
    (path) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [],
  );
  const texts = [...new Set(folders)].sort().map(async (folder) => {
    const place = new URL(`${folder}/`, import.meta.url);
    const file = (await readdir(place)).find((name) => /^licen[cs]e/i.test(name));
    const text = await readFile(new URL(file, place), "utf8");
    return `${folder.slice("node_modules/".length)}\n\n${text.trim()}\n`;
  });
  return (await Promise.all(texts)).join(`\n${"-".repeat(72)}\n\n`);
}

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
