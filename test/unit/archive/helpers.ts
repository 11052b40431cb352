// What the tests of this folder share: trees as lists, tars in memory.
import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { pack, type Header } from "tar-stream";
import type { FileTree } from "../../../src/archive/index.ts";

export type Entry =
  (Partial<Header> & { name: string }) | readonly [Partial<Header> & { name: string }, string | Buffer];

/** A tar of these members, made by tar-stream. */
export async function tar(...entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const entry of entries)
    if ("name" in entry) archive.entry(entry);
    else archive.entry(entry[0], entry[1]);
  archive.finalize();
  return buffer(archive);
}

/** All paths below a folder of a tree. */
export async function names(tree: FileTree, folder = ""): Promise<string[]> {
  const found: string[] = [];
  for (const { path, kind } of await tree.list(folder)) {
    found.push(path);
    if (kind === "folder") found.push(...(await names(tree, path)));
  }
  return found.sort();
}

export async function bytesOf(tree: FileTree, path: string): Promise<Buffer> {
  const source = await tree.open(path);
  try {
    return Buffer.from(await source.read(0, source.size));
  } finally {
    await source.close?.();
  }
}

export const content = async (tree: FileTree, path: string): Promise<string> =>
  (await bytesOf(tree, path)).toString();

/** One hash over the paths and bytes of all files. */
export async function hashOf(tree: FileTree): Promise<string> {
  const hash = createHash("sha256");
  for (const path of await names(tree))
    if ((await tree.stat(path))?.kind === "file") hash.update(`${path}\0`).update(await bytesOf(tree, path));
  return hash.digest("hex");
}

export const sha256 = (bytes: Uint8Array | string): string =>
  createHash("sha256").update(bytes).digest("hex");
