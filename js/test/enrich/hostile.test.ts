/** Whatever formulas and code are made of, they become known elements and attributes, of bounded size, in bounded time. */

import { describe, expect, test } from "vitest";
import { highlight } from "../../src/highlight.ts";
import { typeset } from "../../src/math.ts";

const MS_MAX = 3000;

const ELEMENTS =
  /^(?:span|math|semantics|annotation|m(?:row|i|n|o|s|text|space|frac|sqrt|root|sup|sub|subsup|over|under|underover|table|tr|td|style|padded|enclose|phantom)|svg|path|line)$/i;
const ATTRIBUTES =
  /^(?:class|style|displaystyle|notation|[xy][12]|stroke-width|aria-hidden|xmlns|encoding|display|d|viewBox|width|height|preserveAspectRatio|[a-z]*(?:variant|color|background|space|align|spacing|lines|stretchy|size|level|accent|thickness|fence|separator|form|limits|offset))$/;
const STYLE = /^(?:[a-z-]+:(?:-?[\d.]+(?:em|px|%)?|#[0-9a-f]{3,8}|[a-z]+);?)*$/i;
/** What a reader's own buttons do, or what stays while the page scrolls. */
const FOREIGN = /glm-|fixed|sticky|url/i;
const EM_MAX = 200;

function expectHarmless(root: Element, said: string): void {
  for (const element of root.querySelectorAll("*")) {
    expect(element.tagName, said).toMatch(ELEMENTS);
    for (const { name, value } of element.attributes) {
      expect(name, `${name} of ${said}`).toMatch(ATTRIBUTES);
      if (name === "style") expect(value.replaceAll(/\s/g, ""), said).toMatch(STYLE);
      if (/^(?:style|class)$/.test(name)) expect(value, said).not.toMatch(FOREIGN);
    }
  }
  // What is for screen readers only has no room in the page.
  for (const em of lengths(root, ".katex-html [style]")) expect(em, said).toBeLessThan(EM_MAX);
}

function lengths(root: Element, selector: string): number[] {
  const styles = [...root.querySelectorAll(selector)].map((one) => one.getAttribute("style") ?? "");
  return styles.flatMap((style) =>
    [...style.matchAll(/(-?[\d.]+)em/g)].map(([, em]) => Math.abs(Number(em))),
  );
}

const TEX: readonly string[] = [
  "\\href{javascript:alert(1)}{x}",
  "\\href{https://x.example}{x}",
  "\\url{javascript:alert(1)}",
  "\\includegraphics[width=1em]{https://x.example/p.png}",
  "\\htmlData{onclick=alert(1)}{x}",
  "\\htmlId{x}{y}",
  "\\htmlClass{glm-approve}{x}",
  "\\htmlStyle{position:fixed;inset:0}{x}",
  "\\style{position:fixed}{x}",
  "\\class{glm-approve}{x}",
  "\\cssId{x}{y}",
  "\\require{html}\\href{javascript:alert(1)}{x}",
  "\\color{red;position:fixed}x",
  "\\textcolor{url(https://x.example)}{x}",
  "\\colorbox{expression(alert(1))}{x}",
  "\\fcolorbox{red}{#fff;position:fixed}{x}",
  "\\rule{1000000em}{1000000em}",
  "\\kern-1000000em x\\hspace{-1000000pt}x\\raisebox{1000000em}{x}",
  "\\begin{matrix}a\\\\[1000000em]b\\end{matrix}",
  "\\text{<script>alert(1)</script>}",
  "\\text{</annotation></math><img src=x onerror=alert(1)>}",
  "<img src=x onerror=alert(1)>",
  "\\verb|<script>alert(1)</script>|",
  "x\\tag{<img src=x onerror=alert(1)>}",
  "\\operatorname{<svg/onload=alert(1)>}",
  '\\char"202E x \\unicode{x202e}',
  "\\newcommand{\\x}{\\href{javascript:alert(1)}{x}}\\x",
  "\\let\\x\\href\\x{javascript:alert(1)}{x}",
  "\\input{/etc/passwd}\\write18{ls}\\catcode`a=0",
  "\\__proto__\\constructor\\toString",
  "\\begin{CD}a @>{<b>}>> b\\end{CD}\\cancel{x}\\boxed{x}\\overbrace{x}\\xrightarrow{x}",
];

const many = (text: string, times: number): string => text.repeat(times);
const BOMBS: Readonly<Record<string, [tex: string, isMade: boolean]>> = {
  "a macro that calls itself": ["\\def\\a{\\a\\a}\\a", false],
  "macros that double": [`\\def\\a{x}${many("\\edef\\a{\\a\\a}", 20)}\\a`, false],
  "macros that are long": [
    `\\def\\a{${many("x", 3000)}}\\def\\b{${many("\\a", 10)}}${many("\\b", 20)}`,
    false,
  ],
  "arguments that double": [
    `\\def\\a#1{#1#1}${many("\\a{", 8)}${many("x", 3900)}${many("}", 8)}`,
    false,
  ],
  "braces, nested 1,900 deep": [many("{", 1900) + many("}", 1900), false],
  "roots, nested 90 deep": [`${many("\\sqrt{", 90)}x${many("}", 90)}`, true],
  "fractions, nested 90 deep": [`${many("\\frac{x}{", 90)}x${many("}", 90)}`, true],
  "delimiters, nested 300 deep": [`${many("\\left(", 300)}x${many("\\right)", 300)}`, false],
  "a matrix of nothing": [`\\begin{matrix}${many("&", 3900)}\\end{matrix}`, false],
  "100 kB": [many("x+", 50_000), false],
  "4 kB": [`${many("x+", 1990)}x`, true],
};

describe("formulas", () => {
  test.each(TEX)("%j", (tex) => {
    for (const source of [`$$${tex}$$`, `\\(${tex}\\)`]) {
      const root = document.createElement("div");
      const made = typeset(source);
      if (made) root.append(made);
      expectHarmless(root, source);
    }
  });

  test("what is not allowed is shown by its name", () => {
    const made = typeset("$\\href{javascript:alert(1)}{x}$");
    expect(made?.textContent).toContain("\\href");
    expect(made?.querySelector("a, [href]")).toBeNull();
  });

  test("lengths have a limit", () => {
    const made = typeset("$\\rule{1000000em}{1000000em}$");
    const rule = made?.querySelector('[style*="border-right-width"]');
    expect(rule?.getAttribute("style")).toMatch(/border-right-width:\s*30em/);
    expect(typeset("$\\kern-1000000em x$")).toBeNull();
    expect(typeset(`$${"\\raisebox{30em}{".repeat(20)}x${"}".repeat(20)}$`)).toBeNull();
  });

  test("one defines nothing for the next", () => {
    expect(typeset("$\\gdef\\mine{x}\\mine$")).not.toBeNull();
    expect(typeset("$\\mine$")).toBeNull();
  });

  test("what is handed out is the caller's", () => {
    typeset("$x$")?.replaceChildren();
    expect(typeset("$x$")?.textContent).toContain("x");
  });

  test.each(["$", "$$", "x", "\\(\\]", "$\\frac{a}$", "$a$ and $b$", ""])("%j is none", (text) => {
    expect(typeset(text)).toBeNull();
  });

  test.each(["$$x$$", "\\[x\\]", "$$\nx\n$$"])("%j stands by itself", (text) => {
    expect(typeset(text)?.className).toBe("katex-display");
  });

  test.each(["$x$", "\\(x\\)", "$\\def\\R{\\mathbb{R}}x\\in\\R$", "$中$"])(
    "%j stands in its line",
    (text) => {
      expect(typeset(text)?.className).toBe("katex");
    },
  );

  test.each(Object.entries(BOMBS))("%s", (_, [tex, isMade]) => {
    const start = performance.now();
    expect(typeset(`$$${tex}$$`) !== null).toBe(isMade);
    expect(performance.now() - start).toBeLessThan(MS_MAX);
  });
});

const CODE: readonly string[] = [
  "<script>alert(1)</script><img src=x onerror=alert(1)>",
  "</code></pre><script>alert(1)</script>",
  "f'{<b>x</b>}' # <svg/onload=alert(1)>",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code
  "`${`${`<script>`}`}` <style>*{display:none}</style>",
  "[x](javascript:alert(1)) ![x](https://x.example/p.png)",
  "&lt;script&gt; &amp;#60;script> \u0000 \u202e",
  "{{{{{{{{ ((((((((( [[[[[[[ \"\"\" ''' /* // -- #",
  "[".repeat(19_000),
  "[".repeat(1900),
  "f'{\n".repeat(5000),
  "`${\n".repeat(5000),
  "<a \n".repeat(5000),
  "a<b<(\n".repeat(3000),
];
const LANGUAGES =
  "python py ipython js ts tsx bash sh console json sql r julia yaml md c c++ cpp java html xml svg css diff latex rust go toml";

describe("code", () => {
  test.each(LANGUAGES.split(" "))("%s", (language) => {
    expect(highlight("x", language)).not.toBeNull();
    for (const code of CODE) {
      const start = performance.now();
      const made = highlight(code, language);
      expect(performance.now() - start).toBeLessThan(MS_MAX);
      for (const element of made?.querySelectorAll("*") ?? []) {
        expect(element.outerHTML).toMatch(/^<span class="glm-code-[a-z]+">/);
      }
      if (made) expect(made.textContent).toBe(code);
    }
  });

  test.each(["", "__proto__", "constructor", "toString", "no-such", 'x"><script>'])(
    "%j is no language",
    (name) => {
      expect(highlight("x", name)).toBeNull();
    },
  );

  test("a line that is long is left as it is", () => {
    expect(highlight("[".repeat(2000), "markdown")).toBeNull();
  });
});
