import { folderId, openLinkedFolder } from "../archive/index.ts";
import type { FileTree, LinkedFolder, TreeEntry } from "../archive/index.ts";
import type { ByteSource } from "../bytes/index.ts";
import { IMAGE_TYPES, isBigEndian } from "../criu/index.ts";
import type { ImageSeal, Problem } from "../criu/index.ts";
import { CIPHER_IMAGE, sealErrors, sealState } from "../seal/index.ts";
import { checkpointErrors } from "./errors.ts";
import { join } from "./locate.ts";
import { pacer } from "./pace.ts";
import { asProblem } from "./problems.ts";
import type { Report } from "./problems.ts";

/** A chain this long is no backup scheme but an attack. */
const MAX_LAYERS = 256;
/** A dump has some ten files for each process. */
const MAX_FILES = 100_000;
/** What there is once a dump is kept beside so many: the process tree, the open files, the link to the older layer. */
const KEPT = new Set([
  ...IMAGE_TYPES.map(({ pattern }) => pattern).filter((pattern) => !pattern.includes("%")),
  ...["parent", "stats-dump", "dump.log", "descriptors.json"],
]);

const INVENTORY = "inventory.img";

/** One directory of images. Its own keys open it where it is sealed. */
export interface Layer {
  /** 0 is the newest. */
  readonly index: number;
  /** Path in the tree; "" for its root. */
  readonly folder: string;
  readonly tree: FileTree;
  readonly sealed: boolean;
  readonly seal: ImageSeal | undefined;
  /** The order in which the machine keeps bytes, as its inventory.img has it. */
  readonly bigEndian: boolean;
  /** Every file in the folder, by name. */
  readonly files: ReadonlyMap<string, TreeEntry>;
}

/** Gives the key of a sealed layer, or throws `seal.keyNeeded`, `seal.wrongKey` … */
export type SealFor = (layer: SealedLayer) => Promise<ImageSeal>;

export interface SealedLayer {
  /** Path in the tree of the layer's folder. */
  readonly folder: string;
  readonly tree: FileTree;
  /** `cipher.img` of the layer. */
  readonly cipherPath: string;
}

/**
 * The layer in `folder` and those its `parent` links lead to (`criu/image.c`: the newest layer is the one that was
 * asked for). A missing, outside or circular parent is reported and ends the chain.
 */
export async function openLayers(
  tree: FileTree,
  folder: string,
  sealFor: SealFor | undefined,
  report: Report,
  signal?: AbortSignal,
): Promise<readonly Layer[]> {
  const layers: Layer[] = [];
  const seen = new Set<string>();
  let next: LinkedFolder | undefined = { tree, folder, id: folderId(tree, folder) };
  try {
    while (next !== undefined) {
      signal?.throwIfAborted();
      seen.add(next.id);
      const layer = await openLayer(next, layers.length, sealFor, report);
      layers.push(layer);
      next = layer.files.has("parent") ? await parentOf(layer, seen, report) : undefined;
    }
    return layers;
  } catch (error) {
    await closeLayers(tree, layers);
    throw error;
  }
}

/** Closes the trees that had to be opened for parents outside of `tree`, which stays open. */
export async function closeLayers(tree: FileTree, layers: readonly Layer[]): Promise<void> {
  const others = new Set(layers.map((layer) => layer.tree).filter((other) => other !== tree));
  for (const other of others) await other.close();
}

async function openLayer(
  { tree, folder }: LinkedFolder,
  index: number,
  sealFor: SealFor | undefined,
  report: Report,
): Promise<Layer> {
  const files = new Map<string, TreeEntry>();
  const turn = pacer();
  let count = 0;
  for (const entry of await tree.list(folder)) {
    if (entry.kind === "folder") continue;
    if (++count === MAX_FILES + 1) report(tooManyFiles(folder === "" ? tree.name : folder));
    if (count <= MAX_FILES || KEPT.has(entry.name)) files.set(entry.name, entry);
    const pause = turn();
    if (pause) await pause;
  }
  const cipherPath = join(folder, CIPHER_IMAGE);
  const state = await sealState(tree, folder);
  if (state === "keysLost") throw sealErrors.keysLost(folder === "" ? tree.name : folder);
  const sealed = state === "sealed";
  if (sealed && sealFor === undefined) throw sealErrors.keyNeeded(cipherPath);
  const seal = sealed ? await sealFor?.({ folder, tree, cipherPath }) : undefined;
  return {
    index,
    folder,
    tree,
    sealed,
    seal,
    bigEndian: await isBigEndianFolder(tree, folder, files),
    files,
  };
}

async function isBigEndianFolder(
  tree: FileTree,
  folder: string,
  files: ReadonlyMap<string, TreeEntry>,
): Promise<boolean> {
  if (files.get(INVENTORY)?.kind !== "file") return false;
  const source = await tree.open(join(folder, INVENTORY));
  try {
    return await isBigEndian(INVENTORY, source);
  } catch {
    // Whoever reads the image says what is wrong with it.
    return false;
  } finally {
    await source.close?.();
  }
}

/** Opens a file of the layer; undefined when there is none of that name (or it is a link). The caller closes it. */
export async function openInLayer(layer: Layer, name: string): Promise<ByteSource | undefined> {
  return layer.files.get(name)?.kind === "file" ? layer.tree.open(join(layer.folder, name)) : undefined;
}

/** Path in the tree of a file of the layer, for messages. */
export const pathInLayer = (layer: Layer, name: string): string => join(layer.folder, name);

/** The folder that a layer's `parent` link leads to; undefined, and reported, where the chain is broken. */
async function parentOf(
  layer: Layer,
  seen: ReadonlySet<string>,
  report: Report,
): Promise<LinkedFolder | undefined> {
  const path = join(layer.folder, "parent");
  const broken = (error: unknown): undefined => {
    report({ ...asProblem(error, path), severity: "warning" });
    return undefined;
  };
  const linked = await openLinkedFolder(layer.tree, path).catch((cause: unknown) =>
    broken(checkpointErrors.parentUnreachable(cause)),
  );
  if (linked === undefined) return undefined;
  const trouble =
    (seen.has(linked.id) && checkpointErrors.parentCycle()) ||
    (layer.index + 1 >= MAX_LAYERS && checkpointErrors.tooManyLayers());
  if (!trouble) return linked;
  if (linked.tree !== layer.tree) await linked.tree.close();
  return broken(trouble);
}

const tooManyFiles = (file: string): Problem => ({
  code: "checkpoint.tooManyFiles",
  message: `There are more than ${MAX_FILES} files in this folder, more than any dump has; the first ones are looked at.`,
  severity: "warning",
  file,
});
