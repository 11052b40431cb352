import { sliceSource, type ByteSource } from "../bytes/index.ts";
import { ALWAYS_LISTED, MAX_LISTED, tooManyNames } from "./crowded.ts";
import { archiveErrors, printable } from "./errors.ts";
import { nameTable, ROOT, type Facts } from "./name-table.ts";
import { baseOf, joinPath, normaliseName, parentOf } from "./names.ts";
import { problemList } from "./problems.ts";
import { orderOf } from "./sorting.ts";
import type { EntryKind, FileTree, TreeEntry } from "./tree.ts";
import { turns } from "./turns.ts";

/** What an archive says of one of its members. */
export interface Member {
  /** The name as it is written in the archive. */
  readonly name: string;
  readonly kind: EntryKind;
  readonly size: number;
  readonly mode?: number | undefined;
  readonly mtime?: number | undefined;
  /** Target of a symbolic link. */
  readonly target?: string | undefined;
  /** The body of a file: where it starts in the archive, or bytes of their own. */
  readonly body?: number | ByteSource | undefined;
  /** Name of an earlier member that this one is another name of. */
  readonly hardLink?: string | undefined;
}

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
export function treeIndex(archive?: ByteSource, maxListed = MAX_LISTED): TreeIndex {
  const table = nameTable();
  /** Bodies that are no place in the archive, by row. */
  const sources = new Map<number, ByteSource>();
  const problems = problemList();
  /** Folders that were told to hold too many names. */
  const cut = new Set<number>();
  // Members of one folder come one after the other.
  let last = { folder: "", row: ROOT };

  /** The row of the folder at a path, made where it is missing; undefined when a part of it is no folder. */
  function folderAt(path: string): number | undefined {
    if (path === last.folder) return last.row;
    let row = ROOT;
    if (path !== "")
      for (const part of path.split("/")) {
        const found = table.find(row, part);
        row = found < 0 ? table.add(row, part, "folder") : found;
        if (table.kind(row) !== "folder") return undefined;
      }
    last = { folder: path, row };
    return row;
  }

  function find(path: string): number | undefined {
    let row = ROOT;
    if (path === "") return row;
    for (const part of path.split("/")) {
      if (table.kind(row) !== "folder") return undefined;
      row = table.find(row, part);
      if (row < 0) return undefined;
    }
    return row;
  }

  function refuse(name: string, reason: string): void {
    problems.add(`The name ${printable(name)} is refused: ${reason}.`);
  }

  // A million members pass here: no object is made for one.
  function add(member: Member): void {
    const { kind, mode = NaN, mtime = NaN, hardLink } = member;
    const { path, refused } = normaliseName(member.name);
    if (path === undefined) {
      refuse(member.name, refused);
      return;
    }
    if (path === "") {
      if (kind !== "folder") refuse(member.name, "it names the root, and is no folder");
      return;
    }
    const folder = folderAt(parentOf(path));
    if (folder === undefined) {
      refuse(member.name, "a part of it is no folder");
      return;
    }
    const name = baseOf(path);
    const old = table.find(folder, name);
    const isOldFolder = old >= 0 && table.kind(old) === "folder";
    if (kind === "folder") {
      if (old >= 0 && !isOldFolder) refuse(member.name, "a file of that name comes before it");
      else table.set(old < 0 ? table.add(folder, name, "folder") : old, "folder", mode, mtime, 0, NaN);
      return;
    }
    if (isOldFolder) {
      refuse(member.name, "a folder of that name comes before it");
      return;
    }
    if (old >= 0) problems.add(`The name ${printable(path)} appears more than once; the last one is shown.`);
    const first = hardLink === undefined ? undefined : linked(path, hardLink);
    if (hardLink !== undefined && first === undefined) return;
    const row = old < 0 ? table.add(folder, name, kind) : old;
    sources.delete(row);
    if (first !== undefined) {
      const { size, body } = table.facts(first);
      table.set(row, "file", mode, mtime, size, body);
      keep(row, sources.get(first));
    } else if (kind === "link") {
      const { size, body } = table.putText(member.target ?? "");
      table.set(row, "link", mode, mtime, size, body);
    } else {
      const { body, size } = member;
      const isPlace = typeof body === "number";
      table.set(row, kind, mode, mtime, kind === "file" ? size : 0, isPlace ? body : NaN);
      if (!isPlace) keep(row, body);
    }
  }

  function keep(row: number, source: ByteSource | undefined): void {
    if (source) sources.set(row, source);
  }

  /** The row of the file that a member is another name of; undefined, and told, where there is none. */
  function linked(path: string, to: string): number | undefined {
    const target = normaliseName(to);
    const first = target.path === undefined ? undefined : find(target.path);
    if (first !== undefined && table.kind(first) === "file") return first;
    problems.add(
      `${printable(path)} is another name of ${printable(to)}, which is no file before it; it is left out.`,
    );
    return undefined;
  }

  function need(path: string, tree: string): { path: string; row: number } {
    const name = normaliseName(path);
    const row = name.path === undefined ? undefined : find(name.path);
    if (name.path === undefined || row === undefined) throw archiveErrors.notFound(path, tree);
    return { path: name.path, row };
  }

  async function entriesIn(folder: number, path: string): Promise<readonly TreeEntry[]> {
    const turn = turns();
    // The table gives the newest first. Of a million only numbers pass here: objects for all of them would keep the garbage
    // collector busy for longer than anybody may be held.
    const rows: number[] = [];
    let count = 0;
    for (const row of table.children(folder)) {
      rows[count++ % maxListed] = row;
      const pause = turn.step();
      if (pause) await pause;
    }
    if (count > maxListed) {
      if (!cut.has(folder)) problems.add(tooManyNames(path, maxListed));
      cut.add(folder);
      // Rows are numbered as they come: those after this one are not in the list.
      const last = rows[count % maxListed] ?? ROOT;
      rows.push(...ALWAYS_LISTED.map((name) => table.find(folder, name)).filter((row) => row > last));
    }
    const names: string[] = [];
    for (const row of rows) {
      names.push(table.name(row));
      const pause = turn.step();
      if (pause) await pause;
    }
    const entries: TreeEntry[] = [];
    for (const index of await orderOf(names)) {
      const name = names[index] ?? "";
      entries.push(entryOf(joinPath(path, name), name, table.facts(rows[index] ?? ROOT)));
      const pause = turn.step();
      if (pause) await pause;
    }
    return entries;
  }

  return {
    add,
    problem: (text) => {
      problems.add(text);
    },
    get count() {
      return table.count;
    },
    tree: (treeName, close) => ({
      name: treeName,
      // Each gives a promise that may be rejected, and never throws itself.
      list: async (folder) => {
        const { path, row } = await Promise.resolve(need(folder, treeName));
        if (table.kind(row) !== "folder") throw archiveErrors.notFound(`${folder}/`, treeName);
        return entriesIn(row, path);
      },
      stat: (path) => {
        const { path: normal } = normaliseName(path);
        const row = normal === undefined ? undefined : find(normal);
        if (normal === undefined || row === undefined) return Promise.resolve(undefined);
        return Promise.resolve(entryOf(normal, baseOf(normal), table.facts(row)));
      },
      open: async (path) => {
        const { row } = await Promise.resolve(need(path, treeName));
        const { kind, body, size } = table.facts(row);
        const source = sources.get(row);
        // A slice of its own, so that closing what was opened doesn't close the archive.
        if (kind === "file" && source !== undefined) return sliceSource(source, 0, size);
        if (kind === "file" && archive && !Number.isNaN(body)) return sliceSource(archive, body, size);
        throw archiveErrors.notAFile(path, treeName);
      },
      readLink: async (path) => {
        const { row } = await Promise.resolve(need(path, treeName));
        const { kind, body, size } = table.facts(row);
        if (kind !== "link") throw archiveErrors.notALink(path, treeName);
        return table.text(body, size);
      },
      get problems() {
        return problems.all;
      },
      close: () => close?.() ?? Promise.resolve(),
    }),
  };
}

function entryOf(path: string, name: string, { kind, size, mode, mtime }: Facts): TreeEntry {
  return {
    name,
    path,
    kind,
    size: kind === "file" ? size : 0,
    ...(Number.isNaN(mode) ? {} : { mode }),
    ...(Number.isNaN(mtime) ? {} : { mtime }),
  };
}
