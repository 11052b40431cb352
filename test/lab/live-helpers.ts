// Freezing and waking for the tests of live sessions.
import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { debuggersHere, Resources } from "../../src/debug/index.ts";
import type { LiveWork, Program } from "../../src/debug/index.ts";
import type { CheckpointOptions, ContainerDetails, Engine, Snapshot } from "../../src/engine/index.ts";
import { connectLab, removeContainer, until } from "./engine-helpers.ts";
import type { LabEngine } from "./engine-helpers.ts";
import { PROJECT, ROOT } from "./place.ts";

/** A folder for archives, gone at the end. */
export async function archiveFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "cryoscope-live-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** What the tests of a suite share; there from its first `before` on. */
export interface LiveLab {
  readonly engine: Engine;
  /** Path of a folder for archives. */
  readonly folder: string;
}

/** An engine of the lab for a suite, whose container of that name is gone at its end, as are its archives. */
export function liveLab(kind: LabEngine, name: string): LiveLab {
  let engine: Engine | undefined;
  let archives: Awaited<ReturnType<typeof archiveFolder>> | undefined;
  before(async () => {
    engine = await connectLab(kind);
    archives = await archiveFolder();
  });
  after(async () => {
    await removeContainer(kind, name);
    await archives?.remove();
  });
  return {
    get engine() {
      assert.ok(engine);
      return engine;
    },
    get folder() {
      assert.ok(archives);
      return archives.path;
    },
  };
}

/** Waits until a process of this machine runs that a debugger was told to let go: it answers before it does so. */
export async function running({ hostPid }: Pick<Program, "hostPid">): Promise<void> {
  await until(async () => {
    const status = await readFile(`/proc/${hostPid ?? 0}/status`, "utf8");
    return /^State:\t[RS]/m.test(status) ? true : undefined;
  });
}

/** Runs in the lab's Debian, but sees this machine's processes, and the sources where they lie here. */
const wrapper = (program: string): string =>
  [
    `#!/bin/sh`,
    // Who starts it may have a PATH with nothing else on it.
    `export PATH=/usr/sbin:/usr/bin:/sbin:/bin`,
    `export ROOT="${ROOT}" PROJECT="${PROJECT}"`,
    `inside='mount --rbind /proc "$ROOT/proc" && mount --bind "$PROJECT" "$ROOT$PROJECT" && exec chroot "$ROOT" "$@"'`,
    `exec unshare --mount sh -c "$inside" sh ${program} "$@"`,
    ``,
  ].join("\n");
const PROGRAM_OF: Readonly<Record<string, string>> = { "lldb-dap": "lldb-dap-19" };

/** Makes debuggers of the lab's own Debian programs of this machine, in a folder for its PATH. */
export async function provideTools(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await writeFile(join(folder, name), wrapper(PROGRAM_OF[name] ?? name));
    await chmod(join(folder, name), 0o755);
  }
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
    timeout: 60_000,
  };
}
