import { realpath, stat } from "node:fs/promises";
import { bytesErrors, CryoscopeError, openFileSource } from "../bytes/index.ts";
import type { ByteSource } from "../bytes/index.ts";
import { PATIENCE, patiently, readsElsewhere } from "./folder-reads.ts";
import type { FolderReads } from "./folder-reads.ts";
import { descriptorSource } from "./descriptor-source.ts";

export interface ArchiveFileOptions {
  /** Milliseconds after which a file system that is not this machine's own is given up when it doesn't answer; half a minute. */
  readonly patience?: number | undefined;
  /** See `openFileSource`; only for files of this machine. */
  readonly atOnce?: number | undefined;
}

/**
 * The file that a person points at, through links too; undefined where something else, or nothing, is there. Throws
 * `bytes.unreadable` and, here and in every read, `archive.noAnswer`.
 */
export async function openArchiveFile(
  path: string,
  options: ArchiveFileOptions = {},
): Promise<ByteSource | undefined> {
  const { patience = PATIENCE, atOnce } = options;
  const real = await patiently(path, patience, () => realFile(path));
  if (real === undefined) return undefined;
  const reads = await readsElsewhere(real, patience);
  if (reads === undefined) return openFileSource(path, atOnce);
  const descriptor = await opened(reads, real);
  try {
    const found = await reads.stat(descriptor);
    if (!found.isFile()) throw bytesErrors.notAFile(path);
    return descriptorSource(
      descriptor,
      found.size,
      reads,
      () => undefined,
      () => undefined,
    );
  } catch (error) {
    await reads.close(descriptor);
    throw error;
  }
}

async function opened(reads: FolderReads, path: string): Promise<number> {
  try {
    return await reads.open(path);
  } catch (cause) {
    throw cause instanceof CryoscopeError ? cause : bytesErrors.unreadable(path, cause);
  }
}

/** The real path of a regular file; undefined for anything else. */
async function realFile(path: string): Promise<string | undefined> {
  try {
    const real = await realpath(path);
    return (await stat(real)).isFile() ? real : undefined;
  } catch {
    return undefined;
  }
}
