import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { openTree } from "../../archive/index.ts";
import type { FileTree } from "../../archive/index.ts";
import { openFileSource, readChunks } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { sealWithAge } from "../age/index.ts";
import type { CriuRecipient } from "../criusec/recipient.ts";
import { sealLayer } from "../criusec/seal-layer.ts";
import { sealErrors } from "../errors.ts";
import type { Key } from "../keys/index.ts";
import { openSealedTree } from "../open-tree.ts";
import type { SealedTreeOptions } from "../open-tree.ts";
import { openSealed } from "../schemes.ts";
import { createOutFolder, writeNewFile } from "./out-folder.ts";
import type { OutFolder } from "./out-folder.ts";
import { packTar } from "./pack-tar.ts";
import type { SealTarget } from "./recipients.ts";
import { walkFolders } from "./walk.ts";
import { watched } from "./watched.ts";

export interface CopyOptions extends SealedTreeOptions {
  /** Open what is sealed in the original. */
  readonly keys?: readonly Key[];
  /** Told how many bytes were written, from time to time. */
  readonly onBytes?: (total: number) => void;
  /** Told what a person should know: what was copied as it is, or left out. */
  readonly report?: (note: string) => void;
}

export interface CopyResult {
  /** Files and links that are not in the copy; each was reported. */
  readonly leftOut: number;
}

const CHUNK = 1 << 20;

/**
 * Writes a sealed copy of a checkpoint, `path` being an archive or a folder. For age `out` is a file: an archive as it
 * is, a folder as a tar. For CRIU it is a folder: each layer of images sealed, other files as they are. A file that is
 * sealed as a whole is opened with `keys` first, in memory. Nothing is overwritten; what was written is removed when
 * copying fails or `signal` aborts. Throws `seal.unwritable`, `seal.notARecipient`, `seal.unsupported`, the signal's
 * reason, and what opening throws.
 */
export async function sealCopy(
  path: string,
  target: SealTarget,
  out: string,
  options: CopyOptions = {},
): Promise<CopyResult> {
  if (target.kind === "criu") {
    for (const note of target.recipient.notes) options.report?.(note);
    return sealForCriu(path, target.recipient, out, options);
  }
  await sealForAge(path, target, out, options);
  return { leftOut: 0 };
}

async function sealForAge(
  path: string,
  target: Exclude<SealTarget, { readonly kind: "criu" }>,
  out: string,
  options: CopyOptions,
): Promise<void> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const write = async (content: AsyncIterable<Uint8Array>): Promise<void> =>
    writeNewFile(out, await sealWithAge(target, watched(options)(content)));
  if (isFolder) {
    const tree = await openTree(path, { raw: true });
    await write(packTar(tree)).finally(() => tree.close());
    return;
  }
  const source = await openFileSource(path);
  try {
    const opened = await openSealed(source, basename(path), options.keys ?? [], options);
    if (opened) options.openedBy?.(opened.openedBy);
    for (const note of opened?.notes ?? []) options.report?.(note);
    const content: ByteSource = opened?.source ?? source;
    await write(readChunks(content, { chunk: CHUNK })).finally(() => opened?.source.close?.());
  } finally {
    await source.close?.();
  }
}

async function sealForCriu(
  path: string,
  recipient: CriuRecipient,
  out: string,
  options: CopyOptions,
): Promise<CopyResult> {
  const tree = await openSealedTree(path, options.keys ?? [], options);
  try {
    const folders: string[] = [];
    for await (const { folder, entries } of walkFolders(tree))
      if (entries.some(({ name }) => /^(inventory|pstree|pagemap-.*)\.img$/.test(name))) folders.push(folder);
    if (folders.length === 0)
      throw sealErrors.unsupported(
        path,
        "no checkpoint with images",
        "Seal it for a recipient of age instead.",
      );
    const folder = await createOutFolder(out);
    try {
      return await writeSealed(tree, new Set(folders), recipient, folder, options);
    } catch (error) {
      await folder.discard();
      throw error;
    }
  } finally {
    await tree.close();
  }
}

async function writeSealed(
  tree: FileTree,
  layers: ReadonlySet<string>,
  recipient: CriuRecipient,
  target: OutFolder,
  options: CopyOptions,
): Promise<CopyResult> {
  const watch = watched(options);
  const links: string[] = [];
  for await (const { folder, entries } of walkFolders(tree)) {
    await target.folder(folder);
    for (const { kind, path } of entries) if (kind === "link") links.push(path);
    const prefix = folder === "" ? "" : `${folder}/`;
    if (layers.has(folder)) {
      for await (const { name, content } of sealLayer(tree, folder, recipient, options))
        await target.file(`${prefix}${name}`, watch(content));
      continue;
    }
    for (const { kind, path } of entries) {
      if (kind !== "file") continue;
      const source = await tree.open(path);
      await target
        .file(path, watch(readChunks(source, { chunk: CHUNK })))
        .finally(() => source.close?.() ?? Promise.resolve());
      options.report?.(`${path} is no image of CRIU's, and is copied as it is.`);
    }
  }
  return { leftOut: await copyLinks(tree, links, target, options.report) };
}

/** Makes the links, last, so that nothing is written through one. Gives how many were left out. */
export async function copyLinks(
  tree: FileTree,
  links: readonly string[],
  target: OutFolder,
  report: CopyOptions["report"],
): Promise<number> {
  let leftOut = 0;
  for (const path of links) {
    if (await target.link(path, await tree.readLink(path))) continue;
    report?.(`The link ${JSON.stringify(path)} leads out of the checkpoint, and is left out.`);
    leftOut++;
  }
  return leftOut;
}
