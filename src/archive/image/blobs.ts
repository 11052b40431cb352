import { readChunks, type ByteSource } from "../../bytes/index.ts";
import type { FileTree } from "../tree.ts";
import { splitDigest, type Descriptor } from "./descriptor.ts";
import { readJson, type JsonObject, isObject } from "./json.ts";

/** Where the blobs of a container image lie. */
export interface BlobStore {
  /** Throws `archive.notFound` and `archive.notAFile`. */
  open(digest: string): Promise<ByteSource>;
}

/** Blobs under `blobs/ALGORITHM/` (OCI image layout). */
export function layoutBlobs(tree: FileTree): BlobStore {
  return { open: (digest) => tree.open(`blobs/${splitDigest(digest).join("/")}`) };
}

/** Blobs beside the manifest, named by their digits: what `skopeo copy … dir:FOLDER` writes. */
export function flatBlobs(tree: FileTree): BlobStore {
  return { open: (digest) => tree.open(splitDigest(digest)[1]) };
}

/**
 * What is wrong with a blob, in words: another size than its descriptor says, or bytes of another digest. Reads all of
 * it; undefined where it is right, or its algorithm isn't known here.
 */
export async function blobTrouble(
  source: ByteSource,
  { digest, size }: Descriptor,
  signal?: AbortSignal,
): Promise<string | undefined> {
  if (!Number.isNaN(size) && size !== source.size)
    return `has ${source.size} bytes where its descriptor says ${size}`;
  const [algorithm, hex] = splitDigest(digest);
  if (algorithm !== "sha256" && algorithm !== "sha512") return undefined;
  const { createHash } = await import("node:crypto");
  const hash = createHash(algorithm);
  for await (const bytes of readChunks(source, signal ? { signal } : {})) hash.update(bytes);
  return hash.digest("hex") === hex ? undefined : "is not what its digest says; it was changed or damaged";
}

/** Reads a blob that is a JSON object. What is wrong with it is said; undefined when it can't be used. */
export async function readJsonBlob(
  blobs: BlobStore,
  descriptor: Descriptor,
  problem: (text: string) => void,
): Promise<JsonObject | undefined> {
  const source = await blobs.open(descriptor.digest).catch(() => undefined);
  if (source === undefined) {
    problem(`The blob ${descriptor.digest} is missing.`);
    return undefined;
  }
  try {
    const json = await readJson(source);
    if ("trouble" in json) {
      problem(`The blob ${descriptor.digest} is not used: ${json.trouble}.`);
      return undefined;
    }
    const trouble = await blobTrouble(source, descriptor);
    if (trouble !== undefined) problem(`The blob ${descriptor.digest} ${trouble}.`);
    if (isObject(json.value)) return json.value;
    problem(`The blob ${descriptor.digest} is not used: it is no JSON object.`);
    return undefined;
  } finally {
    await source.close?.();
  }
}
