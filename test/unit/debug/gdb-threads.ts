// What gdb 13.1 says of test/fixtures/memory/elfcore: `thread apply all bt` on the core that criu-coredump made of it.
// Each thread: its LWP, then its frames from the innermost as address and function. `(gdb) info threads` lists nine.

type GdbFrame = readonly [address: string, name: string];

/** What all of them are in: a sleep. */
const SLEEP: readonly GdbFrame[] = [
  ["44403e", "__syscall_cancel_arch"],
  ["4423b8", "__internal_syscall_cancel"],
  ["46beba", "clock_nanosleep"],
  ["456af3", "nanosleep"],
];

const WORKER: readonly GdbFrame[] = [
  ...SLEEP,
  ["424523", "usleep"],
  ["4017b9", "busy_step"],
  ["4017f6", "run"],
  ["411088", "start_thread"],
  ["424698", "__clone3"],
];

/** gdb stops at main; behind it lie `__libc_start_call_main`, `__libc_start_main` and `_start` of `nm threads`. */
const MAIN: readonly GdbFrame[] = [
  ...SLEEP,
  ["423a38", "sleep"],
  ["401827", "depth3"],
  ["401844", "depth2"],
  ["401993", "main"],
];

/** Lines of threads.c by the address of the frame, where gdb has them. */
export const GDB_LINES: Readonly<Record<string, number>> = {
  "4017b9": 10,
  "4017f6": 11,
  "401827": 12,
  "401844": 13,
  "401993": 18,
};

export const GDB_THREADS: ReadonlyMap<number, readonly GdbFrame[]> = new Map([
  [1, MAIN],
  ...[6, 7, 8, 9, 10, 11, 12, 13].map((lwp) => [lwp, WORKER] as const),
]);

/** `run (arg=…)` of each worker's frame 6: the address of its `struct worker`. */
export const GDB_WORKERS: ReadonlyMap<number, bigint> = new Map([
  [6, 0x30906940n],
  [7, 0x30906968n],
  [8, 0x30906990n],
  [9, 0x309069b8n],
  [10, 0x309069e0n],
  [11, 0x30906a08n],
  [12, 0x30906a30n],
  [13, 0x30906a58n],
]);
