// What a file is, and all of a small one, is read here and now, in slices: that takes microseconds, far less than to ask
// a thread for it, and a checkpoint has thousands of small files. Others get their turn between the slices.
import { closeSync, constants, fstatSync, lstatSync, openSync } from "node:fs";
import { readdir, readlink, realpath } from "node:fs/promises";
import type { Stats } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { bufferSource } from "../bytes/index.ts";
import type { ByteSource } from "../bytes/index.ts";
import { archiveErrors, printable } from "./errors.ts";
import { descriptorSource, readNow } from "./handle.ts";
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

/** How long the thread may be held, milliseconds. */
const SLICE = 10;
/** Files that are read as they are opened, bytes. */
const SMALL_FILE = 64 * 1024;

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
  if (lookAt(root)?.isDirectory() !== true) throw archiveErrors.notAFolder(path);
  const realReach = reach === undefined ? around(root) : await realpath(reach).catch(unreadable);
  const name = basename(root);
  const problems = problemList();
  const reported = new Set<string>();
  const opened = new Set<ByteSource>();

  let since = performance.now();
  let pause: Promise<void> | undefined;
  /** Lets others run when the thread was held for a while: one pause for all who read at the time. */
  function turn(): Promise<void> | undefined {
    if (performance.now() - since < SLICE) return pause;
    pause ??= setImmediate().then(() => {
      since = performance.now();
      pause = undefined;
    });
    return pause;
  }

  /** The entry itself, if every part on the way to it is a real folder. */
  function find(path: string): { path: string; real: string; stats: Stats } | undefined {
    const normal = normaliseName(path);
    if (normal.refused !== undefined) return undefined;
    let real = root;
    let stats = lookAt(root);
    for (const part of normal.path === "" ? [] : normal.path.split("/")) {
      if (!stats?.isDirectory()) return undefined;
      real = join(real, part);
      stats = lookAt(real);
    }
    return stats && { path: normal.path, real, stats };
  }

  function need(path: string): { path: string; real: string; stats: Stats } {
    const found = find(path);
    if (found === undefined) throw archiveErrors.notFound(path, name);
    return found;
  }

  return {
    name,
    root,
    reach: realReach,
    async list(folder) {
      const { path, real, stats } = need(folder);
      if (!stats.isDirectory()) throw archiveErrors.notFound(`${folder}/`, name);
      const names = await readdir(real).catch((cause: unknown) => {
        throw archiveErrors.unreadable(real, cause);
      });
      const entries: TreeEntry[] = [];
      for (const child of names) {
        await turn();
        const childPath = joinPath(path, child);
        const normal = normaliseName(childPath);
        if (normal.refused !== undefined) {
          if (!reported.has(childPath))
            problems.add(`The name ${printable(childPath)} is refused: ${normal.refused}.`);
          reported.add(childPath);
          continue;
        }
        const childStats = lookAt(join(real, child));
        if (childStats !== undefined) entries.push(entryOf(childPath, childStats));
      }
      return entries.sort(byName);
    },
    stat(path) {
      const found = find(path);
      return Promise.resolve(found && entryOf(found.path, found.stats));
    },
    async open(path) {
      await turn();
      const { real, stats } = need(path);
      if (!stats.isFile()) throw archiveErrors.notAFile(path, name);
      const descriptor = attempt(real, () => openSync(real, OPEN_FLAGS));
      const now = fstatSync(descriptor);
      // Another file than the one looked at: somebody is moving things under us.
      if (!now.isFile() || now.ino !== stats.ino || now.dev !== stats.dev) {
        closeSync(descriptor);
        throw archiveErrors.notAFile(path, name);
      }
      if (now.size <= SMALL_FILE) return readAll(descriptor, real, now.size);
      const source = descriptorSource(descriptor, now.size, turn, () => opened.delete(source));
      opened.add(source);
      return source;
    },
    async readLink(path) {
      const { real, stats } = need(path);
      if (!stats.isSymbolicLink()) throw archiveErrors.notALink(path, name);
      return readlink(real);
    },
    get problems() {
      return problems.all;
    },
    async close() {
      await Promise.all([...opened].map((source) => source.close?.()));
    },
  };
}

/** The folder around `root`; `root` itself where that would be the whole machine. */
function around(root: string): string {
  const outer = dirname(root);
  return dirname(outer) === outer ? root : outer;
}

/** What is there, links not followed; undefined where it can't be told. */
function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** All of a small file, which is closed. */
function readAll(descriptor: number, path: string, size: number): ByteSource {
  try {
    return bufferSource(attempt(path, () => readNow(descriptor, 0, size)));
  } finally {
    closeSync(descriptor);
  }
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw archiveErrors.unreadable(path, cause);
  }
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
