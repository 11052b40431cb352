import type { Process, ProcessDetails } from "../../checkpoint/index.ts";
import { NT } from "../../memory/index.ts";
import { BytesWriter } from "../bytes-writer.ts";
import type { Machine, Note } from "../machines/index.ts";

const NAME = 16;
const ARGUMENTS = 80;

/** Number and letter of a state, as the kernel's `fill_psinfo` has them. */
const STATES: Readonly<Record<Process["state"], readonly [number, string]>> = {
  running: [0, "R"],
  stopped: [3, "T"],
  zombie: [5, "Z"],
  unknown: [0, "R"],
};

/** `elf_prpsinfo` of a process (`include/linux/elfcore.h`). */
export function processNote(process: Process, details: ProcessDetails, machine: Machine): Note {
  const { leader, flags } = details;
  const [state, letter] = STATES[process.state];
  const isZombie = process.state === "zombie" ? 1 : 0;
  const writer = new BytesWriter(machine.word);
  writer
    .u8(state)
    .u8(letter.charCodeAt(0))
    .u8(isZombie)
    .u8(leader.scheduling?.nice ?? 0);
  writer.align(machine.word).long(BigInt(flags ?? 0));
  for (const id of [leader.credentials?.uid ?? 0, leader.credentials?.gid ?? 0])
    if (machine.hasShortIds) writer.u16(id);
    else writer.u32(id);
  writer.u32(process.pid).u32(process.ppid).u32(process.pgid).u32(process.sid);
  // The kernel makes the NUL behind each argument a space.
  const words = process.cmdline.map((argument) => `${argument} `).join("");
  writer.text(process.comm, NAME).text(words, ARGUMENTS);
  return { name: "CORE", type: NT.prpsinfo, content: writer.done() };
}
