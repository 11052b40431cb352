// What a debugger shows is what is frozen: the container is held from before the debugger lets go until the freeze is over.
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Engine } from "../engine/index.ts";
import { freezerOf, thaw } from "./freezer.ts";
import { HELPER_MARK } from "./inside.ts";
import type { LiveSession } from "./live-session.ts";
import { programsOf } from "./programs.ts";
import type { Program } from "./programs.ts";
import { continueProcesses, isWhollyStopped } from "./stopped.ts";
import { stopBeforeSignals } from "./waiting-signals.ts";

/**
 * Lets the container run again. May be called twice. With `stopped` the debugged process gets SIGSTOP before it can move,
 * for a debugger that traces it to find it where it was; false when it may stand in the handler of a signal that waited.
 */
export type LetGo = (stopped?: boolean) => Promise<boolean>;

/**
 * Holds all processes of the container by its cgroup's freezer, but not the debuggers in it, which still have to say
 * good-bye. Undefined when that can't be done: the engine can't freeze what is held, the process isn't seen on this
 * machine, its cgroup may not be written; or a debugger that traces it would have to stop it first, which one that is held never is.
 */
export async function holdContainer(
  engine: Pick<Engine, "capabilities" | "holds">,
  { container, program }: Pick<LiveSession, "container" | "program">,
): Promise<LetGo | undefined> {
  const { holds } = engine;
  if (program.hostPid === undefined || holds === undefined) return undefined;
  const freezer = await freezerOf(container.id, program.hostPid);
  if (freezer === undefined) return undefined;
  const programs = await programsOf(container, engine);
  const own = await Promise.all(programs.map(isHelper));
  const frozen = programs.filter((_one, index) => own[index] === false);
  for (const one of frozen) if (await runsTraced(one)) return undefined;
  await freezer.moveOut(programs.flatMap(({ hostPid }, index) => (own[index] && hostPid ? [hostPid] : [])));
  if (holds === "freezer")
    return (await freezer.freeze()) ? once(program.hostPid, () => freezer.thaw()) : undefined;
  await holds.pause(container.id);
  return once(program.hostPid, () => holds.resume(container.id));
}

function once(hostPid: number, run: () => Promise<void>): LetGo {
  let done: Promise<boolean> | undefined;
  return (stopped = false) => (done ??= stopped ? stopFirst(hostPid, run) : run().then(() => true));
}

const STOP_MILLISECONDS = 2000;

/** A signal reaches a process that is frozen as soon as it isn't, before its next instruction; what waits comes first. */
async function stopFirst(hostPid: number, run: () => Promise<void>): Promise<boolean> {
  let isFirst = false;
  try {
    isFirst = await stopBeforeSignals(hostPid);
    process.kill(hostPid, "SIGSTOP");
  } finally {
    // What was killed meanwhile takes no signal; the others of the container must not stay frozen for it.
    await run();
  }
  const end = performance.now() + STOP_MILLISECONDS;
  while (!(await isWhollyStopped(hostPid)) && performance.now() < end) await sleep(10);
  return isFirst;
}

/**
 * Lets a container go that an editor held which is no more: by its engine's own call, its cgroup's freezer, and by a signal
 * where its processes are stopped. One that runs is left alone.
 */
export async function letGoOf(
  engine: Pick<Engine, "capabilities" | "exec" | "holds" | "inspect" | "name">,
  id: string,
): Promise<void> {
  const container = await engine.inspect(id);
  const programs = await programsOf(container, engine);
  if (engine.holds === "freezer") {
    for (const { hostPid } of programs)
      if (hostPid !== undefined && (await thaw(container.id, hostPid))) break;
  } else if (container.state === "paused") await engine.holds?.resume(container.id);
  const able = programs.filter(({ hostPid }) => hostPid !== undefined || engine.exec !== undefined);
  await continueProcesses(
    engine,
    container,
    able.map(({ pid }) => pid),
  );
}

async function isHelper({ hostPid }: Program): Promise<boolean> {
  const environment = await readFile(`/proc/${hostPid ?? 0}/environ`, "utf8").catch(() => "");
  return environment.split("\0").includes(HELPER_MARK);
}

/** Whether a debugger traces a thread of it that isn't stopped just now (`State: t`, proc_pid_status(5)). */
async function runsTraced({ hostPid }: Program): Promise<boolean> {
  const folder = `/proc/${hostPid ?? 0}/task`;
  for (const thread of await readdir(folder).catch(() => [])) {
    const status = await readFile(`${folder}/${thread}/status`, "utf8").catch(() => "");
    if (/^TracerPid:\t[1-9]/m.test(status) && !/^State:\tt /m.test(status)) return true;
  }
  return false;
}
