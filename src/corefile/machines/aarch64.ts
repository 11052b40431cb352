import { NT } from "../../memory/index.ts";
import { BytesWriter } from "../bytes-writer.ts";
import type { Machine, Note, ProcessFacts } from "./machine.ts";

const AT_HWCAP = 16n;
/** The processor signs addresses (`arch/arm64/include/uapi/asm/hwcap.h`). */
const HWCAP_PACA = 1n << 30n;
/** Bit 55 tells the kernel's addresses from the user's; those above may hold a tag. */
const TOP = 55n;
const VREGS = 64;
const GENERAL = 31;

/** 64-bit Arm (`arch/arm64/include/uapi/asm/ptrace.h: user_pt_regs, user_fpsimd_state`). */
export const AARCH64: Machine = {
  elfMachine: 183,
  word: 8,
  general: [...Array.from({ length: GENERAL }, (_, index) => `x${index}`), "sp", "pc", "pstate"],
  hasShortIds: false,
  registerNotes: ({ floating, tls }, facts) => {
    const simd = new BytesWriter(8);
    for (let index = 0; index < VREGS; index++) simd.u64(floating["vregs"]?.[index] ?? 0n);
    for (const name of ["fpsr", "fpcr"]) simd.u32(Number(BigInt.asUintN(32, floating[name]?.[0] ?? 0n)));
    // Two reserved words end the kernel's struct.
    const notes: Note[] = [{ name: "CORE", type: NT.fpregset, content: simd.u64(0n).done() }];
    if (tls !== undefined)
      notes.push({ name: "LINUX", type: NT.armTls, content: new BytesWriter(8).u64(tls).done() });
    const mask = signatureMask(facts);
    // Without it a debugger takes a signed return address for an address, and the stack ends there.
    if (mask !== undefined)
      notes.push({
        name: "LINUX",
        type: NT.armPacMask,
        content: new BytesWriter(8).u64(mask).u64(mask).done(),
      });
    return notes;
  },
};

/** `user_pac_mask`: the bits of data and code pointers that are their signature; undefined where none are signed. */
function signatureMask({ auxiliary, addressBits }: ProcessFacts): bigint | undefined {
  const capabilities = auxiliary.find(({ type }) => type === AT_HWCAP)?.value ?? 0n;
  if ((capabilities & HWCAP_PACA) === 0n) return undefined;
  return (1n << TOP) - (1n << BigInt(addressBits));
}
