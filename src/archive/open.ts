import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { bytesErrors, type ByteSource } from "../bytes/index.ts";
import { openArchiveFile } from "./archive-file.ts";
import { detectPacking } from "./detect.ts";
import { describedTree } from "./described.ts";
import { archiveErrors } from "./errors.ts";
import { PATIENCE, patiently } from "./folder-reads.ts";
import { openFolder } from "./folder.ts";
import { recogniseFolder } from "./foreign.ts";
import { openImageStore, type OpenArchive } from "./image/open-image.ts";
import { treeIndex } from "./indexed.ts";
import type { InflateOptions } from "./inflate.ts";
import { openStreamer, shardsIn } from "./streamer.ts";
import { openTar } from "./tar.ts";
import type { FileTree } from "./tree.ts";

export interface OpenOptions extends InflateOptions {
  /** Names after which an archive's index stops, with a problem in the tree. */
  readonly maxEntries?: number;
  /** Shows a store of container images as the files that it is made of, not as the checkpoint in it. */
  readonly raw?: boolean;
  /** Milliseconds after which a file system that is not this machine's own is given up; half a minute. */
  readonly patience?: number;
}

/**
 * Opens what a person points at: a folder, an archive (tar, plain or packed), a store of container images (an OCI layout,
 * `docker save`) in either, the shards of a streamed dump, one or a folder of them, or the snapshot of gVisor or Firecracker, which
 * stays a plain file; told apart by content, never by name. Close the tree when done. Throws `archive.unreadable`,
 * `archive.notAnArchive`, `archive.unsupported`, and what `inflate` throws.
 */
export async function openTree(path: string, options: OpenOptions = {}): Promise<FileTree> {
  const found = await patiently(path, options.patience ?? PATIENCE, () =>
    stat(path).catch((cause: unknown) => {
      throw archiveErrors.unreadable(path, cause);
    }),
  );
  if (!found.isDirectory()) {
    const source = await openArchiveFile(path, options);
    if (source === undefined) throw bytesErrors.notAFile(path);
    return openPacked(source, basename(path), options, () => source.close?.() ?? Promise.resolve());
  }
  const folder = await openFolder(path, { patience: options.patience });
  const shards = await shardsIn(folder);
  // What `criu dump --stream` wrote into a folder is shown as what is in the stream.
  if (shards.length > 0) return openStreamer(shards, folder.name, () => folder.close());
  return lookedInto(folder, options).catch(async (error: unknown) => {
    await folder.close();
    throw error;
  });
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
    if (packing === "tar") return await lookedInto(await openTar(packed, name, options, close), options);
    if (packing === "stream") return await openStreamer([{ name, source: packed }], name, close);
    if (packing === "snapshot") return await openAlone(packed, name, close);
    // With its decoders and ciphers, which a plain archive needs none of.
    const { inflate } = await import("./inflate.ts");
    const { source, problem } = await inflate(packed, packing, name, options);
    // Everything is in the spill file now.
    await closePacked();
    close = () => source.close?.() ?? Promise.resolve();
    // An archive of an archive is not looked into further: one packing each call.
    const inner = await detectPacking(source, name);
    if (inner === "stream") return await openStreamer([{ name, source }], name, close, problem);
    if (inner !== "tar") throw archiveErrors.notAnArchive(name);
    const { progress: _inflating, ...rest } = options;
    const tar = await openTar(source, name, { ...rest, ...(problem !== undefined && { problem }) }, close);
    return await lookedInto(tar, rest);
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * What the files of a tree are the parts of: the checkpoint in a store of container images, say; else the tree itself. For trees
 * that were opened `raw`, or made otherwise. Closing the result closes `tree`. Throws what opening layers throws.
 */
export async function openWithin(tree: FileTree, options: OpenOptions = {}): Promise<FileTree> {
  return lookedInto(tree, options);
}

/** The tree itself, unless its files are the parts of something else. */
async function lookedInto(tree: FileTree, options: OpenOptions): Promise<FileTree> {
  if (options.raw === true) return tree;
  // Layers are opened as they are: an image in an image is none of ours.
  const openLayer: OpenArchive = (source, name) => openNested(source, name, { ...options, raw: true });
  const image = await openImageStore(tree, openLayer, options.signal);
  if (image !== undefined) return image;
  const origin = await recogniseFolder(tree);
  return origin === undefined ? tree : describedTree(tree, { origin });
}

/** One file, as a tree of itself. */
async function openAlone(source: ByteSource, name: string, close: () => Promise<void>): Promise<FileTree> {
  const index = treeIndex();
  index.add({ name: basename(name), kind: "file", size: source.size, body: source });
  const tree = index.tree(name, close);
  const origin = await recogniseFolder(tree);
  return describedTree(tree, { origin });
}
