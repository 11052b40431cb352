import { sliceSource, type ByteSource } from "../bytes/index.ts";
import { archiveErrors, printable } from "./errors.ts";
import { baseOf, byName, normaliseName, parentOf } from "./names.ts";
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
  /** The body of a file. */
  readonly source?: ByteSource;
  /** Name of an earlier member that this one is another name of. */
  readonly hardLink?: string;
}

interface Node {
  readonly entry: TreeEntry;
  readonly target?: string;
  readonly source?: ByteSource;
  /** Names in a folder. */
  readonly children?: Set<string>;
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
 * Of two members with one name the last one counts, as it does for tar.
 */
export function treeIndex(): TreeIndex {
  const nodes = new Map<string, Node>([["", folderNode("")]]);
  const problems = problemList();

  function ensureFolder(path: string): Node | undefined {
    const missing: string[] = [];
    for (let at = path; ; at = parentOf(at)) {
      const node = nodes.get(at);
      if (node === undefined) {
        missing.push(at);
        continue;
      }
      if (node.children === undefined) return undefined;
      break;
    }
    for (const folder of missing.reverse()) place(folder, folderNode(folder));
    return nodes.get(path);
  }

  function place(path: string, node: Node): void {
    nodes.set(path, node);
    nodes.get(parentOf(path))?.children?.add(baseOf(path));
  }

  function add(member: Member): void {
    const refuse = (reason: string): void => {
      problems.add(`The name ${printable(member.name)} is refused: ${reason}.`);
    };
    const name = normaliseName(member.name);
    if (name.refused !== undefined) {
      refuse(name.refused);
      return;
    }
    const { path } = name;
    const old = nodes.get(path);
    if (path === "") {
      if (member.kind !== "folder") refuse("it names the root, and is no folder");
      return;
    }
    if (ensureFolder(parentOf(path)) === undefined) {
      refuse("a part of it is no folder");
      return;
    }
    if (member.kind === "folder") {
      if (old !== undefined && old.children === undefined) refuse("a file of that name comes before it");
      else place(path, { ...folderNode(path, member), ...(old?.children && { children: old.children }) });
      return;
    }
    if (old?.children !== undefined) {
      refuse("a folder of that name comes before it");
      return;
    }
    if (old !== undefined)
      problems.add(`The name ${printable(path)} appears more than once; the last one is shown.`);
    const node = member.hardLink === undefined ? leaf(path, member) : hardLink(path, member, member.hardLink);
    if (node !== undefined) place(path, node);
  }

  function hardLink(path: string, member: Member, to: string): Node | undefined {
    const name = normaliseName(to);
    const first = name.refused === undefined ? nodes.get(name.path) : undefined;
    if (first?.source === undefined) {
      problems.add(
        `${printable(path)} is another name of ${printable(to)}, which is no file before it; it is left out.`,
      );
      return undefined;
    }
    return leaf(path, { ...member, kind: "file", size: first.entry.size, source: first.source });
  }

  async function need(path: string, tree: string): Promise<Node> {
    const name = normaliseName(path);
    const node = name.refused === undefined ? nodes.get(name.path) : undefined;
    if (node === undefined) throw archiveErrors.notFound(path, tree);
    return Promise.resolve(node);
  }

  return {
    add,
    problem: (text) => {
      problems.add(text);
    },
    get count() {
      return nodes.size;
    },
    tree: (treeName, close) => ({
      name: treeName,
      async list(folder) {
        const { children, entry } = await need(folder, treeName);
        if (children === undefined) throw archiveErrors.notFound(`${folder}/`, treeName);
        const prefix = entry.path === "" ? "" : `${entry.path}/`;
        return [...children]
          .map((child) => nodes.get(prefix + child)?.entry)
          .filter((child) => child !== undefined)
          .sort(byName);
      },
      stat: async (path) => (await need(path, treeName).catch(() => undefined))?.entry,
      async open(path) {
        const { source, entry } = await need(path, treeName);
        if (source === undefined) throw archiveErrors.notAFile(path, treeName);
        // A slice of its own, so that closing what was opened doesn't close the archive.
        return sliceSource(source, 0, entry.size);
      },
      async readLink(path) {
        const { target } = await need(path, treeName);
        if (target === undefined) throw archiveErrors.notALink(path, treeName);
        return target;
      },
      get problems() {
        return problems.all;
      },
      close: () => close?.() ?? Promise.resolve(),
    }),
  };
}

function folderNode(path: string, member?: Member): Node {
  return {
    entry: { name: baseOf(path), path, kind: "folder", size: 0, ...facts(member) },
    children: new Set(),
  };
}

function leaf(path: string, member: Member): Node {
  const { kind, size, target, source } = member;
  return {
    entry: { name: baseOf(path), path, kind, size: kind === "file" ? size : 0, ...facts(member) },
    ...(target !== undefined && { target }),
    ...(source !== undefined && { source }),
  };
}

function facts(member: Member | undefined): { mode?: number; mtime?: number } {
  return {
    ...(member?.mode !== undefined && { mode: member.mode }),
    ...(member?.mtime !== undefined && { mtime: member.mtime }),
  };
}
