import { constants } from "node:fs";
import { lstat, open, readdir, readlink, realpath } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import type { Stats } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { ByteSource } from "../bytes/index.ts";
import { archiveErrors, printable } from "./errors.ts";
import { readHandle } from "./handle.ts";
import { baseOf, byName, joinPath, normaliseName } from "./names.ts";
import { problemList } from "./problems.ts";
import type { EntryKind, FileTree, TreeEntry } from "./tree.ts";

/** A tree over a folder of this machine. */
export interface FolderTree extends FileTree {
  /** The folder's real path. */
  readonly root: string;
  /** Real path of the folder that links out of the tree may still lead into. */
  readonly reach: string;
}

export function isFolderTree(tree: FileTree): tree is FolderTree {
  return "root" in tree && "reach" in tree;
}

/** Links could be swapped in between a check and an open; a FIFO would block. Neither exists on Windows. */
const OPEN_FLAGS =
  constants.O_RDONLY |
  ((constants.O_NOFOLLOW as number | undefined) ?? 0) |
  ((constants.O_NONBLOCK as number | undefined) ?? 0);

/**
 * The files of a folder. No link inside it is followed, neither to open nor to list; sockets, devices and pipes are
 * shown and not opened. `reach` is how far `openLinkedFolder` may go; the folder around it when not given, where
 * CRIU puts the other layers of a chain. Throws `archive.unreadable`
 * and `archive.notAFolder`.
 */
export async function openFolder(path: string, reach?: string): Promise<FolderTree> {
  const unreadable = (cause: unknown): never => {
    throw archiveErrors.unreadable(path, cause);
  };
  const root = await realpath(path).catch(unreadable);
  if (!(await lstat(root).catch(unreadable)).isDirectory()) throw archiveErrors.notAFolder(path);
  const realReach = reach === undefined ? around(root) : await realpath(reach).catch(unreadable);
  const name = basename(root);
  const problems = problemList();
  const reported = new Set<string>();
  const handles = new Set<FileHandle>();

  /** The entry itself, if every part on the way to it is a real folder. */
  async function find(path: string): Promise<{ path: string; real: string; stats: Stats } | undefined> {
    const normal = normaliseName(path);
    if (normal.refused !== undefined) return undefined;
    let real = root;
    let stats = await lstat(root).catch(() => undefined);
    for (const part of normal.path === "" ? [] : normal.path.split("/")) {
      if (!stats?.isDirectory()) return undefined;
      real = join(real, part);
      stats = await lstat(real).catch(() => undefined);
    }
    return stats && { path: normal.path, real, stats };
  }

  async function need(path: string): Promise<{ path: string; real: string; stats: Stats }> {
    const found = await find(path);
    if (found === undefined) throw archiveErrors.notFound(path, name);
    return found;
  }

  return {
    name,
    root,
    reach: realReach,
    async list(folder) {
      const { path, real, stats } = await need(folder);
      if (!stats.isDirectory()) throw archiveErrors.notFound(`${folder}/`, name);
      const names = await readdir(real).catch((cause: unknown) => {
        throw archiveErrors.unreadable(real, cause);
      });
      const entries: TreeEntry[] = [];
      for (const child of names) {
        const childPath = joinPath(path, child);
        const normal = normaliseName(childPath);
        if (normal.refused !== undefined) {
          if (!reported.has(childPath))
            problems.add(`The name ${printable(childPath)} is refused: ${normal.refused}.`);
          reported.add(childPath);
          continue;
        }
        const childStats = await lstat(join(real, child)).catch(() => undefined);
        if (childStats !== undefined) entries.push(entryOf(childPath, childStats));
      }
      return entries.sort(byName);
    },
    async stat(path) {
      const found = await find(path);
      return found && entryOf(found.path, found.stats);
    },
    async open(path) {
      const { real, stats } = await need(path);
      if (!stats.isFile()) throw archiveErrors.notAFile(path, name);
      const handle = await open(real, OPEN_FLAGS).catch((cause: unknown) => {
        throw archiveErrors.unreadable(real, cause);
      });
      const opened = await handle.stat();
      // Another file than the one looked at: somebody is moving things under us.
      if (!opened.isFile() || opened.ino !== stats.ino || opened.dev !== stats.dev) {
        await handle.close();
        throw archiveErrors.notAFile(path, name);
      }
      handles.add(handle);
      return handleSource(handle, opened.size, () => handles.delete(handle));
    },
    async readLink(path) {
      const { real, stats } = await need(path);
      if (!stats.isSymbolicLink()) throw archiveErrors.notALink(path, name);
      return readlink(real);
    },
    get problems() {
      return problems.all;
    },
    async close() {
      const open = [...handles];
      handles.clear();
      await Promise.all(open.map((handle) => handle.close()));
    },
  };
}

/** The folder around `root`; `root` itself where that would be the whole machine. */
function around(root: string): string {
  const outer = dirname(root);
  return dirname(outer) === outer ? root : outer;
}

function handleSource(handle: FileHandle, size: number, closed: () => void): ByteSource {
  let close: Promise<void> | undefined;
  return {
    size,
    region: { descriptor: handle.fd, offset: 0 },
    read: (offset, length) => readHandle(handle, offset, Math.max(0, Math.min(length, size - offset))),
    close: () => {
      closed();
      close ??= handle.close();
      return close;
    },
  };
}

const KINDS: readonly (readonly [test: (stats: Stats) => boolean, kind: EntryKind])[] = [
  [(stats) => stats.isFile(), "file"],
  [(stats) => stats.isDirectory(), "folder"],
  [(stats) => stats.isSymbolicLink(), "link"],
];

function entryOf(path: string, stats: Stats): TreeEntry {
  const kind = KINDS.find(([test]) => test(stats))?.[1] ?? "other";
  return {
    name: baseOf(path),
    path,
    kind,
    size: kind === "file" ? stats.size : 0,
    mode: stats.mode & 0o7777,
    mtime: Math.trunc(stats.mtimeMs),
  };
}
