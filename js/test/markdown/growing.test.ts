import { describe, expect, test } from "vitest";
import { cut, outline, pick, seeded, shown } from "./grown.ts";
import { FRAGMENTS, SAMPLES } from "./samples.ts";

/** How many random texts: `SEEDS=5000 npm test` for a longer search. */
const SEEDS = Number(process.env.SEEDS ?? 150);

describe.each(Object.entries(SAMPLES))("%s", (_, text) => {
  const whole = outline(shown(text));

  test("character by character", () => {
    expect(outline(shown(...text))).toBe(whole);
    expect(outline(shown(...text.split("")))).toBe(whole);
  });

  test("cut at every place", () => {
    for (let at = 1; at < text.length; at++) {
      expect(outline(shown(text.slice(0, at), text.slice(at)))).toBe(whole);
    }
  });
});

test("random texts, cut at random, are the same as whole", () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const random = seeded(seed);
    const text = Array.from({ length: 40 }, () => pick(FRAGMENTS, random)).join("");
    const whole = outline(shown(text));
    const grown = outline(shown(...cut(text, random, 4)));
    expect(grown, `seed ${seed}: ${JSON.stringify(text)}`).toBe(whole);
    const byOne = outline(shown(...text));
    expect(byOne, `seed ${seed}: ${JSON.stringify(text)}`).toBe(whole);
  }
});

test("samples in any order are the same as whole", () => {
  const samples = Object.values(SAMPLES);
  for (let seed = 0; seed < 60; seed++) {
    const random = seeded(seed);
    const text = Array.from({ length: 12 }, () => pick(samples, random)).join("\n");
    const grown = outline(shown(...cut(text, random, 20)));
    expect(grown, `seed ${seed}`).toBe(outline(shown(text)));
  }
});
