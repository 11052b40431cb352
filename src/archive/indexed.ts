import { sliceSource, type ByteSource } from "../bytes/index.ts";
import { archiveErrors, printable } from "./errors.ts";
import { joinPath, normaliseName } from "./names.ts";
import { problemList } from "./problems.ts";
import type { EntryKind, FileTree, TreeEntry } from "./tree.ts";

/** What an archive says of one of its members. */
export interface Member {
  /** The name as it is written in the archive. */
  readonly name: string;
  readonly kind: EntryKind;
  readonly size: number;
  readonly mode?: number;
  readonly mtime?: number;
  /** Target of a symbolic link. */
  readonly target?: string;
  /** The body of a file: where it starts in the archive, or bytes of their own. */
  readonly body?: number | ByteSource;
  /** Name of an earlier member that this one is another name of. */
  readonly hardLink?: string;
}

/**
 * What is kept of a file or link. There may be a million: its name and path are not repeated in it, and all have the
 * same fields, so that the engine keeps them small.
 */
interface Leaf {
  readonly kind: Exclude<EntryKind, "folder">;
  readonly size: number;
  readonly mode: number | undefined;
  readonly mtime: number | undefined;
  /** The body of a file, the target of a link. */
  readonly body: number | ByteSource | string | undefined;
}

interface Folder {
  readonly kind: "folder";
  readonly size: 0;
  mode: number | undefined;
  mtime: number | undefined;
  readonly children: Map<string, Leaf | Folder>;
  /** Names in order, once somebody asked. */
  sorted: readonly string[] | undefined;
}

type Node = Leaf | Folder;

/** A tree built up from the members of an archive. */
export interface TreeIndex {
  add(member: Member): void;
  /** A trouble with the archive itself, for the tree's `problems`. */
  problem(text: string): void;
  /** How many names are in it. */
  readonly count: number;
  tree(name: string, close?: () => Promise<void>): FileTree;
}

/**
 * Names that are refused, that repeat, or that stand in each other's way become problems; the rest stays usable.
 * Of two members with one name the last one counts, as it does for tar. Bodies that are offsets lie in `archive`.
 */
export function treeIndex(archive?: ByteSource): TreeIndex {
  const root = emptyFolder();
  const problems = problemList();
  let count = 1;

  /** The folder of these parts, made where it is missing; undefined when one of them is no folder. */
  function folderAt(parts: readonly string[], depth: number): Folder | undefined {
    let at = root;
    for (let index = 0; index < depth; index++) {
      const part = parts[index] ?? "";
      let next = at.children.get(part);
      if (next === undefined) {
        next = emptyFolder();
        place(at, part, next);
      }
      if (!isFolder(next)) return undefined;
      at = next;
    }
    return at;
  }

  function place(folder: Folder, name: string, node: Node): void {
    if (!folder.children.has(name)) count++;
    folder.children.set(name, node);
    folder.sorted = undefined;
  }

  function find(path: string): Node | undefined {
    let at: Node = root;
    if (path === "") return at;
    for (const part of path.split("/")) {
      const next: Node | undefined = isFolder(at) ? at.children.get(part) : undefined;
      if (next === undefined) return undefined;
      at = next;
    }
    return at;
  }

  function add(member: Member): void {
    const refuse = (reason: string): void => {
      problems.add(`The name ${printable(member.name)} is refused: ${reason}.`);
    };
    const { path, refused } = normaliseName(member.name);
    if (path === undefined) {
      refuse(refused);
      return;
    }
    if (path === "") {
      if (member.kind !== "folder") refuse("it names the root, and is no folder");
      return;
    }
    const parts = path.split("/");
    const name = parts[parts.length - 1] ?? "";
    const folder = folderAt(parts, parts.length - 1);
    if (folder === undefined) {
      refuse("a part of it is no folder");
      return;
    }
    const old = folder.children.get(name);
    if (member.kind === "folder") {
      if (old !== undefined && !isFolder(old)) refuse("a file of that name comes before it");
      else {
        const made = old ?? emptyFolder();
        made.mode = member.mode;
        made.mtime = member.mtime;
        place(folder, name, made);
      }
      return;
    }
    if (old !== undefined && isFolder(old)) {
      refuse("a folder of that name comes before it");
      return;
    }
    if (old !== undefined)
      problems.add(`The name ${printable(path)} appears more than once; the last one is shown.`);
    const node =
      member.hardLink === undefined ? leaf(member, member.kind) : hardLink(path, member, member.hardLink);
    if (node !== undefined) place(folder, name, node);
  }

  function hardLink(path: string, member: Member, to: string): Leaf | undefined {
    const name = normaliseName(to);
    const first = name.path === undefined ? undefined : find(name.path);
    if (first?.kind !== "file") {
      problems.add(
        `${printable(path)} is another name of ${printable(to)}, which is no file before it; it is left out.`,
      );
      return undefined;
    }
    const { mode, mtime } = member;
    return { kind: "file", size: first.size, mode, mtime, body: first.body };
  }

  function need(path: string, tree: string): { path: string; node: Node } {
    const name = normaliseName(path);
    const node = name.path === undefined ? undefined : find(name.path);
    if (name.path === undefined || node === undefined) throw archiveErrors.notFound(path, tree);
    return { path: name.path, node };
  }

  return {
    add,
    problem: (text) => {
      problems.add(text);
    },
    get count() {
      return count;
    },
    tree: (treeName, close) => ({
      name: treeName,
      // Each gives a promise that may be rejected, and never throws itself.
      list: async (folder) => {
        const { path, node } = await Promise.resolve(need(folder, treeName));
        if (!isFolder(node)) throw archiveErrors.notFound(`${folder}/`, treeName);
        // By code unit, as `sort` does by itself.
        node.sorted ??= [...node.children.keys()].sort();
        const entries: TreeEntry[] = [];
        for (const name of node.sorted) {
          const child = node.children.get(name);
          if (child !== undefined) entries.push(entryOf(joinPath(path, name), name, child));
        }
        return entries;
      },
      stat: (path) => {
        const name = normaliseName(path);
        const node = name.path === undefined ? undefined : find(name.path);
        if (name.path === undefined || node === undefined) return Promise.resolve(undefined);
        return Promise.resolve(entryOf(name.path, name.path.slice(name.path.lastIndexOf("/") + 1), node));
      },
      open: async (path) => {
        const { node } = await Promise.resolve(need(path, treeName));
        if (node.kind !== "file") throw archiveErrors.notAFile(path, treeName);
        const { body, size } = node;
        // A slice of its own, so that closing what was opened doesn't close the archive.
        if (typeof body === "number" && archive) return sliceSource(archive, body, size);
        if (typeof body === "object") return sliceSource(body, 0, size);
        throw archiveErrors.notAFile(path, treeName);
      },
      readLink: async (path) => {
        const { node } = await Promise.resolve(need(path, treeName));
        if (isFolder(node) || typeof node.body !== "string") throw archiveErrors.notALink(path, treeName);
        return node.body;
      },
      get problems() {
        return problems.all;
      },
      close: () => close?.() ?? Promise.resolve(),
    }),
  };
}

function isFolder(node: Node): node is Folder {
  return node.kind === "folder";
}

function emptyFolder(): Folder {
  return {
    kind: "folder",
    size: 0,
    mode: undefined,
    mtime: undefined,
    children: new Map(),
    sorted: undefined,
  };
}

function leaf({ size, mode, mtime, target, body }: Member, kind: Leaf["kind"]): Leaf {
  return { kind, size: kind === "file" ? size : 0, mode, mtime, body: target ?? body };
}

function entryOf(path: string, name: string, { kind, size, mode, mtime }: Node): TreeEntry {
  return {
    name,
    path,
    kind,
    size,
    ...(mode !== undefined && { mode }),
    ...(mtime !== undefined && { mtime }),
  };
}
