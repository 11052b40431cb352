// What several files of /proc/PID say of a thread: its state, its memory in sums, its signals.
import type { PendingSignal, ProcessDetails, Thread } from "../checkpoint/index.ts";
import type { MessageMap } from "../criu/index.ts";
import type { Task } from "./model.ts";

type Mm = MessageMap["mm_entry"];

/** What belongs to the whole process. */
export const detailsOf = ({ checkpoint, images, process: { pid } }: Task): Promise<ProcessDetails> =>
  images.keep(`details ${pid}`, async () => (await checkpoint.details(pid)).value);

/** The thread that the file is of; undefined where its image is missing. */
export async function threadOf(task: Task): Promise<Thread | undefined> {
  const { checkpoint, images, process, tid } = task;
  if (tid === process.pid) return (await detailsOf(task)).leader;
  const threads = await images.keep(`threads ${process.pid}`, async () => {
    const { value } = await checkpoint.threads(process.pid);
    return new Map(value.map((thread) => [thread.tid, thread]));
  });
  return threads.get(tid);
}

/** Undefined for a zombie, which has no memory. */
export const mmOf = ({ process, images }: Task): Promise<Mm | undefined> =>
  process.state === "zombie" ? Promise.resolve(undefined) : images.one(`mm-${process.pid}.img`, "mm_entry");

/** Letter and word of `fs/proc/array.c: task_state_array`. */
const STATES = {
  running: ["R", "running"],
  sleeping: ["S", "sleeping"],
  stopped: ["T", "stopped"],
  zombie: ["Z", "zombie"],
} as const;

/**
 * CRIU stores only whether a task lives. One that was stopped inside a system call was asleep in it: a thread that
 * runs has no call to return from (`orig_ax` is -1; `arch/x86/kernel/ptrace.c`).
 */
export function stateOf(task: Task, thread: Thread | undefined): readonly [letter: string, word: string] {
  const { state } = task.process;
  if (state === "stopped" || state === "zombie") return STATES[state];
  return systemCall(thread) === undefined ? STATES.running : STATES.sleeping;
}

/** Number of the system call that a thread was in; known of x86 only. */
export function systemCall(thread: Thread | undefined): bigint | undefined {
  const value = thread?.registers?.general["orig_ax"];
  const number = value === undefined ? -1n : BigInt.asIntN(64, value);
  return number < 0n ? undefined : number;
}

/** Sizes in bytes, as `mm/mmap.c: vm_stat_account` and `fs/proc/task_mmu.c: task_mem` reckon them. */
export interface MemorySums {
  readonly total: bigint;
  readonly data: bigint;
  readonly stack: bigint;
  readonly text: bigint;
  readonly libraries: bigint;
  readonly locked: bigint;
}

const MAP_SHARED = 1;
const MAP_GROWSDOWN = 0x100;
const MAP_LOCKED = 0x2000;
const PROT_WRITE = 2;
const PROT_EXEC = 4;
const VMA_AREA_VSYSCALL = 4;
const VMA_AREA_GUARD = 1 << 16;

export function memorySums(mm: Mm, pageSize: number): MemorySums {
  const sums = { total: 0n, data: 0n, stack: 0n, executable: 0n, locked: 0n };
  for (const { start, end, prot, flags, status } of mm.vmas) {
    // The gate is no mapping of the process, and a guard region is part of another.
    if ((status & (VMA_AREA_VSYSCALL | VMA_AREA_GUARD)) !== 0) continue;
    const size = end > start ? end - start : 0n;
    const growsDown = (flags & MAP_GROWSDOWN) !== 0;
    const writable = (prot & PROT_WRITE) !== 0;
    sums.total += size;
    if (growsDown) sums.stack += size;
    else if (writable && (flags & MAP_SHARED) === 0) sums.data += size;
    else if (!writable && (prot & PROT_EXEC) !== 0) sums.executable += size;
    if ((flags & MAP_LOCKED) !== 0) sums.locked += size;
  }
  const page = BigInt(pageSize);
  const code = ((mm.mm_end_code + page - 1n) / page) * page - (mm.mm_start_code / page) * page;
  const text = code < sums.executable ? code : sums.executable;
  return { ...sums, text, libraries: sums.executable - text };
}

/** A set of those that wait, bit 0 for signal 1. */
export function pendingSet(signals: readonly PendingSignal[]): bigint {
  let set = 0n;
  for (const { signal } of signals) if (signal >= 1 && signal <= 64) set |= 1n << BigInt(signal - 1);
  return set;
}

/** `include/linux/sched/prio.h`: 0 to 99 real-time, 120 for nice 0. */
export function priorityOf(thread: Thread | undefined): number {
  const { policyId = 0, nice = 0, priority = 0 } = thread?.scheduling ?? {};
  return policyId === SCHED_FIFO || policyId === SCHED_RR ? 99 - priority : 120 + nice;
}

const SCHED_FIFO = 1;
const SCHED_RR = 2;
