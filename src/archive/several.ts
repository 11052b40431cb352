// The several checkpoints in one tree: the containers of a pod, side by side as folders or as archives; images of an index.
import { join } from "node:path";
import { describedTree } from "./described.ts";
import { isFolderTree, openFolder } from "./folder.ts";
import { recogniseFolder } from "./foreign.ts";
import { baseOf, joinPath, normaliseName, parentOf } from "./names.ts";
import { isArchive } from "./nested.ts";
import { openNested, type OpenOptions } from "./open.ts";
import { foreignOrigin, originOf, type ForeignOrigin, type TreeOrigin } from "./origin.ts";
import { subTree } from "./sub-tree.ts";
import type { FileTree, TreeEntry } from "./tree.ts";
import { turns } from "./turns.ts";

/** A checkpoint found in a tree. */
export interface FoundCheckpoint {
  /** Its folder or archive in the tree; "" when the tree as a whole is one. */
  readonly path: string;
  readonly kind: "folder" | "archive";
  /** What to call it. */
  readonly name: string;
  readonly origin: TreeOrigin | undefined;
}

/** How far from the root they may lie, and how much is looked at: a checkpoint is no file server. */
const MAX_DEPTH = 5;
const MAX_FOLDERS = 2000;
const MAX_ARCHIVES = 256;

/** Folders of engines that hold no checkpoints. */
const NOT_SEARCHED = new Set(["node_modules", ".git", "artifacts", "volumes", "rootfs"]);
/** Files that say that these are CRIU's images; a pre-dump has no process tree. */
const IMAGES = ["inventory.img", "pstree.img"];
/** Files that engines put around the folder of the images. */
const SIDECARS = ["spec.dump", "config.dump"];
/** What runsc calls its state; it may be CRIU's name for nothing. */
const STATE_OF_RUNSC = "checkpoint.img";
/** What engines call the folder of the images. */
const IMAGE_FOLDERS = new Set(["checkpoint", "pre-checkpoint"]);

/**
 * The checkpoints in a tree, sorted by path. One alone has the path "", unless gVisor made it in a folder below. Of several they are the folders that hold a container's files,
 * or, where there are no images in folders, the archives that lie about: the layout of a pod's checkpoint is its runtime's
 * own (KEP-5823). None when there is nothing of that kind.
 */
export async function findCheckpoints(
  tree: FileTree,
  signal?: AbortSignal,
): Promise<readonly FoundCheckpoint[]> {
  if (tree.parts !== undefined)
    return tree.parts.map(({ folder, name, origin }) => ({ path: folder, kind: "folder", name, origin }));
  if (foreignOrigin(tree) !== undefined)
    return [{ path: "", kind: "folder", name: tree.name, origin: tree.origin }];
  const { containers, files, foreign } = await look(tree, signal);
  const found = (path: string, kind: FoundCheckpoint["kind"]): FoundCheckpoint => ({
    path,
    kind,
    name: path === "" ? tree.name : baseOf(path).replace(/\.(tar|tgz|tar\.\w{1,4})$/, ""),
    origin: foreign.get(path) ?? originOf(tree, path),
  });
  const [only] = containers;
  // What CRIU didn't make is recognised where it lies, and opened there.
  if (containers.length === 1) return [found(only !== undefined && foreign.has(only) ? only : "", "folder")];
  if (containers.length > 1) return containers.toSorted().map((path) => found(path, "folder"));
  const archives: string[] = [];
  for (const { path } of files) {
    signal?.throwIfAborted();
    const source = await tree.open(path).catch(() => undefined);
    if (source && (await isArchive(source))) archives.push(path);
    await source?.close?.();
  }
  return archives.toSorted().map((path) => found(path, "archive"));
}

/** Opens one of them as a tree of its own, which closes apart from `tree`. Throws as `openTree` does. */
export async function openFound(
  tree: FileTree,
  { path, kind, origin }: FoundCheckpoint,
  options: OpenOptions = {},
): Promise<FileTree> {
  if (kind === "archive") {
    const source = await tree.open(path);
    const close = (): Promise<void> => source.close?.() ?? Promise.resolve();
    try {
      const nested = await openNested(source, path, options);
      return subTree(nested, "", nested.origin, async () => {
        await nested.close();
        await close();
      });
    } catch (error) {
      await close();
      throw error;
    }
  }
  // A folder on disk keeps what a folder on disk can do: links to parents beside it.
  if (isFolderTree(tree) && path !== "") {
    const folder = await openFolder(join(tree.root, path), { reach: tree.root });
    return origin === undefined ? folder : describedTree(folder, { origin });
  }
  return subTree(tree, path, origin);
}

/** The folders that are a checkpoint each, and the files that lie in none of them. */
async function look(
  tree: FileTree,
  signal: AbortSignal | undefined,
): Promise<{
  containers: readonly string[];
  files: readonly TreeEntry[];
  /** Of the containers, those that CRIU didn't freeze. */
  foreign: ReadonlyMap<string, ForeignOrigin>;
}> {
  const containers = new Set<string>();
  const foreign = new Map<string, ForeignOrigin>();
  const parents = new Set<string>();
  const files: TreeEntry[] = [];
  let level = [""];
  let looked = 0;
  const turn = turns();
  for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      signal?.throwIfAborted();
      await turn.now();
      if (++looked > MAX_FOLDERS) break;
      const entries = await tree.list(folder).catch(() => []);
      const has = (names: readonly string[]): boolean =>
        entries.some(({ kind, name }) => kind === "file" && names.includes(name));
      const link = entries.some(({ kind, name }) => kind === "link" && name === "parent")
        ? await tree.readLink(joinPath(folder, "parent")).catch(() => "")
        : "";
      if (has(IMAGES)) {
        const isInner = IMAGE_FOLDERS.has(baseOf(folder)) || containers.has(parentOf(folder)) || link !== "";
        containers.add(isInner ? parentOf(folder) : folder);
      } else if (has([STATE_OF_RUNSC])) {
        const container = IMAGE_FOLDERS.has(baseOf(folder)) ? parentOf(folder) : folder;
        const origin = await recogniseFolder(subTree(tree, container, undefined));
        if (origin !== undefined) {
          containers.add(container);
          foreign.set(container, origin);
        }
      } else if (has(SIDECARS)) containers.add(folder);
      if (link.startsWith("../"))
        parents.add(normaliseName(joinPath(parentOf(folder), link.slice(3))).path ?? "");
      for (const entry of entries)
        if (entry.kind === "file") {
          if (files.length < MAX_ARCHIVES) files.push(entry);
        } else if (entry.kind === "folder" && !NOT_SEARCHED.has(entry.name)) next.push(entry.path);
    }
    level = next;
  }
  // The older layers of a chain are part of the newest.
  for (const parent of parents) if (parent !== "") containers.delete(parent);
  return { containers: [...containers], files, foreign };
}
