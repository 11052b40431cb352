import { opendir, readlink, realpath } from "node:fs/promises";
import type { Stats } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { CryoscopeError, bufferSource } from "../bytes/index.ts";
import type { ByteSource } from "../bytes/index.ts";
import { ALWAYS_LISTED, MAX_LISTED, tooManyNames } from "./crowded.ts";
import { archiveErrors, printable } from "./errors.ts";
import { PATIENCE, folderReads, patiently } from "./folder-reads.ts";
import { descriptorSource } from "./descriptor-source.ts";
import { baseOf, byName, joinPath, normaliseName } from "./names.ts";
import { problemList } from "./problems.ts";
import { orderOf } from "./sorting.ts";
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

/** How long the thread may be held, milliseconds. */
const SLICE = 10;
/** Names that are sorted at once. */
const SORTED_AT_ONCE = 2048;
/** Files that are read as they are opened, bytes. */
const SMALL_FILE = 64 * 1024;

export interface FolderOptions {
  /**
   * How far `openLinkedFolder` may go; the folder around it when not given, where CRIU puts the other layers of a chain.
   */
  readonly reach?: string | undefined;
  /** Milliseconds after which a file system that is not this machine's own is given up when it doesn't answer; half a minute. */
  readonly patience?: number | undefined;
  /** Names that the list of one folder holds; the rest is a problem. */
  readonly maxListed?: number | undefined;
}

/**
 * The files of a folder. No link inside it is followed, neither to open nor to list; sockets, devices and pipes are
 * shown and not opened. Throws `archive.unreadable`, `archive.notAFolder` and, here and in all that the tree does,
 * `archive.noAnswer`.
 */
export async function openFolder(path: string, options: FolderOptions = {}): Promise<FolderTree> {
  const { reach, patience = PATIENCE, maxListed = MAX_LISTED } = options;
  const real = (path: string): Promise<string> =>
    patiently(path, patience, () =>
      realpath(path).catch((cause: unknown) => {
        throw archiveErrors.unreadable(path, cause);
      }),
    );
  const root = await real(path);
  const reads = await folderReads(root, patience);
  if ((await reads.look(root))?.isDirectory() !== true) throw archiveErrors.notAFolder(path);
  const realReach = reach === undefined ? around(root) : await real(reach);
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
  async function find(path: string): Promise<{ path: string; real: string; stats: Stats } | undefined> {
    const normal = normaliseName(path);
    if (normal.refused !== undefined) return undefined;
    let real = root;
    let stats = await reads.look(root);
    for (const part of normal.path === "" ? [] : normal.path.split("/")) {
      if (!stats?.isDirectory()) return undefined;
      real = join(real, part);
      stats = await reads.look(real);
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
      const listed = await reads.ask(real, () => namesIn(real, maxListed));
      const cut = `${path}/`;
      if (listed.length > maxListed) {
        if (!reported.has(cut)) problems.add(tooManyNames(path, maxListed));
        reported.add(cut);
        listed.length = maxListed;
        listed.push(...ALWAYS_LISTED.filter((name) => !listed.includes(name)));
      }
      const entries: TreeEntry[] = [];
      for (const child of listed) {
        await turn();
        const childPath = joinPath(path, child);
        const normal = normaliseName(childPath);
        if (normal.refused !== undefined) {
          if (!reported.has(childPath))
            problems.add(`The name ${printable(childPath)} is refused: ${normal.refused}.`);
          reported.add(childPath);
          continue;
        }
        const childStats = await reads.look(join(real, child));
        if (childStats !== undefined) entries.push(entryOf(childPath, childStats));
        // Node gives such a name with replacements, by which it can't be opened.
        else if (child.includes("\ufffd") && !reported.has(childPath)) {
          problems.add(`The name ${printable(childPath)} is not UTF-8; a tar of the folder can be read.`);
          reported.add(childPath);
        }
      }
      return sorted(entries);
    },
    async stat(path) {
      const found = await find(path);
      return found && entryOf(found.path, found.stats);
    },
    async open(path) {
      await turn();
      let size: number;
      const { real, stats } = await need(path);
      if (!stats.isFile()) throw archiveErrors.notAFile(path, name);
      const descriptor = await attempt(real, () => reads.open(real));
      try {
        const now = await reads.stat(descriptor);
        // Another file than the one looked at: somebody is moving things under us.
        if (!now.isFile() || now.ino !== stats.ino || now.dev !== stats.dev)
          throw archiveErrors.notAFile(path, name);
        if (now.size <= SMALL_FILE) {
          const bytes = await attempt(real, () => reads.read(descriptor, 0, now.size));
          await reads.close(descriptor);
          return bufferSource(bytes);
        }
        size = now.size;
      } catch (error) {
        await reads.close(descriptor);
        throw error;
      }
      const source = descriptorSource(descriptor, size, reads, turn, () => opened.delete(source));
      opened.add(source);
      return source;
    },
    async readLink(path) {
      const { real, stats } = await need(path);
      if (!stats.isSymbolicLink()) throw archiveErrors.notALink(path, name);
      return reads.ask(real, () => readlink(real));
    },
    get problems() {
      return problems.all;
    },
    async close() {
      await Promise.all([...opened].map((source) => source.close?.()));
    },
  };
}

/** Names that are fetched together. */
const NAMES_AT_ONCE = 1024;

/** The names in a folder, up to one more than are listed. */
async function namesIn(folder: string, most: number): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of await opendir(folder, { bufferSize: NAMES_AT_ONCE })) {
      if (names.push(name) > most) break;
      if (names.length % NAMES_AT_ONCE === 0) await setImmediate();
    }
  } catch (cause) {
    throw archiveErrors.unreadable(folder, cause);
  }
  return names;
}

/** By name; a long list in slices. */
async function sorted(entries: TreeEntry[]): Promise<readonly TreeEntry[]> {
  if (entries.length <= SORTED_AT_ONCE) return entries.sort(byName);
  const order = await orderOf(entries.map(({ name }) => name));
  return Array.from(order, (index) => entries[index]).filter((entry) => entry !== undefined);
}

/** The folder around `root`; `root` itself where that would be the whole machine. */
function around(root: string): string {
  const outer = dirname(root);
  return dirname(outer) === outer ? root : outer;
}

async function attempt<T>(path: string, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    if (cause instanceof CryoscopeError) throw cause;
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
