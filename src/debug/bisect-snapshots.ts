// Bisection over snapshots: each that is tried runs again for a moment, a command is run on it, and it is gone.
import { spawn } from "node:child_process";
import type { ContainerDetails, Engine, Snapshot } from "../engine/index.ts";
import { bisect, verdictOf } from "./bisect.ts";
import type { BisectOptions, BisectResult, Verdict } from "./bisect.ts";
import { bisectErrors } from "./bisect-errors.ts";
import type { Note } from "./leftovers.ts";
import { runInside } from "./inside.ts";
import { restoreForDebugging } from "./live-session.ts";
import { liveOptions } from "./live-options.ts";
import { debuggersHere } from "./here.ts";
import { Resources } from "./resources.ts";

export interface BisectCommand {
  readonly argv: readonly string[];
  /** In the container, by its engine; else on this machine, with the container named in its environment. */
  readonly inside: boolean;
  /** Milliseconds that it may take; what takes longer is taken as "can't tell". */
  readonly timeout?: number;
  /** What it writes. */
  readonly onOutput?: (text: string) => void;
}

export interface BisectRow {
  readonly engine: Engine;
  /** Oldest first, all of them of one container. */
  readonly snapshots: readonly Snapshot[];
  /** Restore copies, and leave the container alone; needs an engine that can. */
  readonly copy: boolean;
  /** Told of a copy before it is made. */
  readonly note?: Note;
}

/**
 * The first snapshot in which the command's verdict turns. Every one that is tried is restored, as a copy that is
 * removed again or in place of its container, which is left as the last try left it.
 */
export async function bisectSnapshots(
  { engine, snapshots, copy, note }: BisectRow,
  command: BisectCommand,
  options: BisectOptions = {},
): Promise<BisectResult> {
  const attempt = async (index: number): Promise<Verdict> => {
    const snapshot = snapshots[index];
    if (snapshot === undefined) return "skip";
    const own = new Resources();
    try {
      const container = await restoreForDebugging(engine, snapshot, liveOptions({ copy }), {
        ...{ own, here: debuggersHere([]), signal: options.signal },
        ...(note && { note }),
      });
      return await judge(engine, container, snapshot, command, options);
    } finally {
      const [failure] = await own.dispose();
      // Going on would leave one copy after the other.
      if (failure !== undefined) throw failure;
    }
  };
  return bisect(snapshots.length, attempt, options);
}

const TIMEOUT = 60_000;

async function judge(
  engine: Engine,
  container: ContainerDetails,
  snapshot: Snapshot,
  { argv, inside, timeout = TIMEOUT, onOutput }: BisectCommand,
  { signal }: BisectOptions,
): Promise<Verdict> {
  if (!inside) {
    const names = {
      CRYOSCOPE_CONTAINER: container.id,
      CRYOSCOPE_CONTAINER_NAME: container.name,
      CRYOSCOPE_ENGINE: engine.endpoint,
      CRYOSCOPE_SNAPSHOT: snapshot.name,
      ...(container.pid !== undefined && { CRYOSCOPE_PID: String(container.pid) }),
    };
    return verdictOf(await runHere(argv, names, timeout, signal, onOutput));
  }
  const { status, stdout, stderr } = await runInside(engine, container, argv, {
    timeout,
    ...(signal && { signal }),
  });
  onOutput?.(stdout + stderr);
  return verdictOf(status);
}

/** The command's exit status; 125 when its time was over. */
function runHere(
  [program = "", ...args]: readonly string[],
  names: Readonly<Record<string, string>>,
  timeout: number,
  signal: AbortSignal | undefined,
  onOutput: BisectCommand["onOutput"],
): Promise<number> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      shell: false,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...names },
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill();
    }, timeout);
    const leave = (): void => void child.kill();
    signal?.addEventListener("abort", leave, { once: true });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => onOutput?.(text));
    child.once("error", (cause) => {
      clearTimeout(timer);
      reject(bisectErrors.bisectNoCommand(program, cause));
    });
    child.once("close", (code) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", leave);
      if (signal?.aborted) reject(signal.reason as Error);
      else resolve(late ? 125 : (code ?? -1));
    });
  });
}
