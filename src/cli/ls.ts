import { archiveErrors, findCheckpoints } from "../archive/index.ts";
import type { EntryKind, NestedTree, TreeEntry, TreeOrigin } from "../archive/index.ts";
import { insideTree, TREE_OPTIONS, withFiles } from "./archive-tree.ts";
import { parseWords } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { cliErrors } from "./errors.ts";
import { printable } from "./output.ts";

const OPTIONS = {
  ...TREE_OPTIONS,
  json: { type: "boolean" },
  recursive: { type: "boolean", short: "R" },
} as const;

/** What `--json` prints (docs/ls.schema.json). */
export interface LsDocument {
  readonly path: string;
  /** What the files come from, where it is more than a folder or tar. */
  readonly origin?: TreeOrigin;
  /** Only of the root, and only where there are several. */
  readonly checkpoints?: readonly { readonly path: string; readonly kind: string; readonly name: string }[];
  readonly entries: readonly LsEntry[];
  readonly problems: readonly string[];
}

export interface LsEntry {
  readonly path: string;
  readonly kind: EntryKind;
  readonly size: number;
  readonly mode?: number;
  /** RFC 3339. */
  readonly mtime?: string;
  /** Of a link. */
  readonly target?: string;
}

/** `cryoscope ls CHECKPOINT [PATH]`: the files of a checkpoint's archive, also of archives in it. */
export const run: RunCommand = async (args, output) => {
  const { values, positionals } = parseWords("ls", args, OPTIONS);
  const [checkpoint, inner = "", ...others] = positionals;
  if (checkpoint === undefined) throw cliErrors.usage("CHECKPOINT is missing.", "ls");
  if (others.length > 0)
    throw cliErrors.usage(`One PATH is enough; "${others.join(" ")}" is too much.`, "ls");
  return withFiles(checkpoint, values, async (tree) => {
    const path = insideTree(inner);
    const isLong = values.recursive === true;
    if (values.json === true) {
      const entries: LsEntry[] = [];
      for await (const entry of entriesAt(tree, path, isLong)) entries.push(await described(tree, entry));
      const found = path === "" ? await findCheckpoints(tree) : [];
      const document: LsDocument = {
        path,
        ...(tree.origin && { origin: tree.origin }),
        ...(found.length > 1 && { checkpoints: found.map(({ path, kind, name }) => ({ path, kind, name })) }),
        entries,
        problems: tree.problems,
      };
      await output.write(`${JSON.stringify(document, undefined, 2)}\n`);
    } else {
      for await (const entry of entriesAt(tree, path, isLong)) {
        const name = isLong ? entry.path : entry.name;
        const line = textLine(await described(tree, entry), name);
        // Names are the attacker's; a terminal would obey them.
        await output.write(`${output.toTerminal ? printable(line) : line}\n`);
      }
      for (const problem of tree.problems) output.message(`cryoscope: ${problem}`);
    }
    return tree.problems.length === 0 ? EXIT.done : EXIT.findings;
  });
};

/** The names in a folder or archive, or the file itself; with all below them where asked for, archives apart. */
async function* entriesAt(tree: NestedTree, path: string, isRecursive: boolean): AsyncGenerator<TreeEntry> {
  const entry = await tree.stat(path);
  if (entry === undefined) throw archiveErrors.notFound(path, tree.name);
  if (entry.kind !== "folder" && !(entry.kind === "file" && (await tree.isArchive(path)))) {
    yield entry;
    return;
  }
  const pending = [path];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    const folders: string[] = [];
    for (const child of await tree.list(folder)) {
      yield child;
      if (isRecursive && child.kind === "folder") folders.push(child.path);
    }
    pending.push(...folders.reverse());
  }
}

async function described(tree: NestedTree, { path, kind, size, mode, mtime }: TreeEntry): Promise<LsEntry> {
  const target = kind === "link" ? await tree.readLink(path).catch(() => undefined) : undefined;
  return {
    path,
    kind,
    size,
    ...(mode !== undefined && { mode }),
    ...(mtime !== undefined && isTime(mtime) && { mtime: new Date(mtime).toISOString() }),
    ...(target !== undefined && { target }),
  };
}

/** What a Date can hold (ECMA-262). */
const isTime = (mtime: number): boolean => Math.abs(mtime) <= 8.64e15;

const LETTERS: Readonly<Record<EntryKind, string>> = { file: "-", folder: "d", link: "l", other: "?" };

function textLine({ kind, size, mode, mtime, target }: LsEntry, name: string): string {
  const permissions = mode === undefined ? "?????????" : permissionText(mode);
  const time = mtime === undefined ? "-".padEnd(16) : mtime.slice(0, 16).replace("T", " ");
  const suffix = kind === "folder" ? "/" : target === undefined ? "" : ` -> ${target}`;
  return `${LETTERS[kind]}${permissions} ${String(size).padStart(12)} ${time} ${oneLine(name + suffix)}`;
}

function permissionText(mode: number): string {
  const letters = [..."rwxrwxrwx"].map((letter, index) => ((mode >> (8 - index)) & 1 ? letter : "-"));
  // Set-user-ID, set-group-ID and sticky show in place of the three x.
  for (const [bit, at, set, plain] of [
    [0o4000, 2, "s", "S"],
    [0o2000, 5, "s", "S"],
    [0o1000, 8, "t", "T"],
  ] as const)
    if (mode & bit) letters[at] = letters[at] === "x" ? set : plain;
  return letters.join("");
}

/** A link's target may hold line breaks; a line is an entry. */
function oneLine(text: string): string {
  return text.replace(/[\n\r\t]/g, (character) => JSON.stringify(character).slice(1, -1));
}
