// The loop of `row-kernel.ts`: rows of a few forms from their bytes to their text. In WebAssembly, which runs at full speed
// from its first row on; most images are done before the machine has compiled a loop in JavaScript.
import { compileLoop, control, i32, i64, labelled, local, withoutLabels } from "../../bytes/index.ts";
import type { Labelled, LinearMemory } from "../../bytes/index.ts";

/** Where things lie in the memory, and how long they may be. */
export const PLACES = {
  /** Two words: where the next row begins, and where its text does. */
  result: 0,
  /** The digits of 0 to 99, two bytes each. */
  pairs: 64,
  /** 10 to the power of 0 to 19, eight bytes each. */
  powers: 320,
  /** Patterns, each in a place of the same size, in which pieces follow one another. */
  patterns: 512,
  patternSize: 2048,
} as const;

/** A piece of a pattern: a head, then bytes, then text, both filled up to a multiple of `WORD`. */
export const PIECE = {
  byteCount: 0,
  textLength: 4,
  /** What stands behind the bytes, see `KIND`. */
  kind: 8,
  /** Size of the whole piece. */
  size: 12,
  /** The largest number that may stand here. */
  most: 16,
  /** Size of the head. */
  bytes: 24,
} as const;

/** Behind a piece: the end of the row, or a varint that is printed as digits. */
export const KIND = { end: 0, decimal: 1, hex: 2 } as const;

export const WORD = 8;
/** Larger rows have no pattern: their size might go round the end of numbers. */
const MOST_BYTES = 1024;

/**
 * Prints up to `limit` rows of the bytes `[at, end)` to `to` on, each as the first pattern that fits from `pattern` on, of
 * those in `[firstPattern, lastPattern)`. Leaves in `PLACES.result` where it stopped. Gives how many.
 */
export type RowLoop = (
  at: number,
  end: number,
  to: number,
  limit: number,
  firstPattern: number,
  lastPattern: number,
) => number;

export function rowLoop(memory: LinearMemory): RowLoop | undefined {
  return compileLoop(memory, {
    parameters: 6,
    hasResult: true,
    vectors: 0,
    integers: INTEGERS.length,
    longs: LONGS.length,
    code: withoutLabels(CODE),
  });
}

const PARAMETERS = ["at", "end", "to", "limit", "firstPattern", "lastPattern"] as const;
const INTEGERS = [
  "rows",
  "stop",
  "pattern",
  "next",
  "piece",
  "from",
  "text",
  "literal",
  "left",
  "digit",
] as const;
const LONGS = ["value", "shift", "rest"] as const;
type Local = (typeof PARAMETERS | typeof INTEGERS | typeof LONGS)[number];
const LOCALS: readonly Local[] = [...PARAMETERS, ...INTEGERS, ...LONGS];

const { block, loop, when, goTo, goToIf } = labelled;
const $ = (name: Local): Labelled => local.get(LOCALS.indexOf(name));
const set = (name: Local, value: Labelled): Labelled => [value, local.set(LOCALS.indexOf(name))];
const int = i32.constant;
const long = i64.constant;
const add = (a: Labelled, b: Labelled): Labelled => [a, b, i32.add];
const less = (a: Labelled, b: Labelled): Labelled => [a, b, i32.subtract];
const grow = (name: Local, by: Labelled): Labelled => set(name, add($(name), by));
const wordOf = (name: Local, offset = 0): Labelled => [$(name), i32.load(offset)];
const longOf = (name: Local, offset = 0): Labelled => [$(name), i64.load(offset)];

/** Goes to `other` unless the bytes of the piece stand at `from`, and `from` behind them. Reads up to a word too many. */
const BYTES: Labelled = [
  set("left", wordOf("piece", PIECE.byteCount)),
  set("literal", add($("piece"), int(PIECE.bytes))),
  goToIf("other", [$("left"), less($("stop"), $("from")), i32.isAbove]),
  block("bytesDone", [
    loop("bytes", [
      goToIf("bytesDone", [$("left"), i32.isZero]),
      set("rest", [longOf("from"), longOf("literal"), i64.xor]),
      when(
        [$("left"), int(WORD), i32.isBelow],
        [
          // The lowest bytes alone.
          set("rest", [
            $("rest"),
            [int(64), [$("left"), int(3), i32.shiftLeft], i32.subtract, i64.fromI32],
            i64.shiftLeft,
          ]),
          goToIf("other", [$("rest"), i64.isZero, i32.isZero]),
          grow("from", $("left")),
          goTo("bytesDone"),
        ],
      ),
      goToIf("other", [$("rest"), i64.isZero, i32.isZero]),
      grow("from", int(WORD)),
      grow("literal", int(WORD)),
      set("left", less($("left"), int(WORD))),
      goTo("bytes"),
    ]),
  ]),
];

/** Adds the text of the piece. Writes up to a word too many. */
const TEXT: Labelled = [
  // Behind the bytes, filled up.
  set("literal", [
    add($("piece"), int(PIECE.bytes)),
    [add(wordOf("piece", PIECE.byteCount), int(WORD - 1)), int(-WORD), i32.and],
    i32.add,
  ]),
  set("left", add($("text"), wordOf("piece", PIECE.textLength))),
  block("textDone", [
    loop("textWords", [
      goToIf("textDone", [$("text"), $("left"), i32.isAtLeast]),
      [$("text"), longOf("literal"), i64.store(0)],
      grow("text", int(WORD)),
      grow("literal", int(WORD)),
      goTo("textWords"),
    ]),
  ]),
  set("text", $("left")),
];

/** Reads a varint of 63 bits at most into `value`; goes to `other` where there is none. */
const VARINT: Labelled = [
  set("value", long(0)),
  set("shift", long(0)),
  loop("varint", [
    goToIf("other", [$("from"), $("stop"), i32.isAtLeast]),
    goToIf("other", [$("shift"), long(63), i64.isAtLeast]),
    set("digit", [$("from"), i32.loadByte(0)]),
    set("value", [
      $("value"),
      [[$("digit"), int(0x7f), i32.and, i64.fromI32], $("shift"), i64.shiftLeft],
      i64.or,
    ]),
    set("shift", [$("shift"), long(7), i64.add]),
    grow("from", int(1)),
    goToIf("varint", [$("digit"), int(0x80), i32.isAtLeast]),
  ]),
  goToIf("other", [$("value"), longOf("piece", PIECE.most), i64.isAbove]),
];

/** Pairs of digits are made of numbers below it: they need no division. */
const LOW = 100_000_000;

/** Writes the two last digits of `value` before `digit`, and takes them away. `value` is below `LOW`. */
const TWO_DIGITS: Labelled = [
  set("digit", less($("digit"), int(2))),
  // value / 100
  set("shift", [[$("value"), long(1374389535), i64.multiply], long(37), i64.shiftRight]),
  [
    $("digit"),
    [[$("value"), [$("shift"), long(100), i64.multiply], i64.subtract, i32.fromI64], int(1), i32.shiftLeft],
    [i32.loadTwoBytes(PLACES.pairs), i32.storeTwoBytes(0)],
  ],
  set("value", $("shift")),
];

/** Adds `value` in decimal digits, written from the last to the first. */
const DECIMAL: Labelled = [
  // How many: the bits tell it up to one.
  set("rest", [$("value"), long(1), i64.or]),
  set("left", [less(int(64), [$("rest"), i64.leadingZeros, i32.fromI64]), int(1233), i32.multiply]),
  set("left", [$("left"), int(12), i32.shiftRight]),
  grow("left", [$("rest"), [$("left"), int(3), i32.shiftLeft, i64.load(PLACES.powers)], i64.isAtLeast]),
  set("literal", $("text")),
  grow("text", $("left")),
  set("digit", $("text")),
  loop("eightDigits", [
    when(
      [$("value"), long(LOW), i64.isAtLeast],
      [
        set("rest", [$("value"), long(LOW), i64.divide]),
        set("value", [$("value"), [$("rest"), long(LOW), i64.multiply], i64.subtract]),
        [TWO_DIGITS, TWO_DIGITS, TWO_DIGITS, TWO_DIGITS],
        set("value", $("rest")),
        goTo("eightDigits"),
      ],
    ),
  ]),
  loop("twoDigits", [
    when([less($("digit"), $("literal")), int(2), i32.isAtLeast], [TWO_DIGITS, goTo("twoDigits")]),
  ]),
  when(
    [$("digit"), $("literal"), i32.isAbove],
    [$("literal"), add(int(0x30), [$("value"), i32.fromI64]), i32.storeByte(0)],
  ),
];

/** Adds `value` as `"0x1f"`, with the quotes. */
const HEX: Labelled = [
  [$("text"), int(0x783022), i32.store(0)],
  grow("text", int(3)),
  set("literal", $("text")),
  set("left", [[$("value"), long(1), i64.or, i64.leadingZeros, i32.fromI64], int(2), i32.shiftRight]),
  grow("text", less(int(16), $("left"))),
  set("digit", $("text")),
  loop("hexDigits", [
    set("digit", less($("digit"), int(1))),
    set("left", [[$("value"), i32.fromI64], int(15), i32.and]),
    [
      $("digit"),
      add($("left"), [int(0x61 - 10), int(0x30), [$("left"), int(9), i32.isAbove], control.select]),
      i32.storeByte(0),
    ],
    set("value", [$("value"), long(4), i64.shiftRight]),
    goToIf("hexDigits", [$("digit"), $("literal"), i32.isAbove]),
  ]),
  [$("text"), int(0x22), i32.storeByte(0)],
  grow("text", int(1)),
];

/** Matches and prints the row `[at + 4, stop)` as `pattern` has it; goes to `other` or to `printed`. */
const PIECES: Labelled = [
  set("piece", $("pattern")),
  set("from", add($("at"), int(4))),
  set("text", $("to")),
  loop("pieces", [
    BYTES,
    TEXT,
    when(
      [wordOf("piece", PIECE.kind), int(KIND.end), i32.isEqual],
      [goToIf("printed", [$("from"), $("stop"), i32.isEqual]), goTo("other")],
    ),
    VARINT,
    block("number", [
      when([wordOf("piece", PIECE.kind), int(KIND.hex), i32.isEqual], [HEX, goTo("number")]),
      DECIMAL,
    ]),
    grow("piece", wordOf("piece", PIECE.size)),
    goTo("pieces"),
  ]),
];

const CODE: Labelled = [
  set("pattern", $("firstPattern")),
  block("done", [
    loop("row", [
      goToIf("done", [$("rows"), $("limit"), i32.isAtLeast]),
      goToIf("done", [add($("at"), int(4)), $("end"), i32.isAbove]),
      set("left", wordOf("at")),
      goToIf("done", [$("left"), int(MOST_BYTES), i32.isAbove]),
      set("stop", add(add($("at"), int(4)), $("left"))),
      goToIf("done", [$("stop"), $("end"), i32.isAbove]),
      // The one that fitted last is tried first, then all.
      set("next", $("firstPattern")),
      block("printed", [
        loop("patterns", [
          block("other", PIECES),
          goToIf("done", [$("next"), $("lastPattern"), i32.isAtLeast]),
          set("pattern", $("next")),
          grow("next", int(PLACES.patternSize)),
          goTo("patterns"),
        ]),
      ]),
      set("at", $("stop")),
      set("to", $("text")),
      grow("rows", int(1)),
      goTo("row"),
    ]),
  ]),
  [int(PLACES.result), $("at"), i32.store(0)],
  [int(PLACES.result), $("to"), i32.store(4)],
  $("rows"),
];
