import { BytesWriter } from "../bytes-writer.ts";
import type { Machine, Note } from "./machine.ts";

const NT_FPREGSET = 2;
const NT_ARM_TLS = 0x401;
const VREGS = 64;
const GENERAL = 31;

/** 64-bit Arm (`arch/arm64/include/uapi/asm/ptrace.h: user_pt_regs, user_fpsimd_state`). */
export const AARCH64: Machine = {
  elfMachine: 183,
  word: 8,
  general: [...Array.from({ length: GENERAL }, (_, index) => `x${index}`), "sp", "pc", "pstate"],
  hasShortIds: false,
  registerNotes: ({ floating, tls }) => {
    const simd = new BytesWriter(8);
    for (let index = 0; index < VREGS; index++) simd.u64(floating["vregs"]?.[index] ?? 0n);
    for (const name of ["fpsr", "fpcr"]) simd.u32(Number(BigInt.asUintN(32, floating[name]?.[0] ?? 0n)));
    // Two reserved words end the kernel's struct.
    const notes: Note[] = [{ name: "CORE", type: NT_FPREGSET, content: simd.u64(0n).done() }];
    if (tls !== undefined)
      notes.push({ name: "LINUX", type: NT_ARM_TLS, content: new BytesWriter(8).u64(tls).done() });
    return notes;
  },
};
