import * as vscode from "vscode";
import { openTree } from "../../archive/index.ts";
import type { FileTree } from "../../archive/index.ts";
import type { Snapshot } from "../../engine/index.ts";
import type { Catalog } from "./catalog.ts";

/** Finds out size, hash and seal of a snapshot's files and puts them into the catalog; in the background. */
export async function recordFacts(catalog: Catalog, snapshot: Snapshot): Promise<void> {
  const path = filesPath(snapshot);
  if (path === undefined) return;
  const { evidenceOf } = await import("../../engine/index.ts");
  const { bytes, sha256 } = await evidenceOf(path);
  const sealed = await isSealed(path);
  await catalog.edit(snapshot.id, { size: bytes, sha256, ...(sealed !== undefined && { sealed }) });
}

/** Where the files lie that are the snapshot's own. */
export function filesPath({ checkpoint }: Snapshot): string | undefined {
  return checkpoint.kind === "archive" || checkpoint.kind === "folder" ? checkpoint.path : undefined;
}

/** Runs `read` on a checkpoint's tree and closes it; undefined when it can't be opened. */
export async function withTree<T>(
  path: string,
  read: (tree: FileTree) => Promise<T>,
): Promise<T | undefined> {
  const tree = await openTree(path).catch(() => undefined);
  if (tree === undefined) return undefined;
  try {
    return await read(tree);
  } catch {
    return undefined;
  } finally {
    await tree.close();
  }
}

/** CRIUsec puts `cipher.img` beside the images; other schemes wrap the whole archive, which then can't be opened. */
function isSealed(path: string): Promise<boolean | undefined> {
  return withTree(path, async (tree) => {
    for (const folder of ["", "checkpoint"]) {
      const names = await tree.list(folder).catch(() => []);
      if (names.some(({ name }) => name === "cipher.img")) return true;
    }
    return false;
  });
}

/** For people: `12.3 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** For a narrow view: the time of today, the date and time of another day. */
export function briefTime({ time }: Snapshot, now = new Date()): string {
  const then = new Date(time);
  const clock = { timeStyle: "medium" } as const;
  return then.toDateString() === now.toDateString()
    ? then.toLocaleTimeString(vscode.env.language, clock)
    : then.toLocaleString(vscode.env.language, { dateStyle: "short", timeStyle: "short" });
}

export function localTime({ time }: Snapshot): string {
  return new Date(time).toLocaleString(vscode.env.language);
}
