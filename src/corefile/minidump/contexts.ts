// Registers out of a minidump's CONTEXT, by the names of `Machine.general`.
import { Cursor } from "../elf/cursor.ts";

export interface ThreadRegisters {
  readonly general: Readonly<Record<string, bigint>>;
  /** What FXSAVE wrote, on the 64-bit PC. */
  readonly fxsave: Uint8Array | undefined;
}

/** A machine of minidumps. */
export interface MinidumpMachine {
  /** Its name in CRIU's images. */
  readonly architecture: string;
  readonly elfMachine: number;
  /** `teb`: what the thread's entry has there. Undefined when the context is too short, or another machine's. */
  registers(context: Uint8Array, teb: bigint): ThreadRegisters | undefined;
}

/** CONTEXT of `winnt.h` for x64: where its parts are. */
const AMD64 = { flags: 48, segments: 56, eflags: 68, integers: 120, rip: 248, fxsave: 256 } as const;
const AMD64_BIT = 0x10_0000;
const AMD64_FLOATING = 8;
const FXSAVE = 512;
const INTEGERS = "ax cx dx bx sp bp si di r8 r9 r10 r11 r12 r13 r14 r15".split(" ");
const SEGMENTS = "cs ds es fs gs ss".split(" ");
/** Of a thread that isn't in a system call. */
const NO_SYSTEM_CALL = (1n << 64n) - 1n;

function amd64(context: Uint8Array, teb: bigint): ThreadRegisters | undefined {
  if (context.length < AMD64.fxsave) return undefined;
  const flags = new Cursor(context, true, AMD64.flags).u32();
  if ((flags & AMD64_BIT) === 0) return undefined;
  const words = (names: readonly string[], at: number, size: 2 | 8): Record<string, bigint> => {
    const cursor = new Cursor(context, true, at);
    return Object.fromEntries(names.map((name) => [name, cursor.unsigned(size)]));
  };
  const floating = context.subarray(AMD64.fxsave, AMD64.fxsave + FXSAVE);
  return {
    general: {
      ...words(SEGMENTS, AMD64.segments, 2),
      ...words(INTEGERS, AMD64.integers, 8),
      ip: new Cursor(context, true, AMD64.rip).u64(),
      flags: BigInt(new Cursor(context, true, AMD64.eflags).u32()),
      // The format has no place for it.
      fs_base: teb,
      gs_base: 0n,
      orig_ax: NO_SYSTEM_CALL,
    },
    fxsave: (flags & AMD64_FLOATING) !== 0 && floating.length === FXSAVE ? floating : undefined,
  };
}

/** ARM64_NT_CONTEXT has flags of 32 bits, and `cpsr` beside them; Breakpad's older form 64, and it behind. */
const ARM64 = { integers: 8, cpsr: 4, oldCpsr: 272 } as const;
const ARM64_BIT = 0x40_0000;
const ARM64_OLD_BIT = 0x8000_0000n;
const X_REGISTERS = Array.from({ length: 31 }, (_, index) => `x${index}`);

function arm64(context: Uint8Array): ThreadRegisters | undefined {
  if (context.length < ARM64.oldCpsr + 4) return undefined;
  const wide = new Cursor(context, true).u64();
  const isOld = (wide & ARM64_OLD_BIT) !== 0n;
  if (!isOld && (new Cursor(context, true).u32() & ARM64_BIT) === 0) return undefined;
  const cursor = new Cursor(context, true, ARM64.integers);
  const general = Object.fromEntries([...X_REGISTERS, "sp", "pc"].map((name) => [name, cursor.u64()]));
  const pstate = new Cursor(context, true, isOld ? ARM64.oldCpsr : ARM64.cpsr).u32();
  return { general: { ...general, pstate: BigInt(pstate) }, fxsave: undefined };
}

/** By `ProcessorArchitecture`; 0x8003 is Breakpad's own number, from before Microsoft had one. */
export const MINIDUMP_MACHINES: Readonly<Record<number, MinidumpMachine>> = {
  9: { architecture: "X86_64", elfMachine: 62, registers: amd64 },
  12: { architecture: "AARCH64", elfMachine: 183, registers: arm64 },
  0x8003: { architecture: "AARCH64", elfMachine: 183, registers: arm64 },
};
