// Restoring a process stopped, with engines that have no option for it: a copy of the images says that it was.
import { access, readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { openTree } from "../archive/index.ts";
import { toCryoscopeError } from "../bytes/index.ts";
import { openCheckpoint } from "../checkpoint/index.ts";
import type { ContainerDetails, Engine, EngineWork, RestoreOptions, Snapshot } from "../engine/index.ts";
import { liveErrors } from "./errors.ts";
import { runInside } from "./inside.ts";
import { programsOf } from "./programs.ts";
import type { Program } from "./programs.ts";
import { chooseProgram } from "./runtimes/index.ts";
import type { RuntimeId } from "./runtimes/runtime.ts";
import { stoppedCopy } from "./stopped-copy.ts";

interface Wanted {
  readonly pid: number | undefined;
  readonly runtime: RuntimeId | "auto";
}

export interface Held {
  readonly container: ContainerDetails;
  /** The processes that are stopped, as the container numbers them. */
  readonly held: readonly number[];
  /** It may stand at the start of the handler of a signal that waited for it when it was frozen. */
  readonly isSignalled: boolean;
}

/**
 * Restores a snapshot with one process stopped before its first instruction after the freeze: all other processes run.
 * What is copied for that is gone when this returns, however it does. Throws `debug.cannotStop`, and what the restore
 * throws.
 */
export async function restoreStopped(
  engine: Engine,
  snapshot: Snapshot,
  options: RestoreOptions,
  wanted: Wanted,
  work: EngineWork,
): Promise<Held> {
  const { path } = await engine.locate(snapshot, work);
  if (path === undefined) throw liveErrors.cannotStop(engine.name);
  const pid = wanted.pid ?? (await frozenProcess(path, wanted, snapshot.container.name));
  const copy = await stoppedCopy(snapshot, path, pid, work.noteFiles).catch((error: unknown) => {
    throw liveErrors.cannotStop(engine.name, toCryoscopeError(error).message, error);
  });
  try {
    const { container } = await engine.restore(copy.snapshot, options, work);
    return { container, held: [pid], isSignalled: copy.isSignalled };
  } finally {
    await copy.remove();
  }
}

/** Lets go of processes that are stopped; those that run already, or are gone, are left alone. */
export async function continueProcesses(
  engine: Pick<Engine, "capabilities" | "exec" | "inspect" | "name">,
  container: ContainerDetails,
  pids: readonly number[],
): Promise<void> {
  const now = await engine.inspect(container.id).catch(() => undefined);
  if (now?.state !== "running" && now?.state !== "paused") return;
  for (const { pid, hostPid } of await programsOf(now, engine)) {
    if (!pids.includes(pid)) continue;
    if (hostPid === undefined) await runInside(engine, container, ["kill", "-CONT", `${pid}`]);
    else if (await isLeftStopped(hostPid)) process.kill(hostPid, "SIGCONT");
  }
}

const TRACED_MILLISECONDS = 15_000;

/**
 * Makes a stopped process one that a debugger alone holds, once it does: it stays where it is. Else it would be stopped
 * again when the debugger leaves, and gdb would take its stop for a signal of the program's own.
 */
export async function leaveToTracer({ hostPid }: Pick<Program, "hostPid">): Promise<void> {
  if (hostPid === undefined) return;
  const end = performance.now() + TRACED_MILLISECONDS;
  while (performance.now() < end) {
    const states = await threadStates(hostPid);
    if (states.length === 0) return;
    // "t": by the tracer; one that is about to attach still waits for the stop, and a thread that it hasn't yet would run.
    if (allAre("t", states)) return void process.kill(hostPid, "SIGCONT");
    await sleep(20);
  }
}

/**
 * Takes stops and continuations that wait for a held process from its queue, when its debugger has left: CRIU can't restore
 * one for which SIGCONT waits (4.2). Each of the two signals removes the other, and the second isn't kept (signal(7)).
 */
export function clearStops({ hostPid }: Pick<Program, "hostPid">): void {
  if (hostPid === undefined) return;
  process.kill(hostPid, "SIGSTOP");
  process.kill(hostPid, "SIGCONT");
}

/**
 * Refuses to freeze a container with a stopped process on a machine with cgroup v1: CRIU freezes the cgroup first and
 * then attaches to each process, which for a stopped one waits for it to move (`ptrace_attach`, JOBCTL_TRAPPING). Both
 * wait for ever then, and the engine with them. Throws `debug.stoppedProcess`.
 */
export async function assertNoneStopped(
  engine: Engine,
  container: ContainerDetails,
  freezer = "/sys/fs/cgroup/freezer",
): Promise<void> {
  const isOld = await access(freezer).then(
    () => true,
    () => false,
  );
  if (!isOld) return;
  for (const { pid, hostPid } of await programsOf(container, engine))
    if (hostPid !== undefined && (await isStopped(hostPid)))
      throw liveErrors.stoppedProcess(container.name, pid);
}

const LEAVE_MILLISECONDS = 5000;

/** Whether it is stopped by a signal, also when a debugger that holds it just now leaves in a moment. */
async function isLeftStopped(hostPid: number): Promise<boolean> {
  const end = performance.now() + LEAVE_MILLISECONDS;
  for (;;) {
    const status = await readFile(`/proc/${hostPid}/status`, "utf8").catch(() => "");
    if (/^State:\s+T /m.test(status)) return true;
    if (!/^State:\s+t /m.test(status) || performance.now() > end) return false;
    await sleep(20);
  }
}

/** Whether a process of this machine is stopped by a signal, and not held by a debugger. */
export async function isStopped(hostPid: number): Promise<boolean> {
  const status = await readFile(`/proc/${hostPid}/status`, "utf8").catch(() => "");
  return /^State:\s+T /m.test(status);
}

/** The same of all its threads: none of them is still on its way to the stop. */
export const isWhollyStopped = async (hostPid: number): Promise<boolean> =>
  allAre("T", await threadStates(hostPid));

/** The letters of the states of a process's threads (proc_pid_status(5)); none when it is gone. */
async function threadStates(hostPid: number): Promise<readonly string[]> {
  const folder = `/proc/${hostPid}/task`;
  const states: string[] = [];
  for (const thread of await readdir(folder).catch(() => [])) {
    const status = await readFile(`${folder}/${thread}/status`, "utf8").catch(() => "");
    const state = /^State:\s+(\S)/m.exec(status)?.[1];
    // One that ends has no more to do.
    if (state !== undefined && !"ZX".includes(state)) states.push(state);
  }
  return states;
}

const allAre = (letter: string, states: readonly string[]): boolean =>
  states.length > 0 && states.every((state) => state === letter);

/** The process that would be debugged, by what was frozen. */
async function frozenProcess(path: string, { runtime }: Wanted, container: string): Promise<number> {
  const checkpoint = await openCheckpoint(await openTree(path));
  try {
    const programs = checkpoint.processes.map(({ pid, comm, cmdline }) => ({
      ...{ pid, hostPid: undefined, argv: cmdline },
      exe: cmdline[0] ?? comm,
    }));
    return chooseProgram(programs, { runtime }, container).program.pid;
  } finally {
    await checkpoint.close();
  }
}
