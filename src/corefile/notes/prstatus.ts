import type { Process, ProcessDetails, Thread } from "../../checkpoint/index.ts";
import { NT } from "../../memory/index.ts";
import { BytesWriter } from "../bytes-writer.ts";
import type { Machine, Note } from "../machines/index.ts";

const SIGINFO = 128;
/** Bytes of the four times of `elf_prstatus`, in words: two each. */
const TIMES = 8;
const SIGNAL_MASK = 0xffff_ffff_ffff_ffffn;

/**
 * `elf_prstatus` of a thread: ids, signals, general registers (`include/linux/elfcore.h`). Times are 0: a dump has none.
 * The current signal is one that waits for the thread, else the fault of another, which the kernel tells of every thread
 * (debuggers take the last one's for the process's), else the one that stopped the process, else 0.
 */
export function statusNotes(
  thread: Thread,
  process: Process,
  details: ProcessDetails,
  { machine, fault }: { readonly machine: Machine; readonly fault: number | undefined },
): readonly Note[] {
  const [waiting] = [...thread.pending, ...(thread.leader ? details.signals.pending : [])];
  const stopped = process.state === "stopped" ? details.stopSignal : 0;
  const own = waiting?.signal ?? stopped;
  const signal = waiting?.signal ?? fault ?? stopped;
  const { word } = machine;
  const writer = new BytesWriter(word);
  // si_signo, si_code, si_errno of elf_siginfo, then the current signal.
  writer.u32(signal).u32(0).u32(0).u16(signal).align(word);
  const pending = thread.pending.reduce(
    (bits, each) => bits | (1n << BigInt(Math.max(0, each.signal - 1))),
    0n,
  );
  writer.long(pending & SIGNAL_MASK).long(thread.blocked.bits & SIGNAL_MASK);
  writer.u32(thread.tid).u32(process.ppid).u32(process.pgid).u32(process.sid);
  for (let index = 0; index < TIMES; index++) writer.long(0n);
  for (const name of machine.general) writer.long(thread.registers?.general[name] ?? 0n);
  // pr_fpvalid.
  writer.u32(1).align(word);
  const siginfo = waiting?.siginfo ?? signalAlone(own);
  return [
    { name: "CORE", type: NT.prstatus, content: writer.done() },
    { name: "CORE", type: NT.siginfo, content: new BytesWriter(word).bytes(siginfo).padTo(SIGINFO).done() },
  ];
}

const signalAlone = (signal: number): Uint8Array => new BytesWriter(8).u32(signal).padTo(SIGINFO).done();
