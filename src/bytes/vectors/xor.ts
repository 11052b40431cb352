import { compileLoop } from "./compile.ts";
import type { LinearMemory, VectorLoop } from "./compile.ts";
import { control, i32, local, v128 } from "./instructions.ts";

/** Bytes that one round takes: lengths are rounded up to it. */
const ROUND = 64;
/** Bytes behind what is worked on that the memory must have. */
export const XOR_SLACK = ROUND;

/**
 * `memory[at + i] ^= memory[mask + i]` for all of `[at, end)`. May go on for fewer than `XOR_SLACK` bytes: zeros behind the
 * mask leave what follows as it is. `at`, `mask` and `end` are multiples of 4.
 */
export type Xor = (at: number, mask: number, end: number) => void;

const P = { at: 0, mask: 1, end: 2 } as const;

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
    ...[P.at, P.mask].flatMap((each) => [
      ...local.get(each),
      ...i32.constant(ROUND),
      ...i32.add,
      ...local.set(each),
    ]),
    ...control.again,
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
