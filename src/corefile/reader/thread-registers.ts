// The registers of a core's thread as CRIU's images have them.
import { NT } from "../../memory/index.ts";
import { Cursor } from "../elf/cursor.ts";
import { MACHINES } from "../machines/index.ts";
import { LAYOUTS, XCR0_AT } from "../machines/x86-64.ts";
import type { CoreThread } from "./core-process.ts";

/** Words of one size, `count` of them from `at` on; fewer where the note is cut off. */
function words(content: Uint8Array, at: number, size: 4 | 8, count: number): readonly string[] {
  const cursor = new Cursor(content, true, at);
  const found: string[] = [];
  while (found.length < count && cursor.offset + size <= content.length)
    found.push(String(cursor.unsigned(size)));
  return found;
}

const word = (content: Uint8Array, at: number, size: 4 | 8): string => words(content, at, size, 1)[0] ?? "0";
const hex = (value: bigint): string => `0x${value.toString(16)}`;

function named({ general = {} }: CoreThread, names: readonly string[]): object {
  return Object.fromEntries(names.map((name) => [name, hex(general[name] ?? 0n)]));
}

interface Reader {
  /** The part of a core image that has the registers (`images/core.proto`). */
  readonly info: string;
  read(thread: CoreThread, names: readonly string[]): object;
}

const FXSAVE = 512;
const [VFP, VFP_WORDS] = [260, 32];
const [SIMD, SIMD_WORDS] = [520, 64];

/** By CRIU's name of the machine; a new one is a row. */
const READERS: Readonly<Record<string, Reader>> = {
  X86_64: {
    info: "thread_info",
    read: (thread, names) => {
      const legacy = thread.notes.get(NT.fpregset);
      // CRIU's image must have them; a core or a minidump may lack them.
      const whole = legacy?.length === FXSAVE ? legacy : new Uint8Array(FXSAVE);
      return {
        clear_tid_addr: "0x0",
        gpregs: named(thread, names),
        fpregs: { ...fxsave(whole), ...xsave(thread) },
      };
    },
  },
  AARCH64: {
    info: "ti_aarch64",
    read: (thread, names) => {
      const simd = thread.notes.get(NT.fpregset) ?? new Uint8Array(0);
      const tls = thread.notes.get(NT.armTls);
      const whole = simd.length >= SIMD ? simd : new Uint8Array(SIMD);
      return {
        clear_tid_addr: "0x0",
        tls: tls === undefined ? "0x0" : hex(BigInt(word(tls, 0, 8))),
        gpregs: {
          regs: names.filter((name) => /^x[0-9]/.test(name)).map((name) => hex(thread.general?.[name] ?? 0n)),
          ...named(thread, ["sp", "pc", "pstate"]),
        },
        // `user_fpsimd_state`.
        fpsimd: {
          vregs: words(whole, 0, 8, SIMD_WORDS),
          fpsr: Number(word(whole, SIMD_WORDS * 8, 4)),
          fpcr: Number(word(whole, SIMD_WORDS * 8 + 4, 4)),
        },
      };
    },
  },
  ARM: {
    info: "ti_arm",
    read: (thread, names) => {
      const vfp = thread.notes.get(NT.armVfp) ?? new Uint8Array(0);
      const whole = vfp.length >= VFP ? vfp : new Uint8Array(VFP);
      return {
        ...{ clear_tid_addr: "0x0", tls: 0, gpregs: named(thread, names) },
        // `user_vfp`; the kernel keeps the others to itself.
        fpstate: {
          vfp_regs: words(whole, 0, 8, VFP_WORDS),
          fpscr: Number(word(whole, VFP_WORDS * 8, 4)),
          ...{ fpexc: 0, fpinst: 0, fpinst2: 0 },
        },
      };
    },
  },
};

/** The fields of a core image that hold a thread's registers; none where its machine isn't known here. */
export function registersImage(architecture: string | undefined, thread: CoreThread | undefined): object {
  const reader = READERS[architecture ?? ""];
  const names = MACHINES[architecture ?? ""]?.general;
  if (reader === undefined || names === undefined || thread?.general === undefined) return {};
  return { [reader.info]: reader.read(thread, names) };
}

/** `user_i387_struct`, word by word. */
function fxsave(bytes: Uint8Array): object {
  const cursor = new Cursor(bytes, true);
  const [cwd, swd, twd, fop] = [cursor.u16(), cursor.u16(), cursor.u16(), cursor.u16()];
  const [rip, rdp] = [String(cursor.u64()), String(cursor.u64())];
  const [mxcsr, mask] = [cursor.u32(), cursor.u32()];
  const space = (count: number): readonly number[] => Array.from({ length: count }, () => cursor.u32());
  const [st, xmm] = [space(32), space(64)];
  return {
    ...{ cwd, swd, twd, fop, rip, rdp, mxcsr, mxcsr_mask: mask, st_space: st, xmm_space: xmm },
  };
}

const HEADER = 512;

/**
 * The parts of the extended state, each where it lies: newer kernels say so in a note (`fs/binfmt_elf.c`, `struct
 * x86_xfeat_component`), else the layout is told by the size, as gdb does it.
 */
function xsave({ notes }: CoreThread): object {
  const area = notes.get(NT.x86Xstate);
  if (area === undefined || area.length < HEADER + 64) return {};
  const inUse = BigInt(word(area, HEADER, 8));
  const enabled = BigInt(word(area, XCR0_AT, 8));
  const told = toldOffsets(notes.get(NT.x86XstateLayout));
  const layout = LAYOUTS.find(({ size }) => size === area.length) ?? LAYOUTS[0];
  const parts = (layout?.states ?? []).flatMap(({ bit, offset, size, name, element }) => {
    const at = told === undefined ? offset : told.get(Number(bit));
    if (at === undefined || (enabled >> bit) % 2n === 0n || at + size > area.length) return [];
    // What was never used is not in memory: whatever lies there means nothing.
    const isUsed = (inUse >> bit) % 2n === 1n;
    const content = isUsed ? area : new Uint8Array(at + size);
    return [[name, words(content, at, element, size / element)] as const];
  });
  return { xsave: { xstate_bv: String(inUse), ...Object.fromEntries(parts) } };
}

const COMPONENT = 16;
const MAX_COMPONENTS = 64;

/** Offsets of the parts by their bits: type, size, offset and flags of each. */
function toldOffsets(content: Uint8Array | undefined): ReadonlyMap<number, number> | undefined {
  if (content === undefined) return undefined;
  const count = Math.min(MAX_COMPONENTS, Math.floor(content.length / COMPONENT));
  return new Map(
    Array.from({ length: count }, (_, index) => {
      const at = index * COMPONENT;
      return [Number(word(content, at, 4)), Number(word(content, at + 8, 4))];
    }),
  );
}
