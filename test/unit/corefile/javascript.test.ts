// Pages of engines' memory while they ran calls.js of the fixture, whose stack the engine itself told (`Error.stack`), and
// the words that the programs have for debuggers: Node 20 and 24, interpreted, and 24 with all code compiled.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { javaScriptFrames } from "../../../src/corefile/index.ts";
import type { Frame, JavaScriptFrame, V8Runtime } from "../../../src/corefile/index.ts";
import { exactMemory } from "../../../src/corefile/exact-memory.ts";
import { layoutOf } from "../../../src/corefile/v8/layout.ts";
import { v8Objects } from "../../../src/corefile/v8/objects.ts";
import { sourcePositions } from "../../../src/corefile/v8/positions.ts";
import type { AddressSpace } from "../../../src/memory/index.ts";
import { fixture } from "../fixtures.ts";
import { pagesSpace } from "./pages-space.ts";

interface Told {
  readonly version: string;
  readonly told: readonly string[];
  readonly words: Readonly<Record<string, number>>;
  readonly frames: readonly {
    readonly pc: string;
    readonly fp?: string;
    readonly symbol?: string;
    readonly module: boolean;
  }[];
  readonly pages: readonly string[];
}

const PAGE = 4096;
const FRAME_POINTER = 6;

interface Engine {
  readonly told: Told;
  readonly pages: ReadonlyMap<bigint, Buffer>;
  readonly frames: readonly Frame[];
}

async function engine(name: string): Promise<Engine> {
  const folder = await fixture("unwind/javascript");
  const told = JSON.parse(await readFile(join(folder, `${name}.json`), "utf8")) as Told;
  const bytes = await readFile(join(folder, `${name}.pages`));
  const pages = new Map(
    told.pages.map((at, index) => [BigInt(`0x${at}`), bytes.subarray(index * PAGE, (index + 1) * PAGE)]),
  );
  const frames = told.frames.map(({ pc, fp, symbol, module }): Frame => {
    const frame: Partial<Frame> = {
      programCounter: BigInt(`0x${pc}`),
      registers: new Map(fp === undefined ? [] : [[FRAME_POINTER, BigInt(`0x${fp}`)]]),
      // Whether there is one is all that is asked.
      module: module ? ({} as Frame["module"]) : undefined,
      function: symbol === undefined ? undefined : { name: symbol, symbol, offset: 0n },
    };
    return frame as Frame;
  });
  return { told, pages, frames };
}

function runtimeOf(told: Told, space: AddressSpace): V8Runtime {
  const layout = layoutOf(new Map(Object.entries(told.words)));
  assert.ok(layout);
  return { layout, objects: v8Objects(exactMemory(space), layout) };
}

async function callsOf({ told, pages, frames }: Engine): Promise<readonly JavaScriptFrame[]> {
  const space = pagesSpace(pages);
  const found = await javaScriptFrames(runtimeOf(told, space), space, frames, {
    architecture: "X86_64",
    compat: false,
  });
  return frames.flatMap((frame) => found.get(frame) ?? []);
}

/** `at Widget.poke (/x/calls.js:19:19)`: the function's own name, the script, line and column. */
function parsed(line: string): readonly [string, string, string] {
  const [, called = "", place = ""] = /^ +at (?:(.*?) \((.*)\)|.*)$/.exec(line) ?? [];
  const where = place === "" ? line.replace(/^ +at (async )?/, "") : place;
  const at = /:(\d+:\d+)$/.exec(where)?.[1] ?? "";
  const script = where.startsWith("eval at") || where === "<anonymous>" ? "" : where.replace(/:\d+:\d+$/, "");
  const name = called === "eval" ? "" : called.replace(/^.*\.(?=[^.]+$)/, "").replace(/ \[as .*\]$/, "");
  return [name, script, at];
}

for (const name of ["node-20", "node-24"])
  describe(`a stack of JavaScript in ${name}`, () => {
    it("has the calls, scripts, lines and columns that the engine told", async () => {
      const one = await engine(name);
      const calls = await callsOf(one);
      const seen = calls.map(
        ({ name: called, script = "", line, column }): readonly [string, string, string] => [
          called,
          script,
          line === undefined ? "" : `${line}:${column}`,
        ],
      );
      const told = one.told.told.map(parsed);
      // C++ told JSON.parse; the engine's own scripts keep their text where it isn't read, and their lines aren't told.
      const expected = told
        .filter(([called, script]) => !(called === "parse" && script === ""))
        .map(([called, script, at]) => [called, script, script.startsWith("node:") ? "" : at]);
      assert.ok(expected.length > 40);
      // It goes on behind the line in which it told.
      assert.deepEqual(seen[0]?.slice(0, 2), expected[0]?.slice(0, 2));
      assert.deepEqual(seen.slice(1), expected.slice(1));
      assert.ok(calls.every(({ isCurrent, line }) => line === undefined || isCurrent));
    });

    it("whose memory was tampered with has fewer, and never an error nor an endless loop", async () => {
      const one = await engine(name);
      let state = 11;
      for (let round = 1; round < 30; round++) {
        const pages = new Map([...one.pages].map(([at, page]) => [at, Buffer.from(page)] as const));
        for (const page of pages.values())
          for (let count = 0; count < round; count++) {
            state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
            page[state % PAGE] = round % 3 === 0 ? 0xff : state >>> 24;
          }
        await callsOf({ ...one, pages });
      }
    });
  });

describe("a stack of JavaScript that was compiled", () => {
  it("has the calls that the engine told, and the lines on which their functions begin, marked as those", async () => {
    const one = await engine("node-24-compiled");
    const calls = await callsOf(one);
    const told = one.told.told
      .map(parsed)
      .filter(([called, script]) => !(called === "parse" && script === ""));
    assert.deepEqual(
      calls.map(({ name, script = "" }) => [name, script]),
      told.map(([called, script]) => [called, script]),
    );
    const poke = calls.find(({ name }) => name === "poke");
    assert.deepEqual([poke?.line, poke?.isCurrent], [18, false]);
  });
});

describe("V8's own words", () => {
  it("give no layout where pointers are compressed, as in browsers, or one is missing", async () => {
    const { told } = await engine("node-24");
    const words = new Map(Object.entries(told.words));
    assert.equal(layoutOf(new Map([...words, ["SmiShiftSize", 0]])), undefined);
    const without = new Map(words);
    without.delete("off_fp_function");
    assert.equal(layoutOf(without), undefined);
  });
});

describe("a table of source positions", () => {
  it("is none when a place lies outside of the function or the code", () => {
    // Behind the start by one, at the source's place 10: (10 + 1) * 2, each with its sign in the lowest bit.
    const bytes = Uint8Array.of(2, 22 * 2);
    const range = { start: 5, end: 20 };
    assert.deepEqual(sourcePositions(bytes, { length: 4, ...range }), [{ code: 0, source: 10 }]);
    assert.equal(sourcePositions(bytes, { length: 0, ...range }), undefined);
    assert.equal(sourcePositions(bytes, { length: 4, start: 11, end: 20 }), undefined);
    assert.equal(sourcePositions(Uint8Array.of(2, 0x80), { length: 4, ...range }), undefined);
    assert.equal(sourcePositions(new Uint8Array(0), { length: 4, ...range }), undefined);
  });
});
