// Archives inside of a tree (`rootfs-diff.tar`, `volumes/*.tar`, `tmpfs-*.tar.gz.img`), walked into like folders.
import { readExactly, sliceSource, type ByteSource } from "../bytes/index.ts";
import { detectPacking } from "./detect.ts";
import { archiveErrors, printable } from "./errors.ts";
import { joinPath, normaliseName } from "./names.ts";
import { openNested, type OpenOptions } from "./open.ts";
import { BLOCK, hasChecksum } from "./tar-header.ts";
import type { FileTree, TreeEntry } from "./tree.ts";

/** Packed bytes that are looked at to tell what is in them. */
const PEEK = 2 ** 20;

/**
 * Whether a file can be opened as a tree: a tar, plain or packed. By content; reads the first block, or as much of a packed
 * file as it takes to inflate that. Throws only what the source throws.
 */
export async function isArchive(source: ByteSource): Promise<boolean> {
  if (source.size < BLOCK / 8) return false;
  const packing = await detectPacking(source, "").catch(() => undefined);
  if (packing === undefined || packing === "stream" || packing === "snapshot") return false;
  // An empty tar is one too, but so is any file of zeros.
  if (packing === "tar") return hasChecksum(await readExactly(source, 0, Math.min(BLOCK, source.size)));
  let head = Buffer.alloc(0);
  const { inflated } = await import("./inflate.ts");
  try {
    for await (const { bytes } of inflated(sliceSource(source, 0, PEEK), packing, "", undefined)) {
      head = Buffer.concat([head, bytes.subarray(0, BLOCK)]);
      if (head.length >= BLOCK) break;
    }
  } catch {
    // Cut off by us, or damaged: what came will do.
  }
  return hasChecksum(head.subarray(0, BLOCK));
}

export interface NestedOptions extends OpenOptions {
  /** How many archives may lie in each other. */
  readonly maxDepth?: number;
  /** How many archives may be open at a time: each packed one has a spill file. */
  readonly maxOpen?: number;
}

/** A tree that goes on inside of the archives in it. */
export interface NestedTree extends FileTree {
  /** Whether the file at `path` can be listed like a folder (`isArchive`). Remembered. */
  isArchive(path: string): Promise<boolean>;
}

interface Place {
  readonly tree: FileTree;
  /** In that tree. */
  readonly path: string;
  /** What the paths of that tree get put before them; "" for the outermost. */
  readonly prefix: string;
  readonly depth: number;
}

/**
 * `base`, with archives in it open to paths: `list("rootfs-diff.tar")`, `open("rootfs-diff.tar/etc/passwd")`. The
 * archive's own entry stays a file. Archives are opened when a path goes into them, and closed with the tree, which leaves
 * `base` open. Throws what the tree of the archive throws, `archive.notAnArchive`, `archive.tooDeep` and `archive.tooManyOpen`.
 */
export function nestedTree(
  base: FileTree,
  { maxDepth = 4, maxOpen = 32, ...options }: NestedOptions = {},
): NestedTree {
  const opened = new Map<string, Promise<{ readonly tree: FileTree; readonly source: ByteSource }>>();
  const known = new Map<string, boolean>();
  /** The trees that are open now, by the path of their archive. */
  const inner = new Map<string, FileTree>();

  async function openAt({ tree, path, prefix, depth }: Place): Promise<Place> {
    const full = joinPath(prefix, path);
    if (depth >= maxDepth) throw archiveErrors.tooDeep(full, maxDepth);
    let one = opened.get(full);
    if (one === undefined) {
      if (opened.size >= maxOpen) throw archiveErrors.tooManyOpen(full, maxOpen);
      one = openArchive(tree, path, options);
      opened.set(full, one);
      one.catch(() => opened.delete(full));
    }
    const { tree: own } = await one;
    inner.set(full, own);
    return { tree: own, path: "", prefix: full, depth: depth + 1 };
  }

  /** Where a path leads, through archives on the way to it. */
  async function at(path: string): Promise<Place> {
    const name = normaliseName(path);
    if (name.refused !== undefined) throw archiveErrors.notFound(path, base.name);
    let place: Place = { tree: base, path: "", prefix: "", depth: 0 };
    const parts = name.path === "" ? [] : name.path.split("/");
    for (const [index, part] of parts.entries()) {
      place = { ...place, path: joinPath(place.path, part) };
      if (index === parts.length - 1) break;
      if ((await place.tree.stat(place.path))?.kind === "file") place = await openAt(place);
    }
    return place;
  }

  const placed = (entry: TreeEntry, prefix: string): TreeEntry =>
    prefix === "" ? entry : { ...entry, path: joinPath(prefix, entry.path) };

  return {
    name: base.name,
    ...(base.origin && { origin: base.origin }),
    ...(base.parts && { parts: base.parts }),
    async isArchive(path) {
      const place = await at(path);
      const full = joinPath(place.prefix, place.path);
      let answer = known.get(full);
      if (answer === undefined) {
        answer = false;
        if ((await place.tree.stat(place.path))?.kind === "file") {
          const source = await place.tree.open(place.path);
          answer = await isArchive(source).finally(() => source.close?.());
        }
        known.set(full, answer);
      }
      return answer;
    },
    async list(folder) {
      let place = await at(folder);
      if ((await place.tree.stat(place.path))?.kind === "file") place = await openAt(place);
      return (await place.tree.list(place.path)).map((entry) => placed(entry, place.prefix));
    },
    async stat(path) {
      const place = await at(path).catch(() => undefined);
      const entry = await place?.tree.stat(place.path);
      return place && entry && placed(entry, place.prefix);
    },
    async open(path) {
      const place = await at(path);
      return place.tree.open(place.path);
    },
    async readLink(path) {
      const place = await at(path);
      return place.tree.readLink(place.path);
    },
    get problems() {
      if (inner.size === 0) return base.problems;
      const theirs = [...inner].flatMap(([path, { problems }]) =>
        problems.map((problem) => `In ${printable(path)}: ${problem}`),
      );
      return [...base.problems, ...theirs];
    },
    async close() {
      const all = await Promise.allSettled(opened.values());
      opened.clear();
      inner.clear();
      for (const one of all) {
        if (one.status !== "fulfilled") continue;
        await one.value.tree.close();
        await one.value.source.close?.();
      }
    },
  };
}

async function openArchive(
  tree: FileTree,
  path: string,
  options: OpenOptions,
): Promise<{ tree: FileTree; source: ByteSource }> {
  const source = await tree.open(path);
  try {
    return { tree: await openNested(source, path, { ...options, raw: true }), source };
  } catch (error) {
    await source.close?.();
    throw error;
  }
}
