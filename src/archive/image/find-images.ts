// From the index of a store to the images in it: indexes may hold indexes (one for each platform), and hostile ones each other.
import type { ImageOrigin } from "../origin.ts";
import { readJsonBlob, type BlobStore } from "./blobs.ts";
import { descriptorsIn, parseDescriptor, platformName, type Descriptor } from "./descriptor.ts";
import { objectIn, stringIn, stringsIn, type JsonObject } from "./json.ts";

/** One image of a store, and what it says of itself. */
export interface FoundImage {
  readonly origin: ImageOrigin;
  readonly layers: readonly Descriptor[];
}

const MAX_DEPTH = 4;
const MAX_IMAGES = 256;
/** containerd has the whole name in a key of its own, and the tag alone in the other. */
const REFERENCE = ["io.containerd.image.name", "org.opencontainers.image.ref.name"];
/** What `ctr checkpoint` keeps in an index of its own (containerd: images/mediatypes.go). */
const CONTAINERD = "application/vnd.containerd.container.";

/**
 * The images that an index names, itself or through others. What is missing, damaged, too deep or in a circle is said.
 */
export async function findImages(
  index: JsonObject,
  blobs: BlobStore,
  problem: (text: string) => void,
): Promise<readonly FoundImage[]> {
  const images: FoundImage[] = [];
  const way = new Set<string>();
  const seen = new Set<string>();

  async function walkIndex(json: JsonObject, from: Descriptor | undefined): Promise<void> {
    const all = descriptorsIn(json, "manifests");
    if (from !== undefined && all.some(({ mediaType }) => mediaType.startsWith(CONTAINERD))) {
      images.push({ origin: originOf("containerd", from, json, undefined), layers: all });
      return;
    }
    for (const descriptor of all) {
      if (images.length >= MAX_IMAGES) {
        problem(`The index names more than ${MAX_IMAGES} images; the first ones are shown.`);
        return;
      }
      await walk(inherited(descriptor, from));
    }
  }

  async function walk(descriptor: Descriptor): Promise<void> {
    const { digest } = descriptor;
    if (way.has(digest)) {
      problem(`The index ${digest} leads back to itself.`);
      return;
    }
    if (way.size >= MAX_DEPTH) {
      problem(`The index ${digest} is not looked into: it lies ${MAX_DEPTH} indexes deep.`);
      return;
    }
    // Once is enough: an index that names another a thousand times must not be walked a thousand times.
    if (seen.has(digest)) return;
    seen.add(digest);
    const json = await readJsonBlob(blobs, descriptor, problem);
    if (json === undefined) return;
    if (Array.isArray(json["manifests"])) {
      way.add(digest);
      await walkIndex(json, descriptor);
      way.delete(digest);
    } else if (Array.isArray(json["layers"]))
      images.push(await readManifest(json, descriptor, blobs, problem));
  }

  await walkIndex(index, undefined);
  return images;
}

/** The name of an image may be written at the index that holds it. */
function inherited(descriptor: Descriptor, from: Descriptor | undefined): Descriptor {
  return from === undefined
    ? descriptor
    : { ...descriptor, annotations: { ...from.annotations, ...descriptor.annotations } };
}

/** What a manifest says of its image. */
export async function readManifest(
  manifest: JsonObject,
  descriptor: Descriptor | undefined,
  blobs: BlobStore,
  problem: (text: string) => void,
): Promise<FoundImage> {
  const configOf = parseDescriptor(manifest["config"]);
  const config = configOf && (await readJsonBlob(blobs, configOf, problem));
  return {
    origin: originOf("oci", descriptor, manifest, config),
    layers: descriptorsIn(manifest, "layers"),
  };
}

function originOf(
  format: ImageOrigin["format"],
  descriptor: Descriptor | undefined,
  manifest: JsonObject,
  config: JsonObject | undefined,
): ImageOrigin {
  const annotations = {
    ...labelsOf(config),
    ...descriptor?.annotations,
    ...stringsIn(objectIn(manifest, "annotations")),
  };
  return {
    kind: "containerImage",
    format,
    reference: REFERENCE.map((key) => annotations[key]).find((name) => name !== undefined),
    digest: descriptor?.digest,
    platform: descriptor?.platform ?? platformName(config),
    created: stringIn(config, "created"),
    annotations,
  };
}

/** The labels of an image, as its config has them. */
export function labelsOf(config: JsonObject | undefined): Readonly<Record<string, string>> {
  return stringsIn(objectIn(objectIn(config, "config"), "Labels"));
}

/** Keys by which engines say that an image is a checkpoint, and not one to run. */
const CHECKPOINT_KEYS = [
  "io.podman.annotations.checkpoint.",
  "io.kubernetes.cri-o.annotations.checkpoint.",
  "org.criu.checkpoint.",
  "io.containerd.checkpoint.",
];

/** Whether an image says of itself that it is a checkpoint. */
export function isCheckpointImage({ format, annotations }: ImageOrigin): boolean {
  return (
    format === "containerd" ||
    Object.keys(annotations).some((key) => CHECKPOINT_KEYS.some((prefix) => key.startsWith(prefix)))
  );
}
