// The folder that runc, crun and criu freeze into: `checkpoint/` with the images, CRIU's log and figures beside it.
import { randomUUID } from "node:crypto";
import { copyFile, mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { explainCriuLog, unexplained } from "./criu-log.ts";
import { tellingPhases } from "./criu-phases.ts";
import type { Engine, EngineWork, Readable } from "./engine.ts";
import { engineErrors } from "./errors.ts";
import { assertFree, isReadable, readLogTail } from "./files.ts";
import { text, at, parseJson } from "./json.ts";
import { archiveGone } from "./podman-rules.ts";
import type { RunResult } from "./run-command.ts";
import type { Snapshot } from "./snapshot.ts";
import { assertMadeBy } from "./snapshots.ts";

export interface DraftFolder {
  /** Becomes the checkpoint's folder; also CRIU's work directory. */
  readonly root: string;
  /** `checkpoint` in it: the images. */
  readonly images: string;
}

/**
 * Freezes into a new folder. It has its name only when `freeze` ended well: a failure leaves nothing but CRIU's log,
 * as `<folder>.dump.log`, and an abort leaves nothing once CRIU has come to its end. Throws `engine.criuRefused`.
 */
export async function freezeInto(
  folder: string,
  work: EngineWork,
  freeze: (draft: DraftFolder) => Promise<RunResult>,
): Promise<void> {
  await assertFree(folder);
  const { signal } = work;
  signal?.throwIfAborted();
  const root = `${folder}.${randomUUID()}.part`;
  const draft = { root, images: join(root, "checkpoint") };
  await mkdir(draft.images, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw engineErrors.archiveUnwritable(folder, cause);
  });
  const frozen = tellingPhases(
    () => [join(root, "dump.log")],
    "freezing",
    work,
    () => freeze(draft),
  );
  try {
    const result = await orLeave(frozen, signal);
    if (result.code !== 0) {
      const log = `${folder}.dump.log`;
      await copyFile(join(root, "dump.log"), log).catch(() => undefined);
      throw await criuError("freeze", log, result);
    }
    await rename(root, folder).catch((cause: unknown) => {
      throw engineErrors.archiveUnwritable(folder, cause);
    });
  } catch (error) {
    const remove = (): Promise<void> => rm(root, { recursive: true, force: true });
    if (signal?.aborted) void frozen.then(remove, remove);
    else await remove();
    throw error;
  }
}

/** CRIU that is ended in the middle leaves its code in the tasks, so it isn't ended: only the waiting is. */
function orLeave<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise<T>((resolve, reject) => {
    const leave = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", leave, { once: true });
    void work.then(resolve, reject).finally(() => {
      signal.removeEventListener("abort", leave);
    });
  });
}

/**
 * Runs a restore with a work directory of its own, so that the checkpoint stays as it is. The directory goes away
 * unless the restore fails: then it keeps CRIU's log. Throws `engine.criuRefused`.
 */
export async function restoreWith(
  temporary: string,
  work: EngineWork,
  restore: (folder: string) => Promise<RunResult>,
): Promise<void> {
  const folder = join(temporary, `cryoscope-restore-${randomUUID()}`);
  const gone = await work.noteFiles?.(folder);
  await mkdir(folder, { mode: 0o700 });
  const log = join(folder, "restore.log");
  const restored = tellingPhases(
    () => [log],
    "restoring",
    work,
    () => restore(folder),
  );
  const finished = restored.then(async (result) => {
    if (result.code !== 0) throw await criuError("restore", log, result);
    await rm(folder, { recursive: true, force: true });
    await gone?.();
  });
  await orLeave(finished, work.signal);
}

/** What a runtime said, or CRIU in its log, as an error. */
export async function criuError(verb: "freeze" | "restore", log: string, result: RunResult): Promise<Error> {
  const tail = await readLogTail(log);
  const failure = tail === undefined ? undefined : explainCriuLog(tail, log);
  const said = runtimeWords(result.stderr || result.stdout);
  if (failure === undefined && said !== "" && !/criu failed/.test(said))
    return engineErrors.commandFailed(verb === "freeze" ? "The checkpoint" : "The restore", said);
  return engineErrors.criuRefused(
    verb,
    failure ?? unexplained(tail === undefined ? undefined : log),
    result.stderr,
  );
}

/**
 * CRIU's log, as a CRI runtime's words name it: `path= FILE` is containerd's, CRI-O gives the runtime's command line. It stays until
 * the container goes.
 */
export function logNamedIn(said: string): string {
  const folder = /--work-path[\\" ]+(\/[^\s"\\]+)/.exec(said)?.[1];
  if (folder !== undefined) return `${folder}/dump.log`;
  return /path= ?(\/[^\s"\\)]+\.log)/.exec(said)?.[1] ?? "";
}

/** The last words of a runtime: `time="…" level=error msg="…"`, or a JSON line with `msg`. */
export function runtimeWords(output: string): string {
  const line = output.trimEnd().split("\n").at(-1) ?? "";
  const quoted = /msg="((?:[^"\\]|\\.)*)"/.exec(line)?.[1];
  return text(at(parseJson(line), "msg")) || (quoted?.replace(/\\(["\\])/g, "$1") ?? line);
}

const MAX_CONFIG = 8 * 1024 * 1024;

/** A JSON file of at most 8 MiB; undefined when it can't be read or isn't JSON. */
export async function readJsonFile(file: string): Promise<unknown> {
  const size = await stat(file).then(
    (found) => (found.isFile() ? found.size : undefined),
    () => undefined,
  );
  if (size === undefined || size > MAX_CONFIG) return undefined;
  return parseJson(await readFile(file, "utf8").catch(() => ""));
}

/** Where a checkpoint's folder can be opened. */
export async function locateFolder(
  engine: Pick<Engine, "kind" | "name">,
  snapshot: Snapshot,
): Promise<Readable> {
  assertMadeBy(engine, snapshot);
  if (snapshot.checkpoint.kind !== "folder") throw engineErrors.badSnapshot("checkpoint.kind");
  const { path } = snapshot.checkpoint;
  return (await isReadable(path)) ? { path } : { path: undefined, why: archiveGone(path) };
}
