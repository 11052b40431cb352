// The inner loop of `strings`: all strings of a stretch as lines, over vectors. One by one, finding, copying and counting
// them in JavaScript takes ten times as long.
import { compileLoop, i32, i64, labelled, local, v128, withoutLabels } from "../../bytes/index.ts";
import type { Labelled, LinearMemory } from "../../bytes/index.ts";
import type { StringEncoding } from "./pattern.ts";
import { stringFinder } from "./find-strings.ts";

/** Bytes behind a stretch, and behind what is written, that the memory must have. */
export const LINES_SLACK = 64;

/** What was found in a stretch. */
export interface FoundLines {
  /** Behind the last line in the memory. */
  readonly out: number;
  readonly count: number;
  /** Where the last string ended; 0 when there was none. */
  readonly last: number;
}

/**
 * Writes the strings that begin in `[from, stop)` of the memory and end at `end` at the latest to `out`, a line each: at most
 * one byte more than `end - from`. What lies before `from` belongs to no string.
 */
export type WriteLines = (from: number, stop: number, end: number, out: number) => FoundLines;

const PARAMETERS = ["from", "stop", "end", "out", "header"] as const;
const VECTORS = ["bytes", "prints", "spaces", "range", "tabs"] as const;
/** `others`: of 16 bytes, those that don't print, a bit each. */
const INTEGERS = ["begin", "at", "to", "others", "until", "count", "last"] as const;
/** Of 64 places those that are looked for, a bit each. */
const LONGS = ["places"] as const;
type Local = (typeof PARAMETERS | typeof VECTORS | typeof INTEGERS | typeof LONGS)[number];
const LOCALS: readonly Local[] = [...PARAMETERS, ...VECTORS, ...INTEGERS, ...LONGS];

const ROUND = 64;
const VECTOR = 16;
/** The longest row of places that is looked for in a round, of which the others are left for what is new. */
const MOST = 32;
const NEW_LINE = 10;

const { block, loop, when, goTo, goToIf } = labelled;
const $ = (name: Local): Labelled => local.get(LOCALS.indexOf(name));
const set = (name: Local, value: Labelled): Labelled => [value, local.set(LOCALS.indexOf(name))];
const int = i32.constant;
const grow = (name: Local, by: Labelled): Labelled => set(name, [$(name), by, i32.add]);
const isAtLeast = (a: Labelled, b: Labelled): Labelled => [a, b, i32.isAtLeast];

/** Whether each byte of `bytes` prints, a bit each: the space to the tilde and the tab, and what isn't ASCII. */
const printing = (eightBit: boolean): Labelled => [
  set("prints", [$("bytes"), $("spaces"), v128.subtract]),
  [$("prints"), $("range"), v128.least, $("prints"), v128.isEqual],
  [$("bytes"), $("tabs"), v128.isEqual, v128.or],
  eightBit ? [$("bytes"), v128.or] : [],
  v128.bitmask,
];

/** Of 64 bytes from `from` on those that print. */
const printingOf64 = (eightBit: boolean): Labelled =>
  [0, 1, 2, 3].map((part) => [
    set("bytes", [$("from"), v128.load(part * VECTOR)]),
    [printing(eightBit), i64.fromI32],
    part === 0 ? [] : [i64.constant(part * VECTOR), i64.shiftLeft, i64.or],
  ]);

/** Leaves of `places` those where a row of so many begins. */
function rowsOf(length: number): Labelled {
  const steps: Labelled[] = [];
  for (let reached = 1; reached < length;) {
    const by = Math.min(reached, length - reached);
    const shifted = [$("places"), i64.constant(by), i64.shiftRight];
    steps.push(set("places", [$("places"), shifted, i64.and]));
    reached += by;
  }
  return steps;
}

/** Copies from `begin` to `out`, until `until`: the first byte that doesn't print, or the end. May copy 15 more. */
const copy = (eightBit: boolean): Labelled => [
  set("at", $("begin")),
  set("to", $("out")),
  loop("vector", [
    set("bytes", [$("at"), v128.load(0)]),
    [$("to"), $("bytes"), v128.store(0)],
    set("others", [printing(eightBit), int(0xffff), i32.xor]),
    when(
      [$("others"), i32.isZero],
      [grow("at", int(VECTOR)), grow("to", int(VECTOR)), goToIf("vector", [$("at"), $("end"), i32.isBelow])],
    ),
  ]),
  // Where the end was reached there are no others, and 17 zeros take it beyond the end.
  set("until", [$("at"), [$("others"), int(0x10000), i32.or, i32.trailingZeros], i32.add]),
  when(isAtLeast($("until"), $("end")), set("until", $("end"))),
];

const line: Labelled = [
  grow("out", [$("until"), $("begin"), i32.subtract]),
  [$("out"), int(NEW_LINE), i32.storeByte(0)],
  grow("out", int(1)),
  grow("count", int(1)),
  set("last", $("until")),
];

const code = (min: number, eightBit: boolean): Labelled => {
  const row = Math.min(min, MOST);
  const splat = (name: Local, value: number): Labelled => set(name, [int(value), v128.splat]);
  return [
    [splat("spaces", 32), splat("range", 94), splat("tabs", 9)],
    block("done", [
      loop("string", [
        goToIf("done", isAtLeast($("from"), $("stop"))),
        [set("places", printingOf64(eightBit)), rowsOf(row)],
        when([$("places"), i64.isZero], [grow("from", int(ROUND - row + 1)), goTo("string")]),
        set("begin", [$("from"), [$("places"), i64.trailingZeros, i32.fromI64], i32.add]),
        goToIf("done", isAtLeast($("begin"), $("stop"))),
        copy(eightBit),
        when(isAtLeast([$("until"), $("begin"), i32.subtract], int(min)), line),
        [set("from", $("until")), goTo("string")],
      ]),
    ]),
    [$("header"), $("count"), i32.store(0)],
    [$("header"), $("last"), i32.store(4)],
    $("out"),
  ];
};

/** The loop over `memory` for strings of at least `min` characters. It keeps eight bytes at `header`, a multiple of four. */
export function writeLinesIn(
  memory: LinearMemory,
  min: number,
  encoding: StringEncoding,
  header: number,
): WriteLines {
  if (encoding === "utf-16le") return plainWriteLinesIn(memory, min, encoding);
  const run = compileLoop(memory, {
    parameters: PARAMETERS.length,
    hasResult: true,
    vectors: VECTORS.length,
    integers: INTEGERS.length,
    longs: LONGS.length,
    code: withoutLabels(code(min, encoding === "latin1")),
  });
  if (run === undefined) return plainWriteLinesIn(memory, min, encoding);
  const words = new Uint32Array(memory.buffer, header, 2);
  return (from, stop, end, out) => {
    const until = run(from, stop, end, out, header);
    return { out: until, count: words[0] ?? 0, last: words[1] ?? 0 };
  };
}

/** The same without vectors, and for words. */
export function plainWriteLinesIn(memory: LinearMemory, min: number, encoding: StringEncoding): WriteLines {
  const bytes = new Uint8Array(memory.buffer);
  const { find } = stringFinder(min, encoding, memory);
  return (from, stop, end, out) => {
    let [to, count, last] = [out, 0, 0];
    find(from, stop, end, (at, until) => {
      bytes.copyWithin(to, at, until);
      to += until - at;
      bytes[to++] = NEW_LINE;
      count++;
      last = until;
      return true;
    });
    return { out: to, count, last };
  };
}
