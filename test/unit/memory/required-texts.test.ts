import assert from "node:assert/strict";
import fc from "fast-check";
import { linearMemory } from "../../../src/bytes/index.ts";
import { matcherFor, MATCHER_SLACK } from "../../../src/memory/search/matchers.ts";
import { Stretches } from "../../../src/memory/search/stretches.ts";
import { requiredTexts } from "../../../src/memory/search/required-texts.ts";

const textsOf = (source: string, flags = "g"): string[] =>
  requiredTexts(source, flags).map(({ values }) => Buffer.from(values).toString("latin1"));

function isValid(pattern: string): boolean {
  try {
    return new RegExp(pattern).source !== "";
  } catch {
    return false;
  }
}

const atom = fc.constantFrom(
  ..."abAB\0\xe9".split("").map((letter) => (letter === "\0" ? "\\x00" : letter)),
  ...[".", "\\w", "\\b", "^", "$", "[ab]", "[^a\\]]", "(?:ab)", "(?:a|b)", "(a)", "(?<=a)", "(?!b)", "(?=a)"],
  ...["a|b", "\\x61", "\\.", "\\{", "x{", "\\cA", "\\u0061", "(a[)]?)"],
);
const quantifier = fc.constantFrom(
  "",
  "",
  "",
  "*",
  "+",
  "?",
  "{0}",
  "{2}",
  "{0,2}",
  "{1,}",
  "{00,1}",
  "+?",
  "{2}?",
);
const source = fc
  .array(fc.tuple(atom, quantifier), { minLength: 1, maxLength: 7 })
  .map((items) =>
    items.map(([each, count]) => (/^(?:\\b|\^|\$|\(\?[<=!])/.test(each) ? each : each + count)).join(""),
  )
  .filter(isValid);
const data = fc
  .array(fc.constantFrom(..."aabbAB\0\xe9x{.\x01"), { maxLength: 200 })
  .map((each) => each.join(""));

describe("texts that a regular expression requires", () => {
  it("are what every match has", () => {
    assert.deepEqual(textsOf("line [0-9]{5}77777"), ["line ", "77777"]);
    assert.deepEqual(textsOf("AKIA[0-9A-Z]{16}"), ["AKIA"]);
    assert.deepEqual(textsOf("password=\\S+"), ["password="]);
    assert.deepEqual(textsOf("abc+d"), ["abc"]);
    assert.deepEqual(textsOf("abc*de"), ["ab", "de"]);
    assert.deepEqual(textsOf("(?<=user )root\\b"), ["root"]);
    assert.deepEqual(textsOf("HTTP/1\\.[01]", "gi"), ["http/1."]);
  });

  it("are none where it can match without any", () => {
    for (const each of ["abc|def", "(?:abc)?", "[abc][def]", "a.b", "\\babc*|x", "", "\\p{Lu}ab", "a{0}b"])
      assert.deepEqual(textsOf(each, each.includes("p{") ? "gu" : "g"), []);
  });

  it("lie in each match of it, whatever it is", () => {
    fc.assert(
      fc.property(source, fc.constantFrom("gm", "gim"), data, (pattern, flags, text) => {
        for (const [match] of text.matchAll(new RegExp(pattern, flags)))
          for (const { values, folds } of requiredTexts(pattern, flags)) {
            const fits = (start: number): boolean =>
              [...values].every(
                (value, index) => (match.charCodeAt(start + index) | (folds[index] ?? 0)) === value,
              );
            assert.ok(
              Array.from(match, (_, start) => start).some(fits),
              `${JSON.stringify(pattern)} matches ${JSON.stringify(match)}`,
            );
          }
      }),
      { numRuns: 3000 },
    );
  });

  it("save looking at what has none of them, and lose no match", () => {
    fc.assert(
      fc.property(source, fc.constantFrom("gm", "gim"), data, (pattern, flags, text) => {
        const memory = linearMemory(4096 + MATCHER_SLACK);
        Buffer.from(memory.buffer).write(text, "latin1");
        const found: string[] = [];
        const match = matcherFor({ kind: "regex", source: pattern, flags, maxLength: 300 }, memory);
        match(Stretches.of([{ from: 0, start: 0, stop: text.length, end: text.length }]), (at, length) => {
          found.push(`${at} ${length}`);
          return true;
        });
        const expected = [...text.matchAll(new RegExp(pattern, flags))].filter(([each]) => each !== "");
        assert.deepEqual(
          found,
          expected.map(({ index, 0: each }) => `${index} ${each.length}`),
        );
      }),
      { numRuns: 3000 },
    );
  });
});
