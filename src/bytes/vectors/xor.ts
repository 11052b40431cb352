import { compileLoop } from "./compile.ts";
import type { LinearMemory, VectorLoop } from "./compile.ts";
import { control, i32, local, v128 } from "./instructions.ts";
import type { Code } from "./instructions.ts";

/** Bytes that one round takes: lengths are rounded up to it. */
const ROUND = 64;
/** Bytes behind what is worked on that the memory must have. */
export const XOR_SLACK = ROUND;

/**
 * `memory[at + i] ^= memory[mask + i]` for all of `[at, end)`. May go on for fewer than `XOR_SLACK` bytes: zeros behind the
 * mask leave what follows as it is. `at`, `mask` and `end` are multiples of 4.
 */
export type Xor = (at: number, mask: number, end: number) => void;

/** `count` pages at `at`, each under the mask of a page's length that lies at `mask`, with `XOR_SLACK` zeros behind it. */
export type XorPages = (at: number, mask: number, pageSize: number, count: number) => void;

const P = { at: 0, mask: 1, end: 2 } as const;

/** The end of a loop: every one of `places` goes on by `bytes`. */
const advance = (places: readonly number[], bytes: number): Code => [
  ...places.flatMap((place) => [
    ...local.get(place),
    ...i32.constant(bytes),
    ...i32.add,
    ...local.set(place),
  ]),
  ...control.again,
];

const LOOP: VectorLoop = {
  parameters: 3,
  hasResult: false,
  vectors: 0,
  integers: 0,
  code: control.loop([
    ...[...local.get(P.at), ...local.get(P.end), ...i32.isAtLeast, ...control.when(control.leave)],
    ...[0, 16, 32, 48].flatMap((part) => [
      ...local.get(P.at),
      ...[...local.get(P.at), ...v128.load(part)],
      ...[...local.get(P.mask), ...v128.load(part)],
      ...v128.xor,
      ...v128.store(part),
    ]),
    ...advance([P.at, P.mask], ROUND),
  ]),
};

export function xorIn(memory: LinearMemory): Xor {
  return compileLoop(memory, LOOP) ?? plainXorIn(memory);
}

/** The same without vectors, a word at a time. */
export function plainXorIn({ buffer }: LinearMemory): Xor {
  const words = new Uint32Array(buffer);
  return (at, mask, end) => {
    for (let word = at >>> 2, other = mask >>> 2; word < end >>> 2; word++, other++)
      words[word] = (words[word] ?? 0) ^ (words[other] ?? 0);
  };
}

/** Pages that share a load of the mask: a quarter faster than each for itself. */
const TOGETHER = 4;
const PART = 32;
/** Parameters, then one vector of the mask and two of each page, then where the other pages are. */
const Q = { at: 0, mask: 1, end: 2, pageSize: 3, masked: 4, vectors: 5, places: 13 } as const;
const PLACES = [Q.at, Q.places, Q.places + 1, Q.places + 2] as const;

const TOGETHER_LOOP: VectorLoop = {
  parameters: 4,
  hasResult: false,
  vectors: 1 + 2 * TOGETHER,
  integers: TOGETHER - 1,
  code: [
    ...PLACES.slice(1).flatMap((place, index) => [
      ...local.get(PLACES[index] ?? Q.at),
      ...[...local.get(Q.pageSize), ...i32.add, ...local.set(place)],
    ]),
    ...control.loop([
      ...[...local.get(Q.at), ...local.get(Q.end), ...i32.isAtLeast, ...control.when(control.leave)],
      // All loads before the first store, which the processor would wait for: they are multiples of 4 KiB apart.
      ...[0, 16].flatMap((part) => [
        ...[...local.get(Q.mask), ...v128.load(part), ...local.set(Q.masked)],
        ...PLACES.flatMap((place, index) => [
          ...[...local.get(place), ...v128.load(part)],
          ...[...local.get(Q.masked), ...v128.xor, ...local.set(Q.vectors + index + (part / 16) * TOGETHER)],
        ]),
      ]),
      ...[0, 16].flatMap((part) =>
        PLACES.flatMap((place, index) => [
          ...[...local.get(place), ...local.get(Q.vectors + index + (part / 16) * TOGETHER)],
          ...v128.store(part),
        ]),
      ),
      ...advance([...PLACES, Q.mask], PART),
    ]),
  ],
};

export function xorPagesIn(memory: LinearMemory): XorPages {
  const together = compileLoop(memory, TOGETHER_LOOP);
  const one = xorIn(memory);
  return (at, mask, pageSize, count) => {
    let page = 0;
    // Several together may not reach into one another.
    if (together && pageSize % PART === 0)
      for (; page + TOGETHER <= count; page += TOGETHER)
        together(at + page * pageSize, mask, at + (page + 1) * pageSize, pageSize);
    for (; page < count; page++) one(at + page * pageSize, mask, at + (page + 1) * pageSize);
  };
}

/** The same without vectors. */
export function plainXorPagesIn(memory: LinearMemory): XorPages {
  const one = plainXorIn(memory);
  return (at, mask, pageSize, count) => {
    for (let page = 0; page < count; page++) one(at + page * pageSize, mask, at + (page + 1) * pageSize);
  };
}
