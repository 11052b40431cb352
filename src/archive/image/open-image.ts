import { CryoscopeError, type ByteSource } from "../../bytes/index.ts";
import { describedTree } from "../described.ts";
import { treeIndex } from "../indexed.ts";
import { mountedTree, type Mount } from "../mounted.ts";
import type { ImageOrigin, TreePart } from "../origin.ts";
import { problemList } from "../problems.ts";
import type { FileTree } from "../tree.ts";
import { blobTrouble, flatBlobs, layoutBlobs, type BlobStore } from "./blobs.ts";
import { openContainerdCheckpoint } from "./containerd.ts";
import type { Descriptor } from "./descriptor.ts";
import { dockerImages, isDockerManifest, layerPath } from "./docker.ts";
import { findImages, isCheckpointImage, readManifest } from "./find-images.ts";
import { arrayIn, isObject, MAX_JSON, readJson } from "./json.ts";
import { layeredTree } from "./layers.ts";

/** Opens an archive in a source: `openNested` of this folder. */
export type OpenArchive = (source: ByteSource, name: string) => Promise<FileTree>;

/** An image that can be opened. */
interface Image {
  readonly origin: ImageOrigin;
  open(): Promise<FileTree>;
}

/** Plain layers up to this size are checked against their digest; packed ones are read whole anyway. */
const MAX_CHECKED = 64 * 1024 * 1024;
/** More layers than a container image can have (overlayfs takes 500, Docker 127). */
const MAX_LAYERS = 500;

/**
 * What a folder or archive holds when it is the store of container images (an OCI layout, a `docker save`, a folder of
 * `skopeo copy dir:`): the files of its checkpoint. Of several images it is the one that says it is a checkpoint; where
 * several do, or none, each is a folder and a part of the tree. `store` itself, with problems, where nothing in it can be opened;
 * undefined when it is no such store. The tree closes `store`.
 */
export async function openImageStore(
  store: FileTree,
  openArchive: OpenArchive,
  signal?: AbortSignal,
): Promise<FileTree | undefined> {
  const problems = problemList();
  const say = (text: string): void => {
    problems.add(text);
  };
  const images = await imagesIn(store, openArchive, say, signal);
  if (images === undefined)
    return problems.all.length === 0 ? undefined : describedTree(store, { problems: problems.all });
  const described = (tree: FileTree, more: { origin?: ImageOrigin; parts?: readonly TreePart[] }): FileTree =>
    describedTree(tree, { name: store.name, ...more, problems: problems.all, close: () => store.close() });

  const checkpoints = images.filter(({ origin }) => isCheckpointImage(origin));
  const [only, ...others] = checkpoints.length > 0 ? checkpoints : images;
  if (only === undefined) {
    say("No image in it can be read.");
    return describedTree(store, { problems: problems.all });
  }
  if (others.length === 0) {
    if (images.length > 1)
      say(`${images.length - 1} more images in it are no checkpoints; they are not shown.`);
    const tree = await only.open().catch((error: unknown) => {
      if (!isOfContent(error)) throw error;
      say(`The image can't be opened: ${(error as Error).message}`);
    });
    if (tree === undefined) return describedTree(store, { origin: only.origin, problems: problems.all });
    return described(tree, { origin: only.origin });
  }
  const parts: TreePart[] = [];
  const mounts: Mount[] = [];
  for (const { origin, open } of [only, ...others]) {
    const folder = folderName(origin, parts);
    parts.push({ folder, name: origin.reference ?? origin.platform ?? folder, origin });
    mounts.push({ folder, open });
  }
  return described(mountedTree(treeIndex().tree(store.name), mounts), { parts });
}

/** Errors that what is in a layer made, and that leave the rest usable. Others end the opening: cancelled, no room, a bomb. */
const OF_CONTENT = ["notAnArchive", "unsupported", "damaged", "damagedTar", "notFound", "notAFile"];

function isOfContent(error: unknown): boolean {
  return (
    error instanceof CryoscopeError &&
    (error.code === "bytes.truncated" || OF_CONTENT.some((code) => error.code === `archive.${code}`))
  );
}

/** A name for an image's folder that is safe, tells them apart, and is the same every time. */
function folderName({ reference, platform, digest }: ImageOrigin, taken: readonly TreePart[]): string {
  const words = [reference ?? digest?.slice(0, 19), platform].filter((word) => word !== undefined);
  const plain = words
    .join(" ")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[.-]+/, "")
    .slice(0, 100);
  const name = plain === "" ? "image" : plain;
  const isTaken = (one: string): boolean => taken.some(({ folder }) => folder === one);
  if (!isTaken(name)) return name;
  let number = 2;
  while (isTaken(`${name}-${number}`)) number++;
  return `${name}-${number}`;
}

/** The images of a store, by what its files hold; undefined when it is none. */
async function imagesIn(
  store: FileTree,
  openArchive: OpenArchive,
  say: (text: string) => void,
  signal: AbortSignal | undefined,
): Promise<readonly Image[] | undefined> {
  if (
    (await store.stat("oci-layout"))?.kind === "file" &&
    (await store.stat("index.json"))?.kind === "file"
  ) {
    const index = await jsonAt(store, "index.json", say);
    const blobs = layoutBlobs(store);
    const found = isObject(index) ? await findImages(index, blobs, say) : [];
    return found.map(({ origin, layers }) => ({
      origin,
      open: () => openLayers(store.name, origin, blobs, layers, openArchive, say, signal),
    }));
  }
  if ((await store.stat("manifest.json"))?.kind !== "file") return undefined;
  const quiet = problemList();
  const manifest = await jsonAt(store, "manifest.json", (text) => {
    quiet.add(text);
  });
  if (isDockerManifest(manifest)) {
    const images = await dockerImages(manifest, store, say);
    return images.map(({ origin, layers }) => ({
      origin,
      open: () => openPaths(store, layers, openArchive, say),
    }));
  }
  if (isObject(manifest) && arrayIn(manifest, "layers") && isObject(manifest["config"])) {
    const blobs = flatBlobs(store);
    const { origin, layers } = await readManifest(manifest, undefined, blobs, say);
    return [{ origin, open: () => openLayers(store.name, origin, blobs, layers, openArchive, say, signal) }];
  }
  // Anything may be called manifest.json; what was too long to be looked at may have been one.
  if (manifest === undefined && ((await store.stat("manifest.json"))?.size ?? 0) > MAX_JSON)
    quiet.all.forEach(say);
  return undefined;
}

async function jsonAt(store: FileTree, path: string, say: (text: string) => void): Promise<unknown> {
  const source = await store.open(path);
  try {
    const json = await readJson(source);
    if ("value" in json) return json.value;
    say(`${path} is not used: ${json.trouble}.`);
    return undefined;
  } finally {
    await source.close?.();
  }
}

async function openLayers(
  name: string,
  origin: ImageOrigin,
  blobs: BlobStore,
  layers: readonly Descriptor[],
  openArchive: OpenArchive,
  say: (text: string) => void,
  signal: AbortSignal | undefined,
): Promise<FileTree> {
  for (const descriptor of layers.slice(0, MAX_LAYERS)) {
    const source = await blobs.open(descriptor.digest).catch(() => undefined);
    const isChecked = source && (source.size <= MAX_CHECKED || /gzip|zstd/.test(descriptor.mediaType));
    const trouble = isChecked && (await blobTrouble(source, descriptor, signal));
    if (trouble) say(`The blob ${descriptor.digest} ${trouble}.`);
    await source?.close?.();
  }
  if (origin.format === "containerd") return openContainerdCheckpoint(name, blobs, layers, openArchive, say);
  return openEach(
    name,
    layers.map((layer) => ({
      what: `${layer.digest} (${layer.mediaType})`,
      open: () => blobs.open(layer.digest),
    })),
    openArchive,
    say,
  );
}

async function openPaths(
  store: FileTree,
  paths: readonly string[],
  openArchive: OpenArchive,
  say: (text: string) => void,
): Promise<FileTree> {
  const layers = paths.map((path) => ({
    what: JSON.stringify(path.slice(0, 200)),
    open: async () => store.open(await layerPath(store, path)),
  }));
  return openEach(store.name, layers, openArchive, say);
}

interface Layer {
  readonly what: string;
  open(): Promise<ByteSource>;
}

/** Opens the layers as one tree. One that can't be opened is said and left out; throws when none can. */
async function openEach(
  name: string,
  layers: readonly Layer[],
  openArchive: OpenArchive,
  say: (text: string) => void,
): Promise<FileTree> {
  const opened: FileTree[] = [];
  let failure: unknown;
  if (layers.length > MAX_LAYERS)
    say(`The image has ${layers.length} layers; the first ${MAX_LAYERS} are used.`);
  for (const { what, open } of layers.slice(0, MAX_LAYERS))
    try {
      opened.push(await openArchive(await open(), name));
    } catch (error) {
      if (!isOfContent(error)) {
        await Promise.all(opened.map((tree) => tree.close()));
        throw error;
      }
      failure ??= error;
      say(`The layer ${what} can't be opened: ${(error as Error).message}`);
    }
  if (opened.length === 0 && failure !== undefined) throw failure;
  return layeredTree(name, opened);
}
