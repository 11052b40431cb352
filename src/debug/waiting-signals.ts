// Signals that wait for the threads of a process that is frozen, and that would be taken before one that stops it.
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";

const SIGSTOP = 19;
/** The number of tgkill in the calls of the kernel (`arch/x86/entry/syscalls`, `asm-generic/unistd.h`). */
const TGKILL: Readonly<Partial<Record<NodeJS.Architecture, number>>> = { x64: 234, arm64: 131, arm: 268 };

/**
 * Programs that call the kernel by number, since Node sends signals to whole processes only: the command, and what makes
 * of the numbers after it (of the call, of the process, of its threads) that many calls. A thread that is gone needs none
 * (ESRCH, 3); any other refusal ends them with a status that isn't 0. Python's `-I` keeps modules of the working folder out.
 */
const CALLERS: readonly (readonly string[])[] = [
  [
    "perl",
    "-e",
    "my ($call, $pid, @threads) = map { $_ + 0 } @ARGV; for (@threads) { exit 1 if syscall($call, $pid, $_, 19) < 0 && $! != 3 }",
  ],
  [
    "python3",
    "-I",
    "-c",
    [
      "import ctypes, sys",
      "call, pid, *threads = map(ctypes.c_long, map(int, sys.argv[1:]))",
      "libc = ctypes.CDLL(None, use_errno=True)",
      "for thread in threads:",
      "    if libc.syscall(call, pid, thread, ctypes.c_long(19)) < 0 and ctypes.get_errno() != 3: sys.exit(1)",
    ].join("\n"),
  ],
];

/** What waits for a thread and has a handler: bits by the signals' numbers, less one (`proc_pid_status(5)`). */
interface Waiting {
  readonly thread: number;
  /** For this thread alone: taken before what waits for the process. */
  readonly own: bigint;
  readonly shared: bigint;
}

/** Bits of the signals whose numbers are under SIGSTOP's: of two that wait in one queue the lower is taken first. */
const BEFORE_STOP = (1n << BigInt(SIGSTOP - 1)) - 1n;

/**
 * Tells the threads of a frozen process to stop for whom a signal of their own waits: else such a thread would come to that
 * signal first, and stand at the start of its handler when it is stopped by a signal to the process. Go's runtime sends
 * SIGURG to a thread that stands at a breakpoint, to let other goroutines run (`preemptM`). False when a handler may be
 * entered all the same: nothing here can stop a single thread, or what waits has a lower number.
 */
export async function stopBeforeSignals(hostPid: number): Promise<boolean> {
  const waiting = await waitingSignals(hostPid);
  const threads = waiting.filter(({ own }) => own !== 0n).map(({ thread }) => thread);
  const isLate = waiting.some(({ own, shared }) => ((own | shared) & BEFORE_STOP) !== 0n);
  if (threads.length === 0) return !isLate;
  const call = TGKILL[process.arch];
  if (call === undefined) return false;
  const numbers = [call, hostPid, ...threads].map(String);
  for (const [program = "", ...args] of CALLERS)
    if (await runs(program, [...args, ...numbers])) return !isLate;
  return false;
}

const READ_AT_ONCE = 64;

async function waitingSignals(hostPid: number): Promise<readonly Waiting[]> {
  const folder = `/proc/${hostPid}/task`;
  const names = await readdir(folder).catch(() => []);
  const all: Waiting[] = [];
  // A container may have as many threads as it likes: their files aren't open all at once.
  for (let start = 0; start < names.length; start += READ_AT_ONCE)
    all.push(...(await Promise.all(names.slice(start, start + READ_AT_ONCE).map(waiting))));
  return all;

  async function waiting(name: string): Promise<Waiting> {
    const status = await readFile(`${folder}/${name}/status`, "utf8").catch(() => "");
    const bits = (field: string): bigint =>
      BigInt(`0x${new RegExp(`^${field}:\\t([0-9a-f]+)$`, "m").exec(status)?.[1] ?? "0"}`);
    const taken = bits("SigCgt") & ~bits("SigBlk");
    return { thread: Number(name), own: bits("SigPnd") & taken, shared: bits("ShdPnd") & taken };
  }
}

function runs(program: string, args: readonly string[]): Promise<boolean> {
  return new Promise<boolean>((resolve) => {
    execFile(program, args, { timeout: 10_000 }, (error) => {
      resolve(error === null);
    });
    // Some refusals of the system, such as that of too many arguments (E2BIG), are thrown at once.
  }).catch(() => false);
}
