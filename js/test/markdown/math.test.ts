import { expect, test } from "vitest";
import { shown } from "./grown.ts";

function formulas(text: string): (string | null)[] {
  return [...shown(text).querySelectorAll(".glm-math")].map(({ textContent }) => textContent);
}

test.each([
  ["$a*b*c$ and $x_1$", ["$a*b*c$", "$x_1$"]],
  ["$$a*b*c$$ in a line", ["$$a*b*c$$"]],
  ["\\(a*b*c\\) and \\[d_e_f\\] too", ["\\(a*b*c\\)", "\\[d_e_f\\]"]],
  ["$\\$$ and $\\text{a $", ["$\\$$"]],
  ["$5 and $6, *or* 7$8", []],
  ["`$a$` and \\$b\\$", []],
  ["$$\na\n- b\n= c\n$$\ntext", ["$$\na\n- b\n= c\n$$"]],
  ["text\n\\[\n+ b\n\\]", ["\\[\n+ b\n\\]"]],
  ["- item\n  $$\n  a\n  $$\n- item", ["$$\na\n$$"]],
  ["$$\nnot closed\n\n# heading", ["$$\nnot closed"]],
  ["$$$ no", []],
])("%j", (text, found) => {
  expect(formulas(text)).toEqual(found);
});

test("what only looks like a formula is Markdown", () => {
  expect(shown("$5 and *$6*").querySelector("em")?.textContent).toBe("$6");
  expect(shown("$$\na\n\n# b").querySelector("h1")?.textContent).toBe("b");
});
