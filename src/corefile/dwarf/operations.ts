/** Operations by their names in DWARF 5, 7.7.1, and those of GNU before it. */
export const DW_OP = {
  addr: 0x03,
  deref: 0x06,
  const1u: 0x08,
  constu: 0x10,
  consts: 0x11,
  pick: 0x15,
  plusUconst: 0x23,
  skip: 0x2f,
  bra: 0x28,
  lit0: 0x30,
  reg0: 0x50,
  breg0: 0x70,
  regx: 0x90,
  bregx: 0x92,
  derefSize: 0x94,
  fbreg: 0x91,
  piece: 0x93,
  nop: 0x96,
  tlsAddress: 0x9b,
  callFrameCfa: 0x9c,
  bitPiece: 0x9d,
  implicitValue: 0x9e,
  stackValue: 0x9f,
  addrx: 0xa1,
  constx: 0xa2,
  entryValue: 0xa3,
  gnuPushTls: 0xe0,
  gnuEntryValue: 0xf3,
  gnuAddrIndex: 0xfb,
  gnuConstIndex: 0xfc,
} as const;

/** Arithmetic on typed values, pointers to values without a place, and what else is known and not computed. */
export const NOT_COMPUTED: ReadonlySet<number> = new Set([
  ...[0x97, 0xa0, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xf0, 0xf2, 0xf4, 0xf5, 0xf6, 0xf7, 0xf9, 0xfa],
]);

const signed = (value: bigint): bigint => BigInt.asIntN(64, value);
const truth = (value: boolean): bigint => (value ? 1n : 0n);

/** Operations on the two topmost values, the lower one first (DWARF 5, 2.5.1.4 and 2.5.1.5). */
export const BINARY: Readonly<Record<number, (a: bigint, b: bigint) => bigint>> = {
  0x1a: (a, b) => a & b,
  0x1b: (a, b) => (b === 0n ? 0n : signed(a) / signed(b)),
  0x1c: (a, b) => a - b,
  0x1d: (a, b) => (b === 0n ? 0n : a % b),
  0x1e: (a, b) => a * b,
  0x21: (a, b) => a | b,
  0x22: (a, b) => a + b,
  0x24: (a, b) => (b > 63n ? 0n : a << b),
  0x25: (a, b) => (b > 63n ? 0n : a >> b),
  0x26: (a, b) => signed(a) >> (b > 63n ? 63n : b),
  0x27: (a, b) => a ^ b,
  0x29: (a, b) => truth(a === b),
  0x2a: (a, b) => truth(signed(a) >= signed(b)),
  0x2b: (a, b) => truth(signed(a) > signed(b)),
  0x2c: (a, b) => truth(signed(a) <= signed(b)),
  0x2d: (a, b) => truth(signed(a) < signed(b)),
  0x2e: (a, b) => truth(a !== b),
};

export const UNARY: Readonly<Record<number, (a: bigint) => bigint>> = {
  0x19: (a) => (signed(a) < 0n ? -a : a),
  0x1f: (a) => -a,
  0x20: (a) => ~a,
};

/** Operations on the stack itself; the topmost value is the last. */
export const SHUFFLE: Readonly<Record<number, (stack: bigint[]) => readonly bigint[]>> = {
  0x12: (stack) => [...stack, ...stack.slice(-1)],
  0x13: (stack) => stack.slice(0, -1),
  0x14: (stack) => [...stack, ...stack.slice(-2, -1)],
  0x16: (stack) => [...stack.slice(0, -2), ...stack.slice(-1), ...stack.slice(-2, -1)],
  0x17: (stack) => [
    ...stack.slice(0, -3),
    ...stack.slice(-1),
    ...stack.slice(-3, -2),
    ...stack.slice(-2, -1),
  ],
};
