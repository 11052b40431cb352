import { corefileErrors } from "../errors.ts";
import { AARCH64 } from "./aarch64.ts";
import { ARM } from "./arm.ts";
import type { Machine } from "./machine.ts";
import { X86_64 } from "./x86-64.ts";

export type { Machine, Note, ProcessFacts } from "./machine.ts";

/** Machines that cores can be written for, by `core_entry.march`. A new one is a file and a row. */
export const MACHINES: Readonly<Record<string, Machine>> = { X86_64, AARCH64, ARM };

/** Throws `corefile.machine`. */
export function machineOf(architecture: string, compat: boolean): Machine {
  const machine = compat ? undefined : MACHINES[architecture];
  if (machine === undefined)
    throw corefileErrors.machine(compat ? `32-bit programs on ${architecture}` : architecture);
  return machine;
}
