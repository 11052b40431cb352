import { basename, dirname } from "node:path/posix";
import type { FileTree, TreeEntry } from "../../archive/index.ts";
import { CryoscopeError, readPieces } from "../../bytes/index.ts";
import { CIPHER_IMAGE } from "../criusec/cipher-image.ts";
import { openSealedLayer, sealState } from "../criusec/layer.ts";
import type { LayerSeal } from "../criusec/layer-seal.ts";
import { unsealImage } from "../criusec/unseal-image.ts";
import { verifyPages } from "../criusec/verify-pages.ts";
import { sealErrors } from "../errors.ts";
import type { Key } from "../keys/index.ts";
import { openSealedTree } from "../open-tree.ts";
import { createOutFolder } from "./out-folder.ts";
import type { OutFolder } from "./out-folder.ts";
import { copyLinks } from "./seal-copy.ts";
import type { CopyOptions, CopyResult } from "./seal-copy.ts";
import { walkFolders } from "./walk.ts";
import { watched } from "./watched.ts";

export interface UnsealResult extends CopyResult {
  /** Layers whose pages are not those that were dumped. Which of them, their one digest doesn't tell; they were written. */
  readonly brokenLayers: number;
}

/**
 * Writes the plain files of a sealed checkpoint into the folder `out`, readable by their owner alone. Keys are proven
 * before anything is written, and `beforeWriting` is told; a file that is not authentic is reported and left out; what
 * was written is removed when copying fails or `signal` aborts. Throws `seal.unwritable`, `seal.keysLost`, the signal's reason, and what opening
 * throws.
 */
export async function unsealCopy(
  path: string,
  out: string,
  options: CopyOptions & { readonly beforeWriting?: () => void } = {},
): Promise<UnsealResult> {
  const keys = options.keys ?? [];
  const tree = await openSealedTree(path, keys, options);
  try {
    // Before anything is written: a key that doesn't fit leaves no folder behind.
    const layers = await openLayers(tree, keys, options.openedBy);
    try {
      const folder = await createOutFolder(out);
      try {
        options.beforeWriting?.();
        const lost: string[] = [];
        const written = await writeAll(tree, layers, folder, options, lost);
        return { ...written, brokenLayers: await countBroken(tree, layers, options, lost) };
      } catch (error) {
        await folder.discard();
        throw error;
      }
    } finally {
      for (const seal of layers.values()) seal.dispose();
    }
  } finally {
    await tree.close();
  }
}

/** The seals of all layers that are sealed, by folder. */
async function openLayers(
  tree: FileTree,
  keys: readonly Key[],
  openedBy: CopyOptions["openedBy"],
): Promise<ReadonlyMap<string, LayerSeal>> {
  const layers = new Map<string, LayerSeal>();
  try {
    for await (const { folder, entries } of walkFolders(tree)) {
      if (!entries.some(({ name }) => /^(cipher|inventory|pstree)\.img$/.test(name))) continue;
      const state = await sealState(tree, folder);
      if (state === "keysLost") throw sealErrors.keysLost(folder === "" ? tree.name : folder);
      const seal = await openSealedLayer(tree, folder, keys);
      if (seal === undefined) continue;
      layers.set(folder, seal);
      const key = keys.find((one) => one.kind === "rsa" && one.fingerprint === seal.keyFingerprint);
      if (key) openedBy?.(key.name);
    }
    return layers;
  } catch (error) {
    for (const seal of layers.values()) seal.dispose();
    throw error;
  }
}

/** Pages carry no tag of their own: whether one was changed is known when all of them were read. */
async function countBroken(
  tree: FileTree,
  layers: ReadonlyMap<string, LayerSeal>,
  { report, signal }: CopyOptions,
  lost: readonly string[],
): Promise<number> {
  let broken = 0;
  for (const [folder, seal] of layers) {
    const where = folder === "" ? tree.name : folder;
    // What says which pages there are, and which of them the digest doesn't cover.
    const needed = /^(?:pagemap|ipcns-shm)-/;
    if (lost.some((path) => dirname(path) === (folder || ".") && needed.test(basename(path)))) {
      report?.(`Pages of ${where} could not be verified: which there were is lost.`);
      continue;
    }
    // Pages that can't be read were left out, and told of: the rest of the copy is none the worse.
    const verdict = await verifyPages(tree, folder, seal, signal && { signal }).catch((error: unknown) => {
      if (!(error instanceof CryoscopeError)) throw error;
      return { state: "notVerifiable", why: error.message.replace(/\.$/, "") } as const;
    });
    if (verdict.state === "notVerifiable")
      report?.(`Pages of ${where} could not be verified: ${verdict.why}.`);
    if (verdict.state !== "broken") continue;
    broken++;
    report?.(
      `Pages of ${where} are not authentic: at least one was changed or damaged, and all were written.`,
    );
  }
  return broken;
}

async function writeAll(
  tree: FileTree,
  layers: ReadonlyMap<string, LayerSeal>,
  target: OutFolder,
  options: CopyOptions,
  lost: string[],
): Promise<CopyResult> {
  const watch = watched(options);
  const links: string[] = [];
  for await (const { folder, entries } of walkFolders(tree)) {
    await target.folder(folder);
    const seal = layers.get(folder);
    for (const entry of entries) {
      if (entry.kind === "link") links.push(entry.path);
      if (entry.kind !== "file" || (seal && entry.name === CIPHER_IMAGE)) continue;
      const why = await writeOne(tree, entry, seal, target, watch);
      if (why === undefined) continue;
      options.report?.(`${entry.path} is left out: ${why}`);
      lost.push(entry.path);
    }
  }
  return { leftOut: lost.length + (await copyLinks(tree, links, target, options.report)) };
}

/** Writes one file. Of one that isn't authentic it says why it was left out. */
async function writeOne(
  tree: FileTree,
  { name, path }: TreeEntry,
  seal: LayerSeal | undefined,
  target: OutFolder,
  watch: ReturnType<typeof watched>,
): Promise<string | undefined> {
  const source = await tree.open(path);
  try {
    const content = seal ? unsealImage(name, source, seal, true) : readPieces(source);
    await target.file(path, watch(content));
    return undefined;
  } catch (error) {
    if (!(error instanceof CryoscopeError) || !/^(seal|criu|bytes)\./.test(error.code)) throw error;
    // The folder itself can't be written: no other file can be, either.
    if (error.code === "seal.unwritable") throw error;
    return error.message;
  } finally {
    await source.close?.();
  }
}
