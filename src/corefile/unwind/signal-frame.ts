import type { AddressSpace } from "../../memory/index.ts";
import type { Machine } from "../dwarf/registers.ts";
import type { ReadWord, Step } from "./step.ts";

/** What returns from a signal's handler, on one machine, and where the kernel kept the registers meanwhile. */
interface Trampoline {
  /** `rt_sigreturn`, as every library has it. */
  readonly code: readonly Uint8Array[];
  /** From the stack pointer to the registers, in the order in which they lie there, by DWARF's numbers. */
  readonly offset: number;
  readonly order: readonly number[];
}

const TRAMPOLINES: Readonly<Record<string, Trampoline>> = {
  // mov $15, %rax or %eax; syscall. sigcontext of arch/x86/include/uapi/asm/sigcontext.h, behind 40 bytes of ucontext.
  X86_64: {
    code: [Buffer.from("48c7c00f0000000f05", "hex"), Buffer.from("b80f0000000f05", "hex")],
    offset: 40,
    order: [8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7, 16],
  },
  // mov x8, #139; svc #0. Behind 128 bytes of siginfo, 176 of ucontext and the address of the fault
  // (arch/arm64/kernel/signal.c: rt_sigframe). The vDSO has no call frame information for it.
  AARCH64: {
    code: [Buffer.from("681180d2010000d4", "hex")],
    offset: 128 + 176 + 8,
    order: Array.from({ length: 33 }, (_, number) => number),
  },
};

/** Where the program counter is in AARCH64's order; DWARF's column 30 holds the return address there. */
const AARCH64_COUNTER = 32;

/**
 * What a signal interrupted, where `programCounter` is at the return from its handler: by what the kernel put on the
 * stack. For libraries that have no call frame information for it, such as musl, Go and the vDSO of arm64.
 */
export async function stepBySignalFrame(
  machine: Machine,
  space: AddressSpace,
  { programCounter, registers }: { readonly programCounter: bigint; readonly registers: Step["registers"] },
  word: ReadWord,
): Promise<Step | undefined> {
  const trampoline = TRAMPOLINES[machine.architecture];
  const stack = registers.get(machine.stackPointer);
  if (trampoline === undefined || stack === undefined) return undefined;
  const isThere = async (code: Uint8Array): Promise<boolean> =>
    Buffer.from(await space.readBytes(programCounter, code.length)).equals(code);
  let found = false;
  for (const code of trampoline.code) found ||= await isThere(code);
  if (!found) return undefined;
  const interrupted = new Map<number, bigint>();
  for (const [index, number] of trampoline.order.entries()) {
    const value = await word(stack + BigInt(trampoline.offset + index * 8));
    if (value === undefined) return undefined;
    interrupted.set(number, value);
  }
  const counter = machine.pushesReturn ? machine.returnAddress : AARCH64_COUNTER;
  return {
    registers: interrupted,
    programCounter: interrupted.get(counter) ?? 0n,
    cfa: interrupted.get(machine.stackPointer),
    isSignalFrame: true,
  };
}
