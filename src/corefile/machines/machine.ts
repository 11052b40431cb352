import type { AuxiliaryValue, Registers } from "../../checkpoint/index.ts";

/** A note of an ELF core. */
export interface Note {
  /** `CORE`, `LINUX`. */
  readonly name: string;
  readonly type: number;
  readonly content: Uint8Array;
}

/** What some notes of a thread are made of beside its registers. */
export interface ProcessFacts {
  readonly auxiliary: readonly AuxiliaryValue[];
  /** Bits of a user address. */
  readonly addressBits: number;
}

/** What a core file of one machine looks like. */
export interface Machine {
  /** `e_machine`. */
  readonly elfMachine: number;
  /** Bytes of a word: 8 is ELFCLASS64. */
  readonly word: 4 | 8;
  /** Names of the general registers in the order of `elf_gregset_t`. What an image doesn't have is 0. */
  readonly general: readonly string[];
  /** `pr_uid` and `pr_gid` of `elf_prpsinfo` are 16 bits wide, as on the oldest machines. */
  readonly hasShortIds: boolean;
  /** The notes of a thread's other registers, in the kernel's order. */
  registerNotes(registers: Registers, facts: ProcessFacts): readonly Note[];
}
