import { imageTypeByName, looksLikeImage } from "../criu/index.ts";
import type { ImageType, Problem } from "../criu/index.ts";
import { pathInLayer } from "./layers.ts";
import type { Layer } from "./layers.ts";
import { collect, orReport } from "./problems.ts";
import { withImage } from "./records.ts";

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
  return [...layer.files.values()]
    .filter((entry) => entry.kind === "file")
    .map((entry) => ({
      name: entry.name,
      path: pathInLayer(layer, entry.name),
      size: entry.size,
      type: imageTypeByName(entry.name),
      isImage: looksLikeImage(entry.name),
    }))
    .toSorted((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
}

/** Frames every image of every layer (a pass over the size words, no decoding) and says what is wrong. */
export async function checkImages(
  layers: readonly Layer[],
  signal?: AbortSignal,
): Promise<readonly Problem[]> {
  const { problems } = await collect(async (report) => {
    for (const layer of layers)
      for (const { path, isImage } of listLayerFiles(layer)) {
        signal?.throwIfAborted();
        if (!isImage) continue;
        await orReport(report, path, undefined, () =>
          withImage(layer.tree, path, layer.seal, (image) => {
            for (const problem of image.problems) report({ ...problem, file: path });
            return Promise.resolve(undefined);
          }),
        );
      }
  });
  return problems;
}
