import type { FileTree } from "../archive/index.ts";
import { checkpointErrors } from "./errors.ts";
import { pacer } from "./pace.ts";

/** How far from the root the images may lie, and how many folders are looked at: a checkpoint is no file server. */
const MAX_DEPTH = 5;
const MAX_FOLDERS = 2000;

/** Folders that engines put beside the images and that hold no images of this checkpoint. */
const NOT_SEARCHED = new Set(["node_modules", ".git", "artifacts", "volumes", "rootfs"]);

interface Candidate {
  readonly folder: string;
  /** A pre-dump has an inventory but no process tree: it is a parent, never the checkpoint itself. */
  readonly hasTree: boolean;
  /** Folder its `parent` link names, when it lies in the tree. */
  readonly parent: string | undefined;
}

export interface Located {
  /** Path of the folder with the newest images. "" is the root of the tree. */
  readonly folder: string;
  /** Folders with images of other checkpoints, which are not shown. */
  readonly others: readonly string[];
}

/**
 * Finds the images by content, not by name: `checkpoint/`, a folder renamed by runc.conf, a Docker checkpoint
 * folder, a bare `criu dump`. Of a chain of layers it gives the newest. Throws `checkpoint.noImages`.
 */
export async function locateImages(tree: FileTree, signal?: AbortSignal): Promise<Located> {
  const candidates = await findCandidates(tree, signal);
  const parents = new Set(candidates.map((candidate) => candidate.parent));
  const heads = candidates.filter((candidate) => !parents.has(candidate.folder));
  const [best, ...rest] = (heads.length > 0 ? heads : candidates).toSorted(byPreference);
  if (best === undefined) throw checkpointErrors.noImages(tree.name);
  return { folder: best.folder, others: rest.map((candidate) => candidate.folder) };
}

function byPreference(a: Candidate, b: Candidate): number {
  return (
    Number(b.hasTree) - Number(a.hasTree) ||
    Number(isCheckpointFolder(b.folder)) - Number(isCheckpointFolder(a.folder)) ||
    depthOf(a.folder) - depthOf(b.folder) ||
    (a.folder < b.folder ? -1 : 1)
  );
}

const isCheckpointFolder = (folder: string): boolean =>
  folder === "checkpoint" || folder.endsWith("/checkpoint");
const depthOf = (folder: string): number => (folder === "" ? 0 : folder.split("/").length);

async function findCandidates(tree: FileTree, signal?: AbortSignal): Promise<Candidate[]> {
  const found: Candidate[] = [];
  let level = [""];
  let visited = 0;
  const turn = pacer();
  for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      signal?.throwIfAborted();
      await turn();
      if (++visited > MAX_FOLDERS) return found;
      // A folder below that can't be listed hides only itself.
      const entries = folder === "" ? await tree.list("") : await tree.list(folder).catch(() => []);
      // One pass, no lists beside the list: there may be a million names.
      let [hasTree, hasInventory, hasParent] = [false, false, false];
      for (const entry of entries) {
        if (entry.kind === "file" && entry.name === "pstree.img") hasTree = true;
        else if (entry.kind === "file" && entry.name === "inventory.img") hasInventory = true;
        else if (entry.kind === "link" && entry.name === "parent") hasParent = true;
        else if (entry.kind === "folder" && !NOT_SEARCHED.has(entry.name)) next.push(entry.path);
      }
      if (hasTree || hasInventory) {
        const target = hasParent ? await tree.readLink(join(folder, "parent")).catch(() => "") : "";
        found.push({ folder, hasTree, parent: target === "" ? undefined : resolveInTree(folder, target) });
      }
    }
    level = next;
  }
  return found;
}

export const join = (folder: string, name: string): string => (folder === "" ? name : `${folder}/${name}`);

/** What a relative link written in `folder` names inside the tree, or undefined when it is absolute or leaves the tree. */
function resolveInTree(folder: string, target: string): string | undefined {
  if (target.startsWith("/") || target.includes("\0") || target.length > 4096) return undefined;
  const parts = folder === "" ? [] : folder.split("/");
  for (const part of target.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/");
}
