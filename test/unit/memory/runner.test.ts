import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { linearMemory } from "../../../src/bytes/index.ts";
import { findPairIn, PAIR_SLACK, plainFindPairIn } from "../../../src/memory/search/find-pair.ts";
import type { PairByte } from "../../../src/memory/search/find-pair.ts";
import { FROM } from "../../../src/memory/search/messages.ts";
import type { Job, JobResult } from "../../../src/memory/search/messages.ts";
import { compileMemoryQuery } from "../../../src/memory/search/pattern.ts";
import { jobRunner } from "../../../src/memory/search/runner.ts";
import { windowsOf } from "../../../src/memory/search/stretches.ts";
import { plainWriteLinesIn, writeLinesIn } from "../../../src/memory/search/string-lines.ts";

const SIZE = 4096;
/** Few different bytes, so that much matches. */
const letters = fc.stringMatching(/^[abAB\0]{0,700}$/).map((text) => Buffer.from(text, "latin1"));
const pairByte = fc
  .tuple(fc.nat(40), fc.constantFrom("a", "b", "A", "\0"), fc.boolean())
  .map(([offset, letter, folds]): PairByte =>
    folds
      ? { offset, value: letter.charCodeAt(0) | 0x20, fold: 0x20 }
      : { offset, value: letter.charCodeAt(0), fold: 0 },
  );

describe("the loop that looks for two bytes", () => {
  it("finds what a plain loop finds, from anywhere to anywhere", () => {
    fc.assert(
      fc.property(letters, pairByte, pairByte, fc.nat(700), fc.nat(700), (data, one, two, from, length) => {
        const memory = linearMemory(SIZE + PAIR_SLACK);
        new Uint8Array(memory.buffer).set(data);
        const to = from + length;
        const [fast, plain] = [findPairIn(memory, one, two), plainFindPairIn(memory, one, two)];
        for (let at = from; at < to; at++) {
          const found = fast(at, to);
          assert.equal(found, plain(at, to));
          at = found;
        }
      }),
    );
  });
});

describe("the loop that writes strings as lines", () => {
  /** Runs of every length around those that are asked for, and bytes at the borders of what prints. */
  const piece = fc.oneof(
    fc.nat(90).map((length) => "s".repeat(length)),
    fc.constantFrom("\0", "\x1f", " ", "~", "\x7f", "\x80", "\xff", "\t", "\n"),
  );
  const content = fc.array(piece, { maxLength: 40 }).map((parts) => Buffer.from(parts.join(""), "latin1"));

  for (const encoding of ["ascii", "latin1"] as const)
    it(`writes what a plain loop writes, from anywhere to anywhere: ${encoding}`, () => {
      fc.assert(
        fc.property(
          content,
          fc.oneof(fc.integer({ min: 1, max: 80 }), fc.constantFrom(1, 4, 8)),
          fc.nat(200),
          fc.nat(3000),
          fc.nat(100),
          (data, min, from, length, more) => {
            const make = () => {
              const memory = linearMemory(65_536);
              new Uint8Array(memory.buffer).set(data, 64);
              return memory;
            };
            const [vectors, plainly] = [make(), make()];
            const begin = 64 + Math.min(from, data.length);
            const stop = Math.min(begin + length, 64 + data.length);
            const end = Math.min(stop + more, 64 + data.length);
            const out = 32_768;
            const found = writeLinesIn(vectors, min, encoding, 0)(begin, stop, end, out);
            const expected = plainWriteLinesIn(plainly, min, encoding)(begin, stop, end, out);
            assert.deepEqual(found, expected);
            const [a, b] = [vectors, plainly].map(({ buffer }) => Buffer.from(buffer, out, found.out - out));
            assert.ok(a && b && a.equals(b));
          },
        ),
        { numRuns: 2000 },
      );
    });
});

/** A job over stretches of a file, of what comes with it and of zeros, each with a lead and an end to look into. */
function jobOf(descriptor: number, attached: Uint8Array, sizes: readonly number[], limit: number): Job {
  const pieces: number[] = [];
  const stretches: number[] = [];
  let place = 0;
  for (const [index, size] of sizes.entries()) {
    place = Math.ceil(place / 16) * 16;
    const from = place;
    for (const [source, length] of [
      [descriptor, size],
      [FROM.zeros, index % 3],
      [FROM.attached, Math.min(size, 50)],
      [descriptor, 7],
    ] as const) {
      if (length > 0) pieces.push(source, index, length, place);
      place += length;
    }
    stretches.push(from, from + Math.min(index % 5, size), place - 7, place);
  }
  return {
    id: 1,
    pieces: Float64Array.from(pieces),
    stretches: Float64Array.from(stretches),
    attached: new Uint8Array(attached),
    limit,
  };
}

describe("doing a job in windows", () => {
  let folder = "";
  let descriptor = 0;
  const attached = new Uint8Array(200).fill(97);

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "runner-"));
    // 4 KiB of "aab…" in no regular order.
    const bytes = Uint8Array.from(
      { length: SIZE },
      (_, at) => [97, 97, 98, 65, 0][(at * at + (at >> 3)) % 5] ?? 0,
    );
    writeFileSync(join(folder, "pages"), bytes);
    descriptor = openSync(join(folder, "pages"), "r");
  });
  after(() => {
    closeSync(descriptor);
    rmSync(folder, { recursive: true });
  });

  it("finds what doing it in one piece finds, with the same bytes around", () => {
    const queries = ["a", "aa", "aab", "ba", "aAa\0", "zz"].map((text) =>
      compileMemoryQuery({ kind: "text", text, encoding: "utf-8", matchCase: text.length % 2 === 0 }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...queries),
        fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 400 }),
        fc.constantFrom(0, 5, 40),
        (pattern, sizes, limit, context) => {
          const job = jobOf(descriptor, attached, sizes, limit);
          const whole = jobRunner({ pattern, memory: 65536, context })(job);
          const parts = jobRunner({ pattern, memory: 512, context })(job);
          assert.equal(whole.error, undefined);
          assert.deepEqual(plain(parts), plain(whole));
        },
      ),
    );
  });

  it("looks at each place once as a begin", () => {
    const rows = new Float64Array([0, 10, 1000, 1003, 1008, 1008, 1100, 1100]);
    const seen = new Set<number>();
    const sizes = { memory: 300, span: 128, before: 64, behind: 20 };
    for (const { window, stretches } of windowsOf(rows, sizes))
      for (let index = 0; index < stretches.length; index++) {
        const { base } = window;
        const [from, start] = [stretches.from(index), stretches.start(index)];
        const [stop, end] = [stretches.stop(index), stretches.end(index)];
        assert.ok(from <= start && stop <= end && end <= 300, JSON.stringify({ from, start, stop, end }));
        for (let at = start + base; at < stop + base; at++) {
          assert.ok(!seen.has(at));
          seen.add(at);
        }
      }
    assert.equal(seen.size, 990 + 92);
  });

  it("says what went wrong, and does the next job", () => {
    const pattern = compileMemoryQuery({ kind: "text", text: "aab", encoding: "utf-8", matchCase: true });
    const run = jobRunner({ pattern, memory: 65536, context: 0 });
    assert.match(run(jobOf(9999, attached, [100], 10)).error ?? "", /EBADF/);
    assert.equal(run(jobOf(descriptor, attached, [100], 10)).error, undefined);
  });
});

const plain = ({ matches, bytes, contexts, count, error }: JobResult) => ({
  matches: [...matches],
  bytes: Buffer.from(bytes).toString("latin1"),
  contexts: [...contexts],
  count,
  error,
});
