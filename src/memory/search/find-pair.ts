// The inner loop of searching for bytes, in WebAssembly with 128-bit vectors: JavaScript looks at a byte at a time, and
// Buffer.indexOf costs some microseconds a match. The module is a hundred instructions, put together below.

/**
 * First `p` in `[from, to)` of the memory where both `(byte[p + offset1] | fold1) === byte1` and the same of the second
 * hold; `to` when there is none. Reads up to 64 bytes past `to` and the larger offset.
 */
export type FindPair = (
  from: number,
  to: number,
  offset1: number,
  byte1: number,
  fold1: number,
  offset2: number,
  byte2: number,
  fold2: number,
) => number;

/** Bytes behind the searched ones that the memory must have. */
export const PAIR_SLACK = 64;

const PARAM = { from: 0, to: 1, offset1: 2, byte1: 3, fold1: 4, offset2: 5, byte2: 6, fold2: 7 } as const;
/** Locals behind the parameters: four vectors to compare with, four results, and where the two bytes are read. */
const LOCAL = { bytes1: 8, folds1: 9, bytes2: 10, folds2: 11, found: 12, at1: 16, at2: 17 } as const;

const [I32, V128, NO_VALUE] = [0x7f, 0x7b, 0x40];
const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
const simd = (operation: number): number[] => [0xfd, operation];
const [ADD, AT_LEAST, END, LOOP, IF, AGAIN, RETURN] = [0x6a, 0x4f, 0x0b, 0x03, 0x04, 0x0c, 0x0f];
const [WIDEN, NARROW, OR64, SHIFT64, COUNT_ZEROS] = [0xad, 0xa7, 0x84, 0x86, 0x7a];
const [SPLAT, EQUAL, OR, AND, ANY, MASK] = [0x0f, 0x23, 0x50, 0x4e, 0x53, 0x64].map(simd);
const load = (at: number, offset: number): number[] => [...get(at), ...simd(0x00), 0, offset];

const LANES = [0, 1, 2, 3] as const;

/** Whether the two bytes are at each of 16 places. */
function compare(lane: number): number[] {
  const one = (at: number, folds: number, bytes: number): number[] => [
    ...load(at, lane * 16),
    ...get(folds),
    ...(OR ?? []),
    ...get(bytes),
    ...(EQUAL ?? []),
  ];
  return [
    ...one(LOCAL.at1, LOCAL.folds1, LOCAL.bytes1),
    ...one(LOCAL.at2, LOCAL.folds2, LOCAL.bytes2),
    ...(AND ?? []),
    ...set(LOCAL.found + lane),
  ];
}

const splat = (from: number, to: number): number[] => [...get(from), ...(SPLAT ?? []), ...set(to)];
const sum = (a: number, b: number, to: number): number[] => [...get(a), ...get(b), ADD, ...set(to)];
const step = (local: number): number[] => [...get(local), 0x41, 0xc0, 0x00, ADD, ...set(local)];

function body(): number[] {
  return [
    ...splat(PARAM.byte1, LOCAL.bytes1),
    ...splat(PARAM.fold1, LOCAL.folds1),
    ...splat(PARAM.byte2, LOCAL.bytes2),
    ...splat(PARAM.fold2, LOCAL.folds2),
    ...sum(PARAM.from, PARAM.offset1, LOCAL.at1),
    ...sum(PARAM.from, PARAM.offset2, LOCAL.at2),
    ...[LOOP, NO_VALUE],
    ...[...get(PARAM.from), ...get(PARAM.to), AT_LEAST, IF, NO_VALUE, ...get(PARAM.to), RETURN, END],
    ...LANES.flatMap(compare),
    ...get(LOCAL.found),
    ...[1, 2, 3].flatMap((lane) => [...get(LOCAL.found + lane), ...(OR ?? [])]),
    ...(ANY ?? []),
    ...[IF, NO_VALUE],
    // The places of 64, a bit each; the lowest is the first.
    ...get(PARAM.from),
    ...LANES.flatMap((lane) => [
      ...get(LOCAL.found + lane),
      ...(MASK ?? []),
      WIDEN,
      ...(lane === 0 ? [] : [0x42, lane * 16, SHIFT64, OR64]),
    ]),
    ...[COUNT_ZEROS, NARROW, ADD, ...set(PARAM.from)],
    ...[...get(PARAM.to), ...get(PARAM.from), ...get(PARAM.from), ...get(PARAM.to), AT_LEAST, 0x1b, RETURN],
    END,
    ...step(PARAM.from),
    ...step(LOCAL.at1),
    ...step(LOCAL.at2),
    ...[AGAIN, 0],
    END,
    ...get(PARAM.to),
    END,
  ].map((value) => value ?? 0);
}

function size(length: number): number[] {
  return length < 128 ? [length] : [(length & 127) | 128, ...size(length >>> 7)];
}

const section = (id: number, content: readonly number[]): number[] => [
  id,
  ...size(content.length),
  ...content,
];
const name = (text: string): number[] => [text.length, ...Buffer.from(text)];

function moduleBytes(): Uint8Array {
  const locals = [3, 4, V128 ?? 0, 4, V128 ?? 0, 2, I32 ?? 0];
  const code = [...locals, ...body()];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 8, ...new Array<number>(8).fill(I32 ?? 0), 1, I32 ?? 0]),
    ...section(2, [1, ...name("host"), ...name("memory"), 0x02, 0x00, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name("find"), 0x00, 0]),
    ...section(10, [1, ...size(code.length), ...code]),
  ]);
}

/** The loop over a memory of its own kind: `new WebAssembly.Memory(...)`. */
export function findPairIn(memory: WebAssembly.Memory): FindPair {
  const compiled = new WebAssembly.Module(moduleBytes());
  const { exports } = new WebAssembly.Instance(compiled, { host: { memory } });
  // The only export, with the signature of section 1.
  return exports["find"] as FindPair;
}
