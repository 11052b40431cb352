import { archiveErrors } from "./errors.ts";
import { byName, normaliseName } from "./names.ts";
import type { FileTree, TreeEntry } from "./tree.ts";

/** A tree that is shown as a folder of another one. It is opened when somebody looks into it. */
export interface Mount {
  /** One part of a path, in the root of the tree. */
  readonly folder: string;
  open(): Promise<FileTree>;
}

/**
 * `base` with other trees as folders of its root; they hide what `base` has there. A mount that can't be opened
 * throws its own error when it is looked into, and leaves the others alone. Closing closes what was opened and `base`.
 */
export function mountedTree(base: FileTree, mounts: readonly Mount[]): FileTree {
  const byFolder = new Map(mounts.map((mount) => [mount.folder, mount]));
  const opened = new Map<string, Promise<FileTree>>();
  const ready: FileTree[] = [];

  async function treeOf(mount: Mount): Promise<FileTree> {
    let tree = opened.get(mount.folder);
    if (tree === undefined) {
      tree = mount.open().then((one) => {
        ready.push(one);
        return one;
      });
      opened.set(mount.folder, tree);
      // Tried again by the next who asks: the disk may have room then.
      tree.catch(() => opened.delete(mount.folder));
    }
    return tree;
  }

  /** The tree that a path lies in, the path there, and what to put before the paths it gives. */
  async function at(path: string): Promise<{ tree: FileTree; path: string; prefix: string }> {
    const name = normaliseName(path);
    if (name.refused !== undefined) throw archiveErrors.notFound(path, base.name);
    const [first = "", ...rest] = name.path.split("/");
    const mount = byFolder.get(first);
    if (mount === undefined) return { tree: base, path: name.path, prefix: "" };
    return { tree: await treeOf(mount), path: rest.join("/"), prefix: first };
  }

  return {
    name: base.name,
    async list(folder) {
      const { tree, path, prefix } = await at(folder);
      const entries = await tree.list(path);
      if (prefix !== "") return entries.map((entry) => placed(entry, prefix));
      if (path !== "") return entries;
      const own = entries.filter(({ name }) => !byFolder.has(name));
      return [...own, ...mounts.map(({ folder: name }) => mountPoint(name))].sort(byName);
    },
    async stat(path) {
      // The folder is there, whether it can be opened or not.
      const name = normaliseName(path);
      if (name.path !== undefined && byFolder.has(name.path)) return mountPoint(name.path);
      const found = await at(path).catch(() => undefined);
      const entry = await found?.tree.stat(found.path);
      return found && entry && (found.prefix === "" ? entry : placed(entry, found.prefix));
    },
    async open(path) {
      const found = await at(path);
      return found.tree.open(found.path);
    },
    async readLink(path) {
      const found = await at(path);
      return found.tree.readLink(found.path);
    },
    get problems() {
      return [...base.problems, ...ready.flatMap((tree) => tree.problems)];
    },
    async close() {
      await Promise.allSettled(opened.values());
      await Promise.all(ready.map((tree) => tree.close()));
      await base.close();
    },
  };
}

function mountPoint(folder: string): TreeEntry {
  return { name: folder, path: folder, kind: "folder", size: 0 };
}

function placed(entry: TreeEntry, prefix: string): TreeEntry {
  return entry.path === "" ? mountPoint(prefix) : { ...entry, path: `${prefix}/${entry.path}` };
}
