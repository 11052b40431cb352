import { orderOf } from "../archive/index.ts";
import type { TreeEntry } from "../archive/index.ts";
import { imageTypeByName, looksLikeImage } from "../criu/index.ts";
import type { ImageType, Problem } from "../criu/index.ts";
import { pathInLayer } from "./layers.ts";
import type { Layer } from "./layers.ts";
import { pacer } from "./pace.ts";
import { collect, orReport } from "./problems.ts";
import type { Report } from "./problems.ts";
import { problemsKnownOf, withImage } from "./records.ts";

/** A file among the images of a layer. */
export interface LayerFile {
  readonly name: string;
  /** In the checkpoint's tree. */
  readonly path: string;
  readonly size: number;
  /** By its name; undefined for files CRIU doesn't know by name. */
  readonly type: ImageType | undefined;
  /** Whether it opens as an image: logs and descriptors don't. */
  readonly isImage: boolean;
}

/** The files of a layer, in the order people count: `core-2.img` before `core-10.img`. */
export function listLayerFiles(layer: Layer): readonly LayerFile[] {
  const known = listed.get(layer);
  if (known !== undefined) return known;
  const files = filesOf(layer);
  const made = files
    .map((entry) => ({ entry, key: countingKey(entry.name) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ entry }) => layerFile(layer, entry));
  listed.set(layer, made);
  return made;
}

/** Layers never change. */
const listed = new WeakMap<Layer, readonly LayerFile[]>();
/** Up to so many files are listed at once. */
const LISTED_AT_ONCE = 5000;

/** Makes the list of a layer of many files in slices, so that `listLayerFiles` has it at once. */
export async function prepareLayerFiles(layer: Layer): Promise<void> {
  const files = filesOf(layer);
  if (files.length <= LISTED_AT_ONCE) return;
  const turn = pacer();
  const keys: string[] = [];
  for (const { name } of files) {
    keys.push(countingKey(name));
    const pause = turn();
    if (pause) await pause;
  }
  const made: LayerFile[] = [];
  for (const index of await orderOf(keys)) {
    const entry = files[index];
    if (entry) made.push(layerFile(layer, entry));
    const pause = turn();
    if (pause) await pause;
  }
  listed.set(layer, made);
}

function filesOf(layer: Layer): readonly TreeEntry[] {
  return [...layer.files.values()].filter((entry) => entry.kind === "file");
}

const layerFile = (layer: Layer, { name, size }: TreeEntry): LayerFile => ({
  name,
  path: pathInLayer(layer, name),
  size,
  type: imageTypeByName(name),
  isImage: looksLikeImage(name),
});

/** Numbers by their value. A locale's order would take longer to load than all else here does. */
const countingKey = (name: string): string => name.replace(/\d+/g, (digits) => digits.padStart(20, "0"));

/** Images up to this size are decoded to their end when they are checked, bigger ones only framed. */
const DECODED = 4 * 1024 * 1024;

/** Opens every image of every layer, decodes those that aren't huge, and says what is wrong with them. */
export async function checkImages(
  layers: readonly Layer[],
  signal?: AbortSignal,
): Promise<readonly Problem[]> {
  const { problems } = await collect(async (report) => {
    for (const layer of layers)
      for (const file of listLayerFiles(layer)) {
        signal?.throwIfAborted();
        if (!file.isImage) continue;
        const known = problemsKnownOf(layer, file.path);
        if (known === undefined)
          await orReport(report, file.path, undefined, () => checkImage(layer, file, report, signal));
        else known.forEach(report);
      }
  });
  return problems;
}

function checkImage(
  layer: Layer,
  { path, size }: LayerFile,
  report: Report,
  signal: AbortSignal | undefined,
): Promise<undefined> {
  const tell: Report = (problem) => {
    report({ ...problem, file: path });
  };
  return withImage(layer.tree, path, layer.seal, async (image) => {
    image.problems.forEach(tell);
    if (size > DECODED) return undefined;
    for await (const { problems } of image.entries()) {
      signal?.throwIfAborted();
      problems.forEach(tell);
    }
    return undefined;
  });
}
