// The instructions of WebAssembly that loops over bytes are written in, as the bytes that they are (WebAssembly Core
// Specification 2.0, section 5.4). Each takes from the stack what those before it have left there.

/** Instructions one after the other. */
export type Code = readonly number[];

/** Instructions on vectors of 16 bytes; their number may need two bytes. */
const vector = (operation: number): Code =>
  operation < 128 ? [0xfd, operation] : [0xfd, (operation & 127) | 128, operation >> 7];

/** `offset` is added to the address on the stack; at most 127. */
const access = (operation: number, offset: number): Code => [...vector(operation), 0, offset];
/** The same of numbers, with any offset. Comparisons, divisions and shifts take all numbers as unsigned. */
const scalar =
  (operation: number) =>
  (offset: number): Code => [operation, 0, ...unsigned(offset)];

export const local = {
  get: (index: number): Code => [0x20, index],
  set: (index: number): Code => [0x21, index],
} as const;

export const i32 = {
  constant: (value: number): Code => [0x41, ...signed(value)],
  add: [0x6a],
  subtract: [0x6b],
  multiply: [0x6c],
  and: [0x71],
  or: [0x72],
  xor: [0x73],
  shiftLeft: [0x74],
  shiftRight: [0x76],
  isZero: [0x45],
  isEqual: [0x46],
  isOther: [0x47],
  isBelow: [0x49],
  isAbove: [0x4b],
  isAtLeast: [0x4f],
  trailingZeros: [0x68],
  fromI64: [0xa7],
  load: scalar(0x28),
  loadByte: scalar(0x2d),
  loadTwoBytes: scalar(0x2f),
  store: scalar(0x36),
  storeByte: scalar(0x3a),
  storeTwoBytes: scalar(0x3b),
} as const satisfies Readonly<Record<string, Code | ((value: number) => Code)>>;

export const i64 = {
  constant: (value: number): Code => [0x42, ...signed(value)],
  add: [0x7c],
  subtract: [0x7d],
  multiply: [0x7e],
  divide: [0x80],
  and: [0x83],
  or: [0x84],
  xor: [0x85],
  shiftLeft: [0x86],
  shiftRight: [0x88],
  isZero: [0x50],
  isBelow: [0x54],
  isAbove: [0x56],
  isAtLeast: [0x5a],
  leadingZeros: [0x79],
  trailingZeros: [0x7a],
  fromI32: [0xad],
  load: scalar(0x29),
  store: scalar(0x37),
} as const satisfies Readonly<Record<string, Code | ((value: number) => Code)>>;

export const v128 = {
  load: (offset: number): Code => access(0x00, offset),
  store: (offset: number): Code => access(0x0b, offset),
  /** 16 times the lowest byte of an i32. */
  splat: vector(0x0f),
  /** By byte: all bits where two vectors are equal, else none. */
  isEqual: vector(0x23),
  subtract: vector(0x71),
  /** By byte: the smaller of two, both from 0 to 255. */
  least: vector(0x77),
  and: vector(0x4e),
  or: vector(0x50),
  xor: vector(0x51),
  /** Whether any bit is set. */
  isAny: vector(0x53),
  /** The highest bit of each byte, as an i32 of 16 bits. */
  bitmask: vector(0x64),
} as const satisfies Readonly<Record<string, Code | ((offset: number) => Code)>>;

export const control = {
  /** Runs `body` again wherever it says `again`. */
  loop: (body: Code): Code => [0x03, NO_VALUE, ...body, END],
  /** To the begin of the loop, from its outermost level. */
  again: [0x0c, 0],
  when: (body: Code): Code => [0x04, NO_VALUE, ...body, END],
  /** The first of two values when the third, on top, isn't 0. */
  select: [0x1b],
  leave: [0x0f],
} as const satisfies Readonly<Record<string, Code | ((body: Code) => Code)>>;

const NO_VALUE = 0x40;
export const END = 0x0b;

/** A number in as many bytes as it needs (LEB128). */
export function unsigned(value: number): Code {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

function signed(value: number): Code {
  return value >= -64 && value < 64 ? [value & 127] : [(value & 127) | 128, ...signed(value >> 7)];
}
