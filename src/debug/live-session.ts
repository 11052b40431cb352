import { randomBytes } from "node:crypto";
import type {
  ContainerDetails,
  Engine,
  EngineProgress,
  EngineWork,
  RestoreOptions,
  Snapshot,
} from "../engine/index.ts";
import { liveErrors } from "./errors.ts";
import type { Note } from "./leftovers.ts";
import type { DebuggersHere } from "./here.ts";
import type { LiveOptions } from "./live-options.ts";
import { programsOf } from "./programs.ts";
import type { Program } from "./programs.ts";
import type { Resources } from "./resources.ts";
import { go, isGo } from "./runtimes/go.ts";
import { chooseProgram } from "./runtimes/index.ts";
import type { Attachment, RuntimeId } from "./runtimes/runtime.ts";
import { pathMappings } from "./source-map.ts";
import { continueProcesses, restoreStopped } from "./stopped.ts";

/** A container that runs again, or still, and how a debugger gets at a process in it. */
export interface LiveSession {
  readonly container: ContainerDetails;
  readonly program: Program;
  readonly runtime: RuntimeId;
  readonly attachment: Attachment;
}

export interface LiveWork {
  readonly here: DebuggersHere;
  /** What the session takes: a copy of the container, relays, temporary files. Give it back when the session ends. */
  readonly own: Resources;
  /** Told of what would outlive this process, before it is made. */
  readonly note?: Note;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: EngineProgress | { readonly phase: "attaching" }) => void;
  /** A line for the debug console. */
  readonly log?: (line: string) => void;
  /** Milliseconds that a debug server has to answer; 10 s. */
  readonly timeout?: number;
}

/**
 * Restores a snapshot and makes ready what a debugger needs to attach. Throws what the restore throws (`engine.*`),
 * `debug.diedAtWaking`, and `debug.*` when there is no way in. A container restored in place then runs on; a copy and
 * all else that was taken is in `work.own`.
 */
export async function wakeForDebugging(
  engine: Engine,
  snapshot: Snapshot,
  options: LiveOptions,
  work: LiveWork,
): Promise<LiveSession> {
  return attachTo(engine, await restoreForDebugging(engine, snapshot, options, work), options, work);
}

/** The first half of it, for who keeps the container and attaches several times. */
export async function restoreForDebugging(
  engine: Engine,
  snapshot: Snapshot,
  options: LiveOptions,
  work: LiveWork,
): Promise<ContainerDetails> {
  const container = await restore(engine, snapshot, options, work);
  if (container.state === "exited" || container.state === "dead")
    throw liveErrors.diedAtWaking(container.name, container.exitCode);
  return container;
}

/**
 * Ends what a session restored, for the same snapshot to be restored again, where the engine can't know that it stands in
 * the way: a process that CRIU alone brought back has its old number, but not the start by which the snapshot knows it.
 * What can't be read ends nothing: the restore says why.
 */
export async function endForRewind(
  engine: Pick<Engine, "capabilities" | "locate" | "remove">,
  { id }: Pick<ContainerDetails, "id">,
  snapshot: Snapshot,
  work: EngineWork = {},
): Promise<void> {
  if (engine.capabilities.lists !== "processes") return;
  const readable = await engine.locate(snapshot, work).catch(() => undefined);
  // It may have ended by itself.
  if (readable?.path !== undefined) await engine.remove(id).catch(() => undefined);
}

/** The second half, also for a container that runs already. */
export async function attachTo(
  engine: Engine,
  container: ContainerDetails,
  options: LiveOptions,
  work: LiveWork,
): Promise<LiveSession> {
  if (container.state !== "running" && container.state !== "paused")
    throw liveErrors.notRunning(container.name);
  const { here, own, note, signal, timeout, log = () => undefined } = work;
  work.onProgress?.({ phase: "attaching" });
  try {
    const { program, runtime, programs } = await choose(engine, container, options);
    // Only who traces a process can debug it while it is stopped.
    const isTraced = runtime.id === "native" || runtime.id === "go";
    if (!isTraced) await continueProcesses(engine, container, [program.pid]);
    log(`Process ${program.pid} (${shown(program)}) is debugged as ${runtime.label}.`);
    const attachment = await runtime.attach({
      ...{ engine, container, program, programs, here, own, note, signal, timeout, log },
      mappings: pathMappings(container, options.sources),
      port: options.port,
      debugger: options.debugger,
      stopOnEntry: options.stopOnEntry || options.stopped,
    });
    // The editor's debugger of JavaScript and debugpy know `stopOnEntry` of what they launch only.
    if (!isTraced && (options.stopOnEntry || options.stopped))
      log(
        attachment.runsOn === true
          ? "It runs until its debugger is there, which is told to pause it."
          : `It runs on: the debugger of ${runtime.label} holds none that it attaches to. Pause it there.`,
      );
    return { container, program, runtime: runtime.id, attachment };
  } catch (error) {
    if (signal?.aborted) throw error;
    // Whatever went wrong on the way in, that it isn't there any more is the reason.
    const now = await engine.inspect(container.id).catch(() => undefined);
    if (now !== undefined && (now.state === "exited" || now.state === "dead"))
      throw liveErrors.diedAtWaking(container.name, now.exitCode, error);
    throw error;
  }
}

async function choose(engine: Engine, container: ContainerDetails, { pid, runtime }: LiveOptions) {
  const programs = await programsOf(container, engine);
  const chosen = chooseProgram(programs, { pid, runtime }, container.name);
  const { program } = chosen;
  const isPlain = runtime === "auto" && chosen.runtime.id === "native";
  return { program, programs, runtime: isPlain && (await isGo(program)) ? go : chosen.runtime };
}

async function restore(
  engine: Engine,
  snapshot: Snapshot,
  { copy, stopped, pid, runtime }: LiveOptions,
  { own, signal, onProgress, log, note }: LiveWork,
): Promise<ContainerDetails> {
  const making: Making = { isLeft: false };
  const options: RestoreOptions = copy
    ? { name: await reserveCopy(engine, snapshot, { own, ...(note && { note }) }, making), ...alone(engine) }
    : { replace: true };
  const work = {
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
    ...(note && { noteFiles: (path: string) => note({ kind: "files", path }) }),
  };
  const restored = stopped
    ? restoreStopped(engine, snapshot, options, { pid, runtime }, work)
    : engine
        .restore(snapshot, options, work)
        .then(({ container }) => ({ container, held: [], isSignalled: false }));
  const { container, held, isSignalled } = await restored.catch((error: unknown) => {
    making.isLeft = signal?.aborted === true;
    throw error;
  });
  log?.(copy ? `Restored as ${container.name}.` : `${container.name} is restored.`);
  if (held.length === 0) return container;
  log?.(`Process ${held.join(", ")} is held before its first instruction.`);
  if (isSignalled) log?.(IN_HANDLER);
  // A debugger that leaves lets it go on; one that never came can't.
  await own.own("held process", () => continueProcesses(engine, container, held));
  return container;
}

/** For who looks for the place where it was frozen. */
export const IN_HANDLER =
  "A signal waited for it: it may stand at the start of that signal's handler. Continue brings it back to where it was.";

/** Whether an engine was left alone with what it was told to make: it may still be at it. */
interface Making {
  isLeft: boolean;
}

/** A name for a copy that nobody has; whatever comes of the restore, what has that name is removed at the end. */
async function reserveCopy(
  engine: Engine,
  snapshot: Snapshot,
  { own, note }: Pick<LiveWork, "own" | "note">,
  making: Making,
): Promise<string> {
  if (!engine.capabilities.restoreOptions.includes("name")) throw liveErrors.noCopy(engine.name);
  const base = snapshot.container.name.replace(/[^\w.-]/g, "-").slice(0, 40) || "snapshot";
  const name = `${base}-debug-${randomBytes(4).toString("hex")}`;
  const gone = await note?.({ kind: "copy", endpoint: engine.endpoint, name });
  await own.own(`container ${name}`, async () => {
    const there = (await engine.list()).find((one) => one.name === name || one.id === name);
    if (there !== undefined) await engine.remove(there.id);
    await gone?.(making.isLeft ? "settling" : undefined);
  });
  return name;
}

/** What a copy beside the old container must not share with it. */
function alone({ capabilities }: Engine): RestoreOptions {
  return capabilities.restoreOptions.includes("ignoreStaticIp") ? { ignoreStaticIp: true } : {};
}

/** A hostile process's own words, in a line of the console. */
function shown({ exe, argv }: Program): string {
  const words = argv.length > 0 ? argv.join(" ") : exe;
  return words
    .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g, " ")
    .slice(0, 200);
}
