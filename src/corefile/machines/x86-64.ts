import type { Registers } from "../../checkpoint/index.ts";
import { NT } from "../../memory/index.ts";
import { BytesWriter } from "../bytes-writer.ts";
import type { Machine, Note } from "./machine.ts";

/** The 64-bit PC (`arch/x86/include/uapi/asm/ptrace-abi.h: user_regs_struct`). */
export const X86_64: Machine = {
  elfMachine: 62,
  word: 8,
  general:
    "r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di orig_ax ip cs flags sp ss fs_base gs_base ds es fs gs".split(
      " ",
    ),
  hasShortIds: false,
  registerNotes: (registers) => {
    const legacy = fxsave(registers);
    const xstate = xsave(registers, legacy);
    const notes: Note[] = [{ name: "CORE", type: NT.fpregset, content: legacy }];
    if (xstate) notes.push({ name: "LINUX", type: NT.x86Xstate, content: xstate });
    return notes;
  },
};

const FXSAVE = 512;

/** `user_i387_struct`: what FXSAVE writes. */
function fxsave({ floating }: Registers): Uint8Array {
  const one = (name: string): bigint => floating[name]?.[0] ?? 0n;
  const writer = new BytesWriter(8);
  for (const name of ["cwd", "swd", "twd", "fop"]) writer.u16(Number(BigInt.asUintN(16, one(name))));
  writer.u64(one("rip")).u64(one("rdp"));
  for (const name of ["mxcsr", "mxcsr_mask"]) writer.u32(Number(BigInt.asUintN(32, one(name))));
  for (const [name, words] of [
    ["st_space", 32],
    ["xmm_space", 64],
    ["padding", 24],
  ] as const)
    for (let index = 0; index < words; index++)
      writer.u32(Number(BigInt.asUintN(32, floating[name]?.[index] ?? 0n)));
  return writer.padTo(FXSAVE).done();
}

/** A part of the extended state: its bit in XCR0, where it is in the standard form of XSAVE, bytes of one element. */
interface State {
  readonly bit: bigint;
  readonly offset: number;
  readonly size: number;
  readonly name: string;
  readonly element: 4 | 8;
}

/** Offsets of CPUID leaf 0x0d on Intel's processors (SDM vol. 1, 13.5), which cores are written with. */
const STATES: readonly State[] = [
  { bit: 2n, offset: 576, size: 256, name: "ymmh_space", element: 4 },
  { bit: 3n, offset: 960, size: 64, name: "bndreg_state", element: 8 },
  { bit: 4n, offset: 1024, size: 64, name: "bndcsr_state", element: 8 },
  { bit: 5n, offset: 1088, size: 64, name: "opmask_reg", element: 8 },
  { bit: 6n, offset: 1152, size: 512, name: "zmm_upper", element: 8 },
  { bit: 7n, offset: 1664, size: 1024, name: "hi16_zmm", element: 8 },
  { bit: 9n, offset: 2688, size: 8, name: "pkru", element: 4 },
];
/** Other processors leave no room for the parts that they don't have. */
const CLOSE: Readonly<Record<string, number>> = {
  opmask_reg: 832,
  zmm_upper: 896,
  hi16_zmm: 1408,
  pkru: 2432,
};

/** Where the parts are in an area of `size` bytes; the first is that of all other sizes. */
export const LAYOUTS: readonly { readonly size: number; readonly states: readonly State[] }[] = [
  { size: 2696, states: STATES },
  ...[2432, 2440].map((size) => ({
    size,
    states: STATES.map((state) => ({ ...state, offset: CLOSE[state.name] ?? state.offset })),
  })),
];
const HEADER = 512;
const FIRST_STATE = 576;
/** In the bytes that FXSAVE leaves to software, the kernel puts XCR0 here; debuggers look there for the layout. */
export const XCR0_AT = 464;
const X87_AND_SSE = 3n;

/** The state as XSAVE writes it; undefined where the image has none. */
function xsave({ floating }: Registers, legacy: Uint8Array): Uint8Array | undefined {
  const inUse = floating["xstate_bv"]?.[0];
  if (inUse === undefined) return undefined;
  const present = STATES.filter(({ name }) => (floating[name]?.length ?? 0) > 0);
  const xcr0 = present.reduce((bits, { bit }) => bits | (1n << bit), X87_AND_SSE);
  const last = present.at(-1);
  const area = Buffer.alloc(last ? last.offset + last.size : FIRST_STATE);
  area.set(legacy);
  area.writeBigUInt64LE(xcr0, XCR0_AT);
  area.writeBigUInt64LE(inUse & xcr0, HEADER);
  for (const { name, offset, size, element } of present)
    (floating[name] ?? []).slice(0, size / element).forEach((value, index) => {
      const at = offset + index * element;
      if (element === 4) area.writeUInt32LE(Number(BigInt.asUintN(32, value)), at);
      else area.writeBigUInt64LE(value, at);
    });
  return area;
}
