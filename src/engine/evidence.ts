// What a snapshot's files are: their size, their hash, and a tar of them.
import { createHash } from "node:crypto";
import type { Dirent } from "node:fs";
import { constants } from "node:fs";
import { lstat, open, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pack } from "tar-stream";
import { engineErrors, reasonOf } from "./errors.ts";
import { assertFree, writeWhole } from "./files.ts";

export interface Evidence {
  readonly bytes: number;
  /**
   * Of an archive: of its bytes, as `sha256sum` gives it. Of a folder: of the lines that `sha256sum` gives for its
   * files (`<hash>  <path>`), by path, so that the same files have the same hash wherever they lie.
   */
  readonly sha256: string;
}

/** More files are no checkpoint. */
const MAX_FILES = 1_000_000;
const MAX_DEPTH = 64;
const CHUNK = 1024 * 1024;

/** Reads all of it. Throws `engine.archiveUnreadable`, and the signal's reason. */
export async function evidenceOf(path: string, signal?: AbortSignal): Promise<Evidence> {
  try {
    if ((await lstat(path)).isFile()) return await hashFile(path, signal);
    const lines = createHash("sha256");
    let bytes = 0;
    for (const { name, kind } of await filesBelow(path)) {
      if (kind !== "file") continue;
      const file = await hashFile(join(path, name), signal);
      lines.update(`${file.sha256}  ${name}\n`);
      bytes += file.bytes;
    }
    return { bytes, sha256: lines.digest("hex") };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw engineErrors.archiveUnreadable(path, error);
  }
}

async function hashFile(path: string, signal: AbortSignal | undefined): Promise<Evidence> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const hash = createHash("sha256");
    const buffer = Buffer.alloc(CHUNK);
    let bytes = 0;
    // A chunk takes about a millisecond; between them others have their turn.
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, CHUNK);
      if (bytesRead === 0) return { bytes, sha256: hash.digest("hex") };
      hash.update(buffer.subarray(0, bytesRead));
      bytes += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

interface Below {
  /** With slashes, from the folder on. */
  readonly name: string;
  readonly kind: "file" | "folder" | "link";
}

/** Everything below a folder by name, following no link; sockets, pipes and devices are left out. */
async function filesBelow(folder: string): Promise<readonly Below[]> {
  const found: Below[] = [];
  const queue: { readonly name: string; readonly depth: number }[] = [{ name: "", depth: 0 }];
  for (const { name, depth } of queue) {
    if (depth > MAX_DEPTH || found.length > MAX_FILES) throw engineErrors.notACheckpoint(folder);
    const entries = await readdir(join(folder, name), { withFileTypes: true });
    for (const entry of entries) {
      const kind = kindOf(entry);
      if (kind === undefined) continue;
      const below = name === "" ? entry.name : `${name}/${entry.name}`;
      found.push({ name: below, kind });
      if (kind === "folder") queue.push({ name: below, depth: depth + 1 });
    }
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function kindOf(entry: Dirent): Below["kind"] | undefined {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "folder";
  return entry.isSymbolicLink() ? "link" : undefined;
}

/**
 * Writes a folder's or an archive's content to a new file: a folder as a tar, an archive as it is. The file appears when
 * it is whole. Throws `engine.archiveExists`, `engine.archiveUnwritable`, `engine.archiveUnreadable`.
 */
export async function exportEvidence(
  path: string,
  target: string,
  { signal, onBytes }: { readonly signal?: AbortSignal; readonly onBytes?: (bytes: number) => void } = {},
): Promise<void> {
  await assertFree(target);
  const failed = (cause: unknown): Error => engineErrors.archiveUnreadable(path, cause);
  const isFile = await lstat(path).then(
    (found) => found.isFile(),
    (cause: unknown) => {
      throw failed(cause);
    },
  );
  const options = { signal, failed, ...(onBytes && { onBytes }) };
  if (isFile) {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    await writeWhole(target, handle.createReadStream(), options);
    return;
  }
  const tar = pack();
  const packing = packFolder(path, tar, signal).catch((error: unknown) => {
    tar.destroy(error instanceof Error ? error : failed(reasonOf(error)));
  });
  await writeWhole(target, Readable.from(tar), options);
  await packing;
}

async function packFolder(
  folder: string,
  tar: ReturnType<typeof pack>,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const { name, kind } of await filesBelow(folder)) {
    signal?.throwIfAborted();
    const path = join(folder, name);
    const { mode, mtime, size } = await lstat(path);
    const header = { name, mode: mode & 0o7777, mtime };
    if (kind === "folder") tar.entry({ ...header, type: "directory" });
    else if (kind === "link") tar.entry({ ...header, type: "symlink", linkname: await readlink(path) });
    else
      await new Promise<void>((resolve, reject) => {
        const entry = tar.entry({ ...header, type: "file", size }, (error) => {
          if (error) reject(error);
          else resolve();
        });
        void open(path, constants.O_RDONLY | constants.O_NOFOLLOW).then((handle) => {
          handle.createReadStream().once("error", reject).pipe(entry);
        }, reject);
      });
  }
  tar.finalize();
}
