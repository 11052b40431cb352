// Freezing and waking for the tests of live sessions.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { debuggersHere, Resources } from "../../src/debug/index.ts";
import type { LiveWork, Program } from "../../src/debug/index.ts";
import type { CheckpointOptions, ContainerDetails, Engine, Snapshot } from "../../src/engine/index.ts";
import { until } from "./engine-helpers.ts";

/** A folder for archives, gone at the end. */
export async function archiveFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "cryoscope-live-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Waits until a process of this machine runs that a debugger was told to let go: it answers before it does so. */
export async function running({ hostPid }: Pick<Program, "hostPid">): Promise<void> {
  await until(async () => {
    const status = await readFile(`/proc/${hostPid ?? 0}/status`, "utf8");
    return /^State:\t[RS]/m.test(status) ? true : undefined;
  });
}

let frozen = 0;

/** Freezes a container so that it ends, into an archive where the engine writes one. */
export async function freezeFor(
  engine: Engine,
  container: Pick<ContainerDetails, "id">,
  folder: string,
  options: Partial<CheckpointOptions> = {},
): Promise<Snapshot> {
  const name = `live-${process.pid}-${++frozen}`;
  const place = engine.capabilities.archives ? { archive: join(folder, `${name}.tar`) } : {};
  return (await engine.checkpoint(container.id, { name, ...place, ...options })).snapshot;
}

/** A session's work as the editor has it, with no debugger of extensions. */
export function liveWork(
  types: readonly string[] = [],
  path = process.env["PATH"],
): LiveWork & {
  readonly lines: readonly string[];
} {
  const lines: string[] = [];
  return {
    here: debuggersHere(types, path),
    own: new Resources(),
    log: (line) => lines.push(line),
    lines,
    timeout: 15_000,
  };
}
