import type { Checkpoint } from "../checkpoint/index.ts";
import type { CheckpointMemory } from "../memory/index.ts";
import { coreHead } from "./elf-header.ts";
import { corefileErrors } from "./errors.ts";
import { isFault } from "./faults.ts";
import { machineOf } from "./machines/index.ts";
import { coreNotes } from "./notes/index.ts";
import { coreSegments } from "./segments.ts";

/** A place to write a file to, at any offset. What is never written reads as zeros. */
export interface CoreSink {
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** The length of the whole file. */
  end(size: number): Promise<void>;
}

export interface CoreOptions {
  readonly signal?: AbortSignal;
  /** Told as the file grows: bytes written, of how many. */
  readonly progress?: (done: number, of: number) => void;
}

export interface CoreSummary {
  /** Bytes of the file; holes take no room on disk. */
  readonly size: number;
  readonly threads: number;
  /** PT_LOAD segments. */
  readonly segments: number;
  /** Bytes of memory in the file, zeros not counted. */
  readonly stored: number;
}

/** Bytes read at once; memory does not grow with the process. */
const STEP = 4 * 1024 * 1024;

/**
 * Writes a frozen process as an ELF core, as the kernel would have at the moment of the dump (`fs/binfmt_elf.c`), piece
 * by piece. Throws `corefile.machine`, `corefile.noRegisters`, what reading throws, and what `sink` throws.
 */
export async function writeCore(
  checkpoint: Checkpoint,
  memory: CheckpointMemory,
  pid: number,
  sink: CoreSink,
  { signal, progress }: CoreOptions = {},
): Promise<CoreSummary> {
  const space = await memory.space(pid);
  const process = checkpoint.process(pid);
  const details = (await checkpoint.details(pid)).value;
  const { registers } = details.leader;
  if (process === undefined || registers === undefined) throw corefileErrors.noRegisters(pid);
  const machine = machineOf(registers.architecture, registers.compat);
  // Debuggers take the first for the current one, as the kernel puts the thread first that got the signal.
  const threads = (await checkpoint.threads(pid)).value.toSorted(
    (a, b) =>
      Number(b.pending.some(isFault)) - Number(a.pending.some(isFault)) ||
      Number(b.leader) - Number(a.leader),
  );
  const segments = await coreSegments(space, signal);
  const head = coreHead(
    machine,
    coreNotes({ process, details, threads, space }, machine),
    segments,
    space.pageSize,
  );
  await sink.write(0, head.bytes);
  let stored = 0;
  for (const [index, { start, stored: end }] of segments.entries()) {
    const offset = head.offsets[index] ?? 0;
    for (let at = start; at < end; at += BigInt(STEP)) {
      signal?.throwIfAborted();
      const length = Math.min(STEP, Number(end - at));
      for (const { address, bytes, origin } of await space.read(at, length)) {
        // Zeros are what a hole reads as.
        if (bytes === undefined || origin.kind === "zero") continue;
        await sink.write(offset + Number(address - start), bytes);
        stored += bytes.length;
      }
      progress?.(offset + Number(at - start), head.size);
    }
  }
  await sink.end(head.size);
  return { size: head.size, threads: threads.length, segments: segments.length, stored };
}
