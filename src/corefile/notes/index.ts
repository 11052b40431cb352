import type { Process, ProcessDetails, Thread } from "../../checkpoint/index.ts";
import type { AddressSpace } from "../../memory/index.ts";
import { addressBits } from "../address-bits.ts";
import { BytesWriter } from "../bytes-writer.ts";
import { isFault } from "../faults.ts";
import type { Machine, Note } from "../machines/index.ts";
import { auxiliaryNote } from "./auxv.ts";
import { fileNote } from "./file-table.ts";
import { processNote } from "./prpsinfo.ts";
import { statusNotes } from "./prstatus.ts";

export interface NoteSources {
  readonly process: Process;
  readonly details: ProcessDetails;
  /** The current one first. */
  readonly threads: readonly Thread[];
  readonly space: AddressSpace;
}

/** Everything that the PT_NOTE segment holds, thread by thread; what is the process's comes with the first. */
export function coreNotes({ process, details, threads, space }: NoteSources, machine: Machine): Uint8Array {
  const shared = [
    processNote(process, details, machine),
    auxiliaryNote(details, machine),
    fileNote(space, machine),
  ];
  const facts = { auxiliary: details.auxiliary, addressBits: addressBits(space) };
  const fault = threads[0]?.pending.find(isFault)?.signal;
  const notes = threads.flatMap((thread, index) => {
    const [status, ...rest] = statusNotes(thread, process, details, { machine, fault });
    const own = thread.registers ? machine.registerNotes(thread.registers, facts) : [];
    return [...(status ? [status] : []), ...(index === 0 ? shared : []), ...rest, ...own];
  });
  const writer = new BytesWriter(machine.word);
  for (const note of notes) addNote(writer, note);
  return writer.done();
}

/** Name and content, each padded to four bytes, behind their sizes. */
function addNote(writer: BytesWriter, { name, type, content }: Note): void {
  const text = Buffer.from(`${name}\0`);
  writer.u32(text.length).u32(content.length).u32(type);
  writer.bytes(text).align(4).bytes(content).align(4);
}
