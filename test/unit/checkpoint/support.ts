// What the tests of checkpoints share: opening one from a fixture, and reading what /proc and crit said of it.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import type { Checkpoint, SealFor } from "../../../src/checkpoint/index.ts";
import { loadKey, openSealedLayer, sealErrors } from "../../../src/seal/index.ts";
import { fixture } from "../fixtures.ts";

/** Runs `use` on the checkpoint at `path` in a fixture and closes it. */
export async function withCheckpoint<T>(
  name: string,
  path: string,
  use: (checkpoint: Checkpoint, folder: string) => Promise<T>,
  sealFor?: SealFor,
): Promise<T> {
  const folder = await fixture(name);
  const tree = await openTree(join(folder, path));
  try {
    const checkpoint = await openCheckpoint(tree, { ...(sealFor && { sealFor }) });
    try {
      return await use(checkpoint, folder);
    } finally {
      await checkpoint.close();
    }
  } finally {
    await tree.close();
  }
}

/** Opens seals with a key of the fixture `sealed/keys`. */
export async function sealWith(key: string): Promise<SealFor> {
  const privateKey = await loadKey(join(await fixture("sealed/keys"), key));
  return async ({ tree, folder, cipherPath }) => {
    const seal = await openSealedLayer(tree, folder, [privateKey]);
    if (seal === undefined) throw sealErrors.keyNeeded(cipherPath);
    return seal;
  };
}

/** fd.json of a /proc snapshot. */
export interface ProcSnapshot {
  readonly fd: Readonly<Record<string, { readonly link: string; readonly info: string }>>;
  readonly links: { readonly exe: string; readonly cwd: string; readonly root: string };
  readonly tasks: Readonly<Record<string, { readonly comm: string; readonly sig: readonly string[] }>>;
}

/** The pids a fixture has /proc snapshots of. */
export async function snapshotPids(folder: string): Promise<readonly number[]> {
  return (await readdir(join(folder, "proc"))).map(Number);
}

export async function readSnapshot(folder: string, pid: number): Promise<ProcSnapshot> {
  // The snapshots were made by one program and have this shape.
  return JSON.parse(await procFile(folder, pid, "fd.json")) as ProcSnapshot;
}

export function procFile(folder: string, pid: number, file: string): Promise<string> {
  return readFile(join(folder, "proc", String(pid), file), "utf8");
}

/** A JSON file of crit's, to be encoded again: numbers that JavaScript would round are text in it, which crit takes too. */
export async function readCrit(path: string): Promise<unknown> {
  return JSON.parse(
    (await readFile(path, "utf8")).replace(/(?<=[:[,]\s*)\d{16,}(?=\s*[,\]}])/g, '"$&"'),
  ) as unknown;
}
