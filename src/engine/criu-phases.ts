// What CRIU is doing, told from its log while it writes that (messages of CRIU 4.2 at -v4).
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { EngineProgress, EngineWork } from "./engine.ts";

export type CriuPhase = NonNullable<EngineProgress["criu"]>;

/** In the order in which CRIU goes through them; a process later, some come again. */
const PHASES: Readonly<
  Record<"freezing" | "restoring", readonly (readonly [said: RegExp, phase: CriuPhase])[]>
> = {
  freezing: [
    // criu/seize.c
    [/(?:Seized task|freezing processes)/g, "stopping processes"],
    // criu/mount.c
    [/mnt: Building mountpoints tree/g, "namespaces"],
    // criu/cr-dump.c, criu/files.c
    [/Dumping (?:opened files|task \(pid)/g, "files"],
    // criu/mem.c, criu/page-xfer.c
    [/Dumping pages/g, "memory"],
    [/page-xfer:/g, "memory"],
    // criu/cr-dump.c, criu/seize.c
    [/(?:Dumping pstree|Unfreezing tasks)/g, "continuing"],
  ],
  restoring: [
    // criu/namespaces.c, criu/cr-restore.c
    [/(?:Restoring namespaces|Forking task with)/g, "making processes"],
    // criu/mem.c, criu/pagemap.c
    [/(?:premap 0x|Read page from self|nr_restored_pages)/g, "memory"],
    // criu/files.c, criu/cr-restore.c
    [/(?:Opening fdinfo-s|Restoring fd)/g, "files"],
    [/(?:Running post-restore scripts|Run late stage hook|Tasks resumed)/g, "continuing"],
  ],
};

/** The phases that a piece of a log tells of, each once, in the order in which they were last told. */
function phasesIn(text: string, verb: keyof typeof PHASES): readonly CriuPhase[] {
  const last = new Map<CriuPhase, number>();
  for (const [said, phase] of PHASES[verb]) {
    const at = lastIndex(text, said);
    if (at !== undefined) last.set(phase, Math.max(at, last.get(phase) ?? 0));
  }
  return [...last].sort(([, a], [, b]) => a - b).map(([phase]) => phase);
}

function lastIndex(text: string, said: RegExp): number | undefined {
  let last: number | undefined;
  for (const { index } of text.matchAll(said)) last = index;
  return last;
}

const STEP = 100;
/** While there is no log yet: an engine may remove it when a short dump is over. */
const WAITING_STEP = 20;
/** A log may grow by megabytes a second: what it said last is enough. */
const PIECE = 256 * 1024;
/** The kernel dates files by the tick of its clock, up to so many milliseconds late. */
const TICK = 20;

/**
 * Where CRIU may write its log, asked again until one is there: engines make the folder only meanwhile. Those that are
 * older than the work are of an earlier one.
 */
export type LogPlaces = () => readonly string[] | Promise<readonly string[]>;

/**
 * Tells `onProgress` of CRIU's phases while `work` runs and CRIU writes a log in one of these places. Nothing is told
 * where there is none that this process may read.
 */
export async function tellingPhases<T>(
  places: LogPlaces,
  phase: keyof typeof PHASES,
  { onProgress }: EngineWork,
  work: () => Promise<T>,
): Promise<T> {
  if (onProgress === undefined) return work();
  const end = new AbortController();
  const watching = watch(places, phase, onProgress, end.signal).catch(() => undefined);
  try {
    return await work();
  } finally {
    end.abort();
    await watching;
  }
}

async function watch(
  places: LogPlaces,
  phase: keyof typeof PHASES,
  onProgress: (progress: EngineProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const began = Date.now() - TICK;
  let handle: FileHandle | undefined;
  let read = 0;
  let told: CriuPhase | undefined;
  try {
    for (;;) {
      const ended = signal.aborted;
      handle ??= await openNewest(await places(), began);
      const size = (await handle?.stat())?.size ?? 0;
      if (handle !== undefined && size > read) {
        const from = Math.max(read, size - PIECE);
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from);
        read = from + bytesRead;
        for (const now of phasesIn(buffer.toString("latin1", 0, bytesRead), phase)) {
          if (now !== told) onProgress({ phase, criu: now });
          told = now;
        }
      }
      // The last look came after the end: a dump may be over sooner than a step.
      if (ended) return;
      await sleep(handle === undefined ? WAITING_STEP : STEP, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    await handle?.close();
  }
}

/** The first of these that is a file and was written to since then. */
async function openNewest(paths: readonly string[], since: number): Promise<FileHandle | undefined> {
  for (const path of paths) {
    // O_NONBLOCK: opening a FIFO would wait for ever.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
    if (handle === undefined) continue;
    const found = await handle.stat();
    if (found.isFile() && found.mtimeMs >= since) return handle;
    await handle.close();
  }
  return undefined;
}
