// A catalog on disk: `catalog.json` with the records, and the archives and folders of its snapshots beside it.
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { toCryoscopeError } from "../bytes/index.ts";
import { engineErrors } from "./errors.ts";
import { list, parseJson } from "./json.ts";
import { parseSnapshot } from "./snapshot.ts";
import type { Snapshot } from "./snapshot.ts";

const CATALOG_FILE = "catalog.json";
const MAX_CATALOG = 64 * 1024 * 1024;

export interface CatalogContent {
  readonly snapshots: readonly Snapshot[];
  /** Records that can't be read; they are kept in the file as they are. */
  readonly unreadable: readonly unknown[];
  /** A sentence for each of them. */
  readonly problems: readonly string[];
}

/**
 * Reads a folder's catalog; a folder without one has an empty one. A file that isn't a catalog is set aside with
 * `setAside`, so that nothing is written over it; without, it throws `engine.badSnapshot`.
 */
export async function readCatalog(
  folder: string,
  { setAside = false }: { readonly setAside?: boolean } = {},
): Promise<CatalogContent> {
  const file = join(folder, CATALOG_FILE);
  const size = await stat(file).then(
    (found) => found.size,
    () => undefined,
  );
  if (size === undefined) return { snapshots: [], unreadable: [], problems: [] };
  const values = size > MAX_CATALOG ? undefined : parseJson(await readFile(file, "utf8"));
  if (!Array.isArray(values)) {
    if (!setAside) throw engineErrors.badSnapshot(CATALOG_FILE);
    const aside = join(folder, `catalog-broken-${Date.now().toString(36)}.json`);
    await rename(file, aside);
    const problems = [`The catalog could not be read and was set aside as ${aside}.`];
    return { snapshots: [], unreadable: [], problems };
  }
  const snapshots: Snapshot[] = [];
  const unreadable: unknown[] = [];
  const problems: string[] = [];
  for (const value of list(values)) {
    try {
      snapshots.push(parseSnapshot(value));
    } catch (error) {
      unreadable.push(value);
      problems.push(toCryoscopeError(error).message);
    }
  }
  return { snapshots, unreadable, problems };
}

/** Writes the records; the old ones stay until the new ones are whole. Throws `engine.archiveUnwritable`. */
export async function writeCatalog(
  folder: string,
  { snapshots, unreadable }: Pick<CatalogContent, "snapshots" | "unreadable">,
): Promise<void> {
  const file = join(folder, CATALOG_FILE);
  const draft = `${file}.${randomUUID()}.part`;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(draft, JSON.stringify([...snapshots, ...unreadable], undefined, 2), { mode: 0o600 });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw engineErrors.archiveUnwritable(file, error);
  }
}

/**
 * Removes the drafts that a process left which ended in the middle of writing. Where somebody may be writing now, only
 * those that haven't changed for so many milliseconds.
 */
export async function sweepDrafts(
  folder: string,
  { unchangedFor = 0 }: { readonly unchangedFor?: number } = {},
): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  const swept: string[] = [];
  for (const name of names.filter((name) => /\.[0-9a-f-]{36}\.part$/.test(name))) {
    const changed = await stat(join(folder, name)).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    if (unchangedFor > 0 && changed > Date.now() - unchangedFor) continue;
    await rm(join(folder, name), { recursive: true, force: true });
    swept.push(name);
  }
  return swept;
}

/** Deletes a snapshot's files when they lie in the catalog's folder; others are somebody else's. */
export async function removeFiles(folder: string, { checkpoint }: Snapshot): Promise<void> {
  if (checkpoint.kind !== "archive" && checkpoint.kind !== "folder") return;
  const path = resolve(checkpoint.path);
  if (path.startsWith(resolve(folder) + sep)) await rm(path, { recursive: true, force: true });
}
