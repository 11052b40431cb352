// The inner loop of searching for bytes, over vectors: JavaScript looks at a byte at a time, and Buffer.indexOf costs some
// microseconds a match.
import { compileLoop, control, i32, i64, local, v128 } from "../../bytes/index.ts";
import type { LinearMemory, VectorLoop } from "../../bytes/index.ts";

/** A byte of what is looked for: where it stands there, its value, and the bits that don't matter (set in the value). */
export interface PairByte {
  readonly offset: number;
  readonly value: number;
  readonly fold: number;
}

/**
 * First `p` in `[from, to)` of the memory where `memory[p + offset] | fold` is the value, for both bytes; `to` when there is
 * none. May read up to `PAIR_SLACK` bytes past `to` and the larger offset.
 */
export type FindPair = (from: number, to: number) => number;

/** Bytes behind the searched ones that the memory must have. */
export const PAIR_SLACK = 64;

const P = { from: 0, to: 1, offset1: 2, value1: 3, fold1: 4, offset2: 5, value2: 6, fold2: 7 } as const;
/** Locals behind the parameters: four vectors to compare with, four results, and where the two bytes are read. */
const L = { values1: 8, folds1: 9, values2: 10, folds2: 11, found: 12, at1: 16, at2: 17 } as const;
const ROUND = 64;
const PARTS = [0, 1, 2, 3] as const;

/** The loop for bytes with bits that don't matter, or without: each instruction counts. */
function loopOf(folds: boolean): VectorLoop {
  const splat = (from: number, to: number) => [...local.get(from), ...v128.splat, ...local.set(to)];
  const sum = (a: number, b: number, to: number) => [
    ...[...local.get(a), ...local.get(b)],
    ...[...i32.add, ...local.set(to)],
  ];
  const step = (index: number) => [
    ...[...local.get(index), ...i32.constant(ROUND)],
    ...[...i32.add, ...local.set(index)],
  ];
  /** Whether one of the two is at each of 16 places. */
  const isThere = (part: number, at: number, fold: number, values: number) => [
    ...[...local.get(at), ...v128.load(part * 16)],
    ...(folds ? [...local.get(fold), ...v128.or] : []),
    ...[...local.get(values), ...v128.isEqual],
  ];
  return {
    parameters: 8,
    hasResult: true,
    vectors: 8,
    integers: 2,
    code: [
      ...splat(P.value1, L.values1),
      ...splat(P.fold1, L.folds1),
      ...splat(P.value2, L.values2),
      ...splat(P.fold2, L.folds2),
      ...sum(P.from, P.offset1, L.at1),
      ...sum(P.from, P.offset2, L.at2),
      ...control.loop([
        ...[...local.get(P.from), ...local.get(P.to), ...i32.isAtLeast],
        ...control.when([...local.get(P.to), ...control.leave]),
        ...PARTS.flatMap((part) => [
          ...isThere(part, L.at1, L.folds1, L.values1),
          ...isThere(part, L.at2, L.folds2, L.values2),
          ...[...v128.and, ...local.set(L.found + part)],
        ]),
        ...local.get(L.found),
        ...[1, 2, 3].flatMap((part) => [...local.get(L.found + part), ...v128.or]),
        ...v128.isAny,
        ...control.when([
          // The places of 64, a bit each; the lowest is the first.
          ...local.get(P.from),
          ...PARTS.flatMap((part) => [
            ...[...local.get(L.found + part), ...v128.bitmask, ...i64.fromI32],
            ...(part === 0 ? [] : [...i64.constant(part * 16), ...i64.shiftLeft, ...i64.or]),
          ]),
          ...[...i64.trailingZeros, ...i32.fromI64, ...i32.add, ...local.set(P.from)],
          ...[...local.get(P.to), ...local.get(P.from)],
          ...[...local.get(P.from), ...local.get(P.to), ...i32.isAtLeast],
          ...[...control.select, ...control.leave],
        ]),
        ...[P.from, L.at1, L.at2].flatMap(step),
        ...control.again,
      ]),
      ...local.get(P.to),
    ],
  };
}

export function findPairIn(memory: LinearMemory, one: PairByte, two: PairByte): FindPair {
  const run = compileLoop(memory, loopOf(one.fold !== 0 || two.fold !== 0));
  if (run === undefined) return plainFindPairIn(memory, one, two);
  const { offset, value, fold } = one;
  return (from, to) => run(from, to, offset, value, fold, two.offset, two.value, two.fold);
}

/** The same without vectors. */
export function plainFindPairIn({ buffer }: LinearMemory, one: PairByte, two: PairByte): FindPair {
  const bytes = new Uint8Array(buffer);
  return (from, to) => {
    for (let at = from; at < to; at++)
      if (
        ((bytes[at + one.offset] ?? 0) | one.fold) === one.value &&
        ((bytes[at + two.offset] ?? 0) | two.fold) === two.value
      )
        return at;
    return to;
  };
}
