/** What unwinding needs to know of a machine. Register numbers are DWARF's, of the machine's psABI. */
export interface Machine {
  /** CRIU's name of it. */
  readonly architecture: string;
  /** Names that CRIU's images have for the registers, by DWARF's number. */
  readonly names: readonly string[];
  readonly stackPointer: number;
  readonly framePointer: number;
  /** The column that holds the return address. */
  readonly returnAddress: number;
  /** Where the program counter is, in the names of CRIU's images. */
  readonly programCounter: string;
  /** Registers a function must leave as they were. */
  readonly preserved: readonly number[];
  /** Return addresses may be signed in the bits that are no address: pointer authentication. */
  readonly signsAddresses: boolean;
  /** A call puts the return address on the stack. */
  readonly pushesReturn: boolean;
  /** A return address points behind a call: whether the bytes before it are one. */
  isCall(before: Uint8Array): boolean;
}

/** System V psABI for AMD64, table 3.36. */
const X86_64: Machine = {
  architecture: "X86_64",
  names: "ax dx cx bx si di bp sp r8 r9 r10 r11 r12 r13 r14 r15 ip".split(" "),
  stackPointer: 7,
  framePointer: 6,
  returnAddress: 16,
  programCounter: "ip",
  preserved: [3, 6, 12, 13, 14, 15],
  signsAddresses: false,
  pushesReturn: true,
  isCall(before) {
    const from = (end: number): number => before[before.length - end] ?? 0;
    // E8 rel32, or FF /2 with a register, [reg], disp8, disp32 or SIB.
    if (from(5) === 0xe8) return true;
    return [2, 3, 4, 6, 7].some((length) => from(length) === 0xff && (from(length - 1) & 0x38) === 0x10);
  },
};

/** DWARF for the Arm 64-bit Architecture, table 1. */
const AARCH64: Machine = {
  architecture: "AARCH64",
  names: [...Array.from({ length: 31 }, (_, index) => `x${index}`), "sp", "pc"],
  stackPointer: 31,
  framePointer: 29,
  returnAddress: 30,
  programCounter: "pc",
  preserved: [19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29],
  signsAddresses: true,
  pushesReturn: false,
  isCall(before) {
    if (before.length < 4) return false;
    const word = Buffer.from(before).readUInt32LE(before.length - 4);
    // BL imm26, BLR and its authenticated forms.
    return word >>> 26 === 0x25 || (word & 0xfefff000) >>> 0 === 0xd63f0000;
  },
};

/** The machines whose stacks can be walked. A new one is a row. */
export const MACHINES: readonly Machine[] = [X86_64, AARCH64];
