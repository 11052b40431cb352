// Freezing and waking for the tests of live sessions.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { debuggersHere, Resources } from "../../src/debug/index.ts";
import type { LiveWork } from "../../src/debug/index.ts";
import type { CheckpointOptions, ContainerDetails, Engine, Snapshot } from "../../src/engine/index.ts";

/** A folder for archives, gone at the end. */
export async function archiveFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "cryoscope-live-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
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
