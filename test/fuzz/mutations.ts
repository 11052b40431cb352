// What is done to files. Each mutation takes bytes and gives new ones; `marks` are offsets of size words and the like, which
// are worth more attention than others.
import type { Random } from "./random.ts";

export interface Sample {
  readonly bytes: Uint8Array;
  readonly marks: readonly number[];
}

type Mutation = (bytes: Buffer, random: Random, marks: readonly number[], other: Uint8Array) => Buffer;

const BYTES = [0, 1, 2, 4, 7, 8, 0x0a, 0x0b, 0x0c, 0x12, 0x1f, 0x20, 0x7f, 0x80, 0x81, 0xfe, 0xff];
const WORDS = [
  ...[0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 27, 28, 29, 0xff, 0x100, 4095, 4096, 4097, 0xffff, 0x10000],
  ...[0x7fffffff, 0x80000000, 0x80000001, 0xfffffff0, 0xfffffffc, 0xffffffff, 0x54564319, 0x55105940],
];
/** Most bytes that a mutation may add, and that a case may have. */
const MAX_ADDED = 1 << 16;
const MAX_CASE = 1 << 20;

export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  flipBit: (bytes, random) =>
    edit(bytes, random.below(bytes.length), (byte) => byte ^ (1 << random.below(8))),
  setByte: (bytes, random) => edit(bytes, random.below(bytes.length), () => random.pick(BYTES)),
  setWord(bytes, random, marks) {
    const at = marks.length > 0 && random.below(4) > 0 ? random.pick(marks) : random.below(bytes.length);
    return setWord(bytes, at, random.pick(WORDS));
  },
  // Sizes that are a little wrong go further than sizes that are absurd.
  nudgeWord(bytes, random, marks) {
    const at = marks.length > 0 ? random.pick(marks) : random.below(bytes.length);
    if (at + 4 > bytes.length) return bytes;
    return setWord(bytes, at, (bytes.readUInt32LE(at) + random.below(65) - 32) >>> 0);
  },
  sizeOfRest(bytes, random, marks) {
    const at = marks.length > 0 ? random.pick(marks) : random.below(bytes.length);
    return setWord(bytes, at, Math.max(0, bytes.length - at - 4 + random.below(3) - 1));
  },
  setLong(bytes, random) {
    const at = random.below(bytes.length);
    const value = random.pick([
      -1n,
      -(2n ** 63n),
      2n ** 63n - 1n,
      2n ** 53n,
      2n ** 32n,
      BigInt(bytes.length),
    ]);
    if (at + 8 > bytes.length) return bytes;
    const changed = Buffer.from(bytes);
    changed.writeBigInt64LE(value, at);
    return changed;
  },
  truncate: (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  truncateAtMark: (bytes, random, marks) =>
    marks.length === 0 ? bytes : bytes.subarray(0, random.pick(marks) + random.below(6)),
  append: (bytes, random) => Buffer.concat([bytes, random.bytes(1 + random.below(64))]),
  remove(bytes, random) {
    const at = random.below(bytes.length);
    return splice(bytes, at, at + 1 + random.below(Math.min(256, bytes.length - at)), Buffer.alloc(0));
  },
  duplicate(bytes, random) {
    const at = random.below(bytes.length);
    const piece = bytes.subarray(at, at + 1 + random.below(Math.min(4096, bytes.length - at)));
    const times = Math.min(1 + random.below(64), Math.floor(MAX_ADDED / Math.max(1, piece.length)));
    return splice(bytes, at, at, Buffer.concat(Array.from({ length: times }, () => piece)));
  },
  insertRandom(bytes, random) {
    const at = random.below(bytes.length + 1);
    return splice(bytes, at, at, random.bytes(1 + random.below(40)));
  },
  spliceOther(bytes, random, _marks, other) {
    const from = random.below(other.length);
    const piece = other.subarray(from, from + 1 + random.below(2048));
    const at = random.below(bytes.length + 1);
    return splice(bytes, at, random.below(2) === 0 ? at : at + piece.length, piece);
  },
  joinHalves: (bytes, random, _marks, other) =>
    Buffer.concat([
      bytes.subarray(0, random.below(bytes.length)),
      other.subarray(random.below(other.length)),
    ]),
  // A number without end; tags of the smallest fields; groups in groups; messages in messages.
  varintBomb: (bytes, random) => fill(bytes, random, random.pick([0x80, 0xff]), 1 + random.below(40)),
  fieldBomb: (bytes, random) => fill(bytes, random, random.pick([0x08, 0x10, 0x20]), 1 + random.below(8192)),
  groupBomb: (bytes, random) => fill(bytes, random, random.pick([0x0b, 0x13, 0x0c]), 1 + random.below(8192)),
  zeros: (bytes, random) => fill(bytes, random, 0, 1 + random.below(MAX_ADDED)),
  nestBomb(bytes, random) {
    const at = random.below(bytes.length);
    const nest = Buffer.alloc(2 * (1 + random.below(60)));
    const tag = random.pick([0x0a, 0x12, 0x1a, 0x22, 0x62]);
    for (let index = 0; index < nest.length; index += 2)
      nest.set([tag, Math.max(0, nest.length - index - 2)], index);
    return splice(bytes, at, at + nest.length, nest);
  },
};

const NAMES = Object.keys(MUTATIONS);

/** One to six mutations, one after the other; the names of those that were done. */
export function mutate(
  { bytes, marks }: Sample,
  other: Uint8Array,
  random: Random,
): { readonly bytes: Buffer; readonly done: readonly string[] } {
  let changed: Buffer = Buffer.from(bytes);
  const done: string[] = [];
  // Mostly one or two: a file that is wrong everywhere is left at its first byte.
  const count = random.pick([1, 1, 1, 2, 2, 3, 6]);
  for (let step = 0; step < count; step++) {
    const name = random.pick(NAMES);
    const next = MUTATIONS[name]?.(changed, random, marks, other.length > 0 ? other : Uint8Array.of(0));
    if (next && next.length <= MAX_CASE) {
      changed = next;
      done.push(name);
    }
  }
  return { bytes: changed, done };
}

function edit(bytes: Buffer, at: number, change: (byte: number) => number): Buffer {
  if (at >= bytes.length) return bytes;
  const changed = Buffer.from(bytes);
  changed[at] = change(changed[at] ?? 0);
  return changed;
}

function setWord(bytes: Buffer, at: number, value: number): Buffer {
  if (at + 4 > bytes.length) return bytes;
  const changed = Buffer.from(bytes);
  changed.writeUInt32LE(value >>> 0, at);
  return changed;
}

function splice(bytes: Buffer, from: number, to: number, piece: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, from), piece, bytes.subarray(to)]);
}

function fill(bytes: Buffer, random: Random, byte: number, length: number): Buffer {
  const at = random.below(bytes.length + 1);
  return splice(bytes, at, random.below(2) === 0 ? at : at + length, Buffer.alloc(length, byte));
}
