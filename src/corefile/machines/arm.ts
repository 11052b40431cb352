import { NT } from "../../memory/index.ts";
import { BytesWriter } from "../bytes-writer.ts";
import type { Machine } from "./machine.ts";

const VFP_REGISTERS = 32;

/** 32-bit Arm (`arch/arm/include/asm/ptrace.h`, `arch/arm/include/asm/user.h: user_vfp`). */
export const ARM: Machine = {
  elfMachine: 40,
  word: 4,
  general: "r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 r10 fp ip sp lr pc cpsr orig_r0".split(" "),
  hasShortIds: true,
  registerNotes: ({ floating }) => {
    const vfp = new BytesWriter(4);
    for (let index = 0; index < VFP_REGISTERS; index++) vfp.u64(floating["vfp_regs"]?.[index] ?? 0n);
    vfp.u32(Number(BigInt.asUintN(32, floating["fpscr"]?.[0] ?? 0n)));
    return [{ name: "LINUX", type: NT.armVfp, content: vfp.done() }];
  },
};
