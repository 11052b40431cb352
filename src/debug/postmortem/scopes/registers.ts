import type { Registers } from "../../../checkpoint/index.ts";
import { postmortemErrors } from "../errors.ts";
import type { FrozenFrame } from "../target.ts";
import { hex, memoryReference } from "../memory-reference.ts";
import type { Variable } from "../variable.ts";

/** Names of the 64-bit PC's registers as assemblers write them; CRIU leaves the `r` out. */
const PC_NAMES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ["ax", "bx", "cx", "dx", "si", "di", "bp", "sp", "ip"].map((name) => [name, `r${name}`]),
  ),
  flags: "eflags",
  orig_ax: "orig_rax",
};

/** DWARF's numbers of registers, as the walk of the stack knows them, by CRIU's names. */
const UNWOUND: Readonly<Record<string, readonly string[]>> = {
  X86_64: "ax dx cx bx si di bp sp r8 r9 r10 r11 r12 r13 r14 r15".split(" "),
  AARCH64: [...Array.from({ length: 31 }, (_, index) => `x${index}`), "sp"],
};
const PROGRAM_COUNTERS: Readonly<Record<string, string>> = { X86_64: "ip", AARCH64: "pc" };

/** The name that assemblers and debuggers use. */
const registerName = (architecture: string, name: string): string =>
  architecture === "X86_64" ? (PC_NAMES[name] ?? name) : name;

/** The order in which gdb shows them, which is not that of CRIU's images; others come behind. */
const ORDER: Readonly<Record<string, readonly string[]>> = {
  X86_64: (
    "rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip eflags " +
    "cs ss ds es fs gs fs_base gs_base orig_rax"
  ).split(" "),
};

/** The general registers of a frame, by the names people use: all of the innermost, of others what is known. */
export function generalRegisters(frozen: FrozenFrame): ReadonlyMap<string, bigint> {
  const found = [...knownRegisters(frozen)];
  const order = ORDER[frozen.thread.thread.registers?.architecture ?? ""] ?? [];
  const place = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return new Map(found.sort(([a], [b]) => place(a) - place(b)));
}

function knownRegisters({ thread, frame, index }: FrozenFrame): ReadonlyMap<string, bigint> {
  const { registers } = thread.thread;
  const found = new Map<string, bigint>();
  if (registers === undefined) return found;
  const { architecture, general } = registers;
  if (index === 0) {
    for (const [name, value] of Object.entries(general)) found.set(registerName(architecture, name), value);
    return found;
  }
  for (const [number, name] of (UNWOUND[architecture] ?? []).entries()) {
    const value = frame.registers.get(number);
    if (value !== undefined) found.set(registerName(architecture, name), value);
  }
  const counter = PROGRAM_COUNTERS[architecture];
  if (counter !== undefined) found.set(registerName(architecture, counter), frame.programCounter);
  return found;
}

/** The names that gdb has for them whatever the machine is. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  pc: ["rip", "pc"],
  sp: ["rsp", "sp"],
  fp: ["rbp", "x29"],
  flags: ["eflags", "pstate"],
};

/** A register of a frame by its name, or the one that all machines have. Throws `postmortem.unknownName`. */
export function registerValue(frame: FrozenFrame | undefined, name: string): bigint {
  const registers = frame ? generalRegisters(frame) : new Map<string, bigint>();
  for (const each of [name, ...(ALIASES[name] ?? [])]) {
    const value = registers.get(each);
    if (value !== undefined) return value;
  }
  throw postmortemErrors.unknownName(`$${name}`);
}

export function generalRows(frame: FrozenFrame): readonly Variable[] {
  const { pid } = frame.thread.process;
  return [...generalRegisters(frame)].map(([name, value]) => ({
    name,
    value: hex(value),
    type: "u64",
    memory: memoryReference({ pid, address: value }),
    expression: `$${name}`,
  }));
}

type Words = readonly bigint[];

/** How a machine's floating point and vector state is shown. */
const FLOATING: Readonly<Record<string, (floating: Registers["floating"]) => readonly Variable[]>> = {
  X86_64: (floating) => [
    ...plain(floating, ["cwd", "swd", "twd", "fop", "rip", "rdp", "mxcsr", "mxcsr_mask"]),
    ...vectors("st", floating["st_space"], { words: 4, bits: 32, shown: 80 }),
    ...vectors("xmm", floating["xmm_space"], { words: 4, bits: 32, shown: 128 }),
    ...wideVectors(floating["xmm_space"], floating["ymmh_space"]),
    ...widestVectors(floating),
    ...vectors("k", floating["opmask_reg"], { words: 1, bits: 64, shown: 64 }),
  ],
  AARCH64: (floating) => [
    ...vectors("v", floating["vregs"], { words: 2, bits: 64, shown: 128 }),
    ...plain(floating, ["fpsr", "fpcr"]),
  ],
};

/** Floating point and vector registers; only of the innermost frame is anything known of them. */
export function floatingRows({ thread, index }: FrozenFrame): readonly Variable[] {
  const { registers } = thread.thread;
  if (registers === undefined || index > 0) return [];
  const show = FLOATING[registers.architecture];
  return show ? show(registers.floating) : plain(registers.floating, Object.keys(registers.floating));
}

const plain = (floating: Registers["floating"], names: readonly string[]): readonly Variable[] =>
  names.flatMap((name) => {
    const words = floating[name];
    return words === undefined || words.length === 0 ? [] : [{ name, value: words.map(hex).join(" ") }];
  });

interface Shape {
  readonly words: number;
  readonly bits: number;
  readonly shown: number;
}

function vectors(
  prefix: string,
  words: Words | undefined,
  { words: each, bits, shown }: Shape,
): readonly Variable[] {
  if (words === undefined) return [];
  return Array.from({ length: Math.floor(words.length / each) }, (_, index) => {
    const value = joined(words.slice(index * each, (index + 1) * each), bits);
    return {
      name: `${prefix}${index}`,
      value: padded(BigInt.asUintN(shown, value), shown),
      type: `u${shown}`,
    };
  });
}

/** The upper halves lie apart from the lower ones. */
function wideVectors(low: Words | undefined, high: Words | undefined): readonly Variable[] {
  if (low === undefined || high === undefined || high.length < 64) return [];
  return Array.from({ length: 16 }, (_, index) => {
    const words = [...low.slice(index * 4, index * 4 + 4), ...high.slice(index * 4, index * 4 + 4)];
    return { name: `ymm${index}`, value: padded(joined(words, 32), 256), type: "u256" };
  });
}

/** 512 bits: of the first 16 three parts lie apart, the others are whole. */
function widestVectors(floating: Registers["floating"]): readonly Variable[] {
  const { xmm_space: low, ymmh_space: middle, zmm_upper: high, hi16_zmm: others } = floating;
  if (low === undefined || middle === undefined || high === undefined || high.length < 64) return [];
  const firsts = Array.from({ length: 16 }, (_, index) => {
    const words = [...low.slice(index * 4, index * 4 + 4), ...middle.slice(index * 4, index * 4 + 4)];
    const upper = joined(high.slice(index * 4, index * 4 + 4), 64);
    return { name: `zmm${index}`, value: padded((upper << 256n) | joined(words, 32), 512), type: "u512" };
  });
  const lasts = Array.from({ length: Math.floor((others?.length ?? 0) / 8) }, (_, index) => ({
    name: `zmm${index + 16}`,
    value: padded(joined((others ?? []).slice(index * 8, index * 8 + 8), 64), 512),
    type: "u512",
  }));
  return [...firsts, ...lasts];
}

const joined = (words: Words, bits: number): bigint =>
  words.reduceRight((value, word) => (value << BigInt(bits)) | BigInt.asUintN(bits, word), 0n);
const padded = (value: bigint, bits: number): string => `0x${value.toString(16).padStart(bits / 4, "0")}`;
