/** Rules that the kernel has too: the fixtures are read by its tests as well. */

import { describe, expect, test } from "vitest";
import prompts from "../../../tests/contract/references.json" with { type: "json" };
import lengths from "../../../tests/contract/tokens.json" with { type: "json" };
import { expressionsOf, openReference, references } from "../../src/chat/references.ts";
import { countTokens } from "../../src/chat/tokens.ts";

describe("references", () => {
  test.each(prompts.cases)("of $prompt", ({ prompt, expressions }) => {
    expect(expressionsOf(prompt)).toEqual(expressions);
  });

  test("say where they stand", () => {
    const text = "a {{ df }} b {{x}}";
    const found = references(text).map(({ start, end }) => text.slice(start, end));
    expect(found).toEqual(["{{ df }}", "{{x}}"]);
  });
});

describe("braces that are written in", () => {
  const open = (text: string) => {
    const cursor = text.indexOf("|");
    const found = openReference(text.replace("|", ""), cursor);
    return found && [found.inside, text.replace("|", "").slice(found.start, found.end)];
  };

  test.each([
    ["{{|", ["", "{{"]],
    ["Plot {{ df.co| now", ["df.co", "{{ df.co"]],
    ["Plot {{ df| }} now", ["df", "{{ df }}"]],
    ["{{ a }} {{ b|", ["b", "{{ b"]],
    ["{{ a| then }}", ["a", "{{ a"]],
  ])("%s are found", (text, found) => expect(open(text)).toEqual(found));

  test.each(["{|", "{{ df }}|", "{{ a\nb|", "`a` `{{ a|` b", "```\n{{ a|", "x^{{a|", "|{{ a"])(
    "%j are none",
    (text) => expect(open(text)).toBeNull(),
  );
});

test.each(lengths.cases)("tokens of $text", ({ text, tokens }) => {
  expect(countTokens(text)).toBe(tokens);
});

test("halves of a character count as the kernel counts them", () => {
  expect([countTokens("\ud83d"), countTokens("\ude00x"), countTokens("x".repeat(4001))]).toEqual([
    1, 2, 1001,
  ]);
});
