import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { openFileSource, type ByteSource } from "../bytes/index.ts";
import { detectPacking } from "./detect.ts";
import { archiveErrors } from "./errors.ts";
import { openFolder } from "./folder.ts";
import { inflate, type InflateOptions } from "./inflate.ts";
import { openStreamer, shardsIn } from "./streamer.ts";
import { openTar } from "./tar.ts";
import type { FileTree } from "./tree.ts";

export interface OpenOptions extends InflateOptions {
  /** Names after which an archive's index stops, with a problem in the tree. */
  readonly maxEntries?: number;
}

/**
 * Opens what a person points at: a folder, an archive (tar, plain or packed with gzip or zstd), or the shards of a
 * streamed dump, one or a folder of them; told apart by content, never by name. Close the tree when done. Throws `archive.unreadable`, `archive.notAnArchive`,
 * `archive.unsupported`, and what `inflate` throws.
 */
export async function openTree(path: string, options: OpenOptions = {}): Promise<FileTree> {
  const found = await stat(path).catch((cause: unknown) => {
    throw archiveErrors.unreadable(path, cause);
  });
  if (found.isDirectory()) return openFolderOrShards(path);
  const source = await openFileSource(path);
  return openPacked(source, basename(path), options, () => source.close?.() ?? Promise.resolve());
}

/** What `criu dump --stream` wrote into a folder is shown as what is in the stream. */
async function openFolderOrShards(path: string): Promise<FileTree> {
  const folder = await openFolder(path);
  const shards = await shardsIn(folder);
  return shards.length === 0 ? folder : openStreamer(shards, folder.name, () => folder.close());
}

/**
 * Opens an archive that lies in a source: a `rootfs-diff.tar` inside a checkpoint, an archive in memory. Closing the
 * tree frees what it made, and leaves `source` open. Throws as `openTree` does.
 */
export async function openNested(
  source: ByteSource,
  name: string,
  options: OpenOptions = {},
): Promise<FileTree> {
  return openPacked(source, name, options, () => Promise.resolve());
}

async function openPacked(
  packed: ByteSource,
  name: string,
  options: OpenOptions,
  closePacked: () => Promise<void>,
): Promise<FileTree> {
  let close = closePacked;
  try {
    const packing = await detectPacking(packed, name);
    if (packing === "tar") return await openTar(packed, name, options, close);
    if (packing === "stream") return await openStreamer([{ name, source: packed }], name, close);
    const { source, problem } = await inflate(packed, packing, name, options);
    // Everything is in the spill file now.
    await closePacked();
    close = () => source.close?.() ?? Promise.resolve();
    // An archive of an archive is not looked into further: one packing each call.
    const inner = await detectPacking(source, name);
    if (inner === "stream") return await openStreamer([{ name, source }], name, close, problem);
    if (inner !== "tar") throw archiveErrors.notAnArchive(name);
    const { progress: _inflating, ...rest } = options;
    return await openTar(source, name, { ...rest, ...(problem !== undefined && { problem }) }, close);
  } catch (error) {
    await close();
    throw error;
  }
}
