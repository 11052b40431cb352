import { createHash } from "node:crypto";
import { joinPath } from "../../archive/index.ts";
import type { FileTree, TreeEntry } from "../../archive/index.ts";
import { bufferSource } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import type { Key } from "../keys/key.ts";
import { isSealedLayer, openAnnotations, openMediaType, parseObject } from "./annotations.ts";
import type { SealedLayerDescriptor } from "./annotations.ts";
import { openOciLayer } from "./layer.ts";

type Json = Readonly<Record<string, unknown>>;

/** Indexes in indexes. */
const MAX_DEPTH = 4;
const MAX_MANIFESTS = 64;
const MAX_LAYERS = 1024;
const MAX_JSON = 4 << 20;

/** Whether a tree is an OCI image layout with a sealed layer. Throws nothing for what its files say. */
export async function hasSealedLayers(tree: FileTree): Promise<boolean> {
  if (!(await isLayout(tree))) return false;
  const index = await readJson(tree, "index.json");
  return index !== undefined && anySealed(tree, index, 0);
}

async function isLayout(tree: FileTree): Promise<boolean> {
  for (const name of ["oci-layout", "index.json"]) if ((await tree.stat(name))?.kind !== "file") return false;
  return true;
}

async function anySealed(tree: FileTree, json: Json, depth: number): Promise<boolean> {
  if (arrayOf(json["layers"]).some((layer) => isSealedLayer(descriptorOf(layer)))) return true;
  if (depth >= MAX_DEPTH) return false;
  for (const item of arrayOf(json["manifests"]).slice(0, MAX_MANIFESTS)) {
    const inner = await readJson(tree, blobPath(descriptorOf(item).digest));
    if (inner && (await anySealed(tree, inner, depth + 1))) return true;
  }
  return false;
}

/** A tree of a layout whose layers are open: its blobs have their plaintext, its manifests say so. */
export interface UnsealedLayout {
  /** Closing it overwrites the keys, and leaves the sealed tree open. */
  readonly tree: FileTree;
  readonly openedBy: readonly string[];
}

/**
 * Opens every sealed layer of an OCI layout. What comes out is a layout as it was before sealing, so that whoever reads
 * layouts needs to know nothing of seals. Throws what `openOciLayer` throws.
 */
export async function openSealedLayout(
  tree: FileTree,
  keys: readonly Key[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<UnsealedLayout> {
  const blobs = new Map<string, ByteSource>();
  const opened = new Map<string, Promise<{ digest: string; size: number; openedBy: string }>>();
  const sources: ByteSource[] = [];

  const openLayer = async (descriptor: SealedLayerDescriptor) => {
    const sealed = await tree.open(blobPath(descriptor.digest));
    sources.push(sealed);
    const { source, digest, openedBy } = await openOciLayer(descriptor, sealed, keys, options);
    sources.push(source);
    blobs.set(blobPath(digest), source);
    return { digest, size: source.size, openedBy };
  };

  const rewrite = async (json: Json, depth: number): Promise<Json> => {
    const layers = await inOrder(arrayOf(json["layers"]).slice(0, MAX_LAYERS), async (item) => {
      const layer = descriptorOf(item);
      if (!isSealedLayer(layer)) return item;
      const known = opened.get(layer.digest) ?? openLayer(layer);
      opened.set(layer.digest, known);
      const { digest, size } = await known;
      const annotations = openAnnotations(layer.annotations);
      return { ...objectOf(item), mediaType: openMediaType(layer.mediaType), digest, size, annotations };
    });
    const manifests = await inOrder(arrayOf(json["manifests"]).slice(0, MAX_MANIFESTS), async (item) => {
      const inner = depth < MAX_DEPTH ? await readJson(tree, blobPath(descriptorOf(item).digest)) : undefined;
      if (inner === undefined) return item;
      const bytes = Buffer.from(JSON.stringify(await rewrite(inner, depth + 1)));
      const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
      blobs.set(blobPath(digest), bufferSource(bytes));
      return { ...objectOf(item), digest, size: bytes.length };
    });
    return {
      ...json,
      ...("layers" in json && { layers }),
      ...("manifests" in json && { manifests }),
    };
  };

  const close = async (): Promise<void> => {
    for (const source of sources.splice(0).reverse()) await source.close?.();
  };
  try {
    const index = await rewrite((await readJson(tree, "index.json")) ?? {}, 0);
    blobs.set("index.json", bufferSource(Buffer.from(JSON.stringify(index))));
    const openedBy = await Promise.all([...opened.values()].map(async (one) => (await one).openedBy));
    return { tree: overlaid(tree, blobs, close), openedBy: [...new Set(openedBy)] };
  } catch (error) {
    await close();
    throw error;
  }
}

/** `tree` with some files replaced or added. */
function overlaid(
  tree: FileTree,
  files: ReadonlyMap<string, ByteSource>,
  close: () => Promise<void>,
): FileTree {
  const entryOf = (path: string, { size }: ByteSource): TreeEntry => ({
    name: path.slice(path.lastIndexOf("/") + 1),
    path,
    kind: "file",
    size,
  });
  return {
    name: tree.name,
    problems: tree.problems,
    async list(folder) {
      const entries = new Map((await tree.list(folder)).map((entry) => [entry.path, entry]));
      for (const [path, source] of files)
        if (path === joinPath(folder, path.slice(path.lastIndexOf("/") + 1)))
          entries.set(path, entryOf(path, source));
      return [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    async stat(path) {
      const source = files.get(path);
      return source ? entryOf(path, source) : tree.stat(path);
    },
    async open(path) {
      const source = files.get(path);
      // Closing one reader must not close it for the others.
      return source
        ? { size: source.size, read: (offset, length) => source.read(offset, length) }
        : tree.open(path);
    },
    readLink: (path) => tree.readLink(path),
    close,
  };
}

async function inOrder<T, U>(items: readonly T[], work: (item: T) => Promise<U>): Promise<U[]> {
  const done: U[] = [];
  for (const item of items) done.push(await work(item));
  return done;
}

async function readJson(tree: FileTree, path: string): Promise<Json | undefined> {
  const found = path === "" ? undefined : await tree.stat(path);
  if (found?.kind !== "file" || found.size > MAX_JSON) return undefined;
  const source = await tree.open(path);
  try {
    return parseObject(await source.read(0, found.size));
  } finally {
    await source.close?.();
  }
}

/** Where a blob lies; "" for a digest that names none. */
function blobPath(digest: string): string {
  const [, algorithm, hex] = /^(sha256|sha384|sha512):([0-9a-f]{64,128})$/.exec(digest) ?? [];
  return algorithm === undefined || hex === undefined ? "" : `blobs/${algorithm}/${hex}`;
}

const arrayOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

const objectOf = (value: unknown): Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : {};

function descriptorOf(value: unknown): SealedLayerDescriptor {
  const { mediaType, digest, annotations } = objectOf(value);
  const text = (one: unknown): string => (typeof one === "string" ? one : "");
  const pairs = Object.entries(objectOf(annotations)).map(([key, one]) => [key, text(one)] as const);
  return { mediaType: text(mediaType), digest: text(digest), annotations: Object.fromEntries(pairs) };
}
