// `docker save` and `podman save --format docker-archive`: manifest.json names configs and layers by their paths.
import type { ImageOrigin } from "../origin.ts";
import { joinPath, normaliseName, parentOf } from "../names.ts";
import type { FileTree } from "../tree.ts";
import { platformName } from "./descriptor.ts";
import { labelsOf } from "./find-images.ts";
import { arrayIn, isObject, readJson, stringIn, type JsonObject } from "./json.ts";

export interface DockerImage {
  readonly origin: ImageOrigin;
  /** Paths in the tree, the lowest layer first. */
  readonly layers: readonly string[];
}

const MAX_IMAGES = 256;
const MAX_LAYERS = 1000;

/** Whether JSON is a docker-archive's manifest.json: a list of images with `Layers`. */
export function isDockerManifest(value: unknown): value is readonly JsonObject[] {
  return Array.isArray(value) && value.length > 0 && value.every((one) => isObject(one) && "Layers" in one);
}

/** The images that a docker-archive's manifest.json names. */
export async function dockerImages(
  manifest: readonly JsonObject[],
  tree: FileTree,
  problem: (text: string) => void,
): Promise<readonly DockerImage[]> {
  const images: DockerImage[] = [];
  for (const one of manifest.slice(0, MAX_IMAGES)) {
    const config = await readConfig(stringIn(one, "Config"), tree, problem);
    const tags = arrayIn(one, "RepoTags")?.filter((tag) => typeof tag === "string") ?? [];
    const layers = (arrayIn(one, "Layers") ?? []).filter((layer) => typeof layer === "string");
    images.push({
      origin: {
        kind: "containerImage",
        format: "docker",
        reference: tags[0],
        digest: undefined,
        platform: platformName(config),
        created: stringIn(config, "created"),
        // The format has no place for a manifest's annotations: labels are all that is left.
        annotations: labelsOf(config),
      },
      layers: layers.slice(0, MAX_LAYERS),
    });
  }
  if (manifest.length > MAX_IMAGES)
    problem(`The archive names more than ${MAX_IMAGES} images; the first ones are shown.`);
  return images;
}

async function readConfig(
  path: string | undefined,
  tree: FileTree,
  problem: (text: string) => void,
): Promise<JsonObject | undefined> {
  const source = path === undefined ? undefined : await tree.open(path).catch(() => undefined);
  const json = source && (await readJson(source));
  await source?.close?.();
  if (json !== undefined && "value" in json && isObject(json.value)) return json.value;
  problem("The image's config is missing or no JSON object.");
  return undefined;
}

/** The path of a layer's file. Older Dockers write one layer once, and a link for each other image that has it. */
export async function layerPath(tree: FileTree, path: string): Promise<string> {
  if ((await tree.stat(path))?.kind !== "link") return path;
  const target = await tree.readLink(path);
  let folder = parentOf(normaliseName(path).path ?? "");
  const parts: string[] = [];
  for (const part of target.split("/"))
    if (part === ".." && parts.length === 0) folder = parentOf(folder);
    else parts.push(part);
  // What still leads upwards is refused by the tree.
  return joinPath(folder, parts.join("/"));
}
