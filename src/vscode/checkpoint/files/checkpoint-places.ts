import type { TreeEntry } from "../../../archive/index.ts";
import { listLayerFiles, openInLayer, pathInLayer } from "../../../checkpoint/index.ts";
import type { Checkpoint, Layer } from "../../../checkpoint/index.ts";
import { openImage } from "../../../criu/index.ts";
import type { ByteSource } from "../../../bytes/index.ts";
import { openProcFs } from "../../../procfs/index.ts";
import { folderPlace } from "./folder-place.ts";
import { listedPlace } from "./listed-place.ts";
import { nestedPlace } from "./nested-place.ts";
import type { Place } from "./place.ts";
import { procPlace } from "./proc-place.ts";
import { treePlace } from "./tree-place.ts";

/** Names of the folders that a checkpoint always has. */
export const PROC = "proc";
export const IMAGES = "images";
/** The checkpoint as it is packed. */
export const ARCHIVE = "archive";

/** Files that engines and CRIU put beside the images, and the folder they are shown in. */
const SIDECARS: readonly (readonly [folder: string, file: RegExp])[] = [
  ["logs", /\.log$|^io\.kubernetes\.cri-o\.LogPath$/],
  [
    "config",
    /^(?:config\.dump|spec\.dump|status|status\.dump|network\.status|bind\.mounts|deleted\.files|descriptors\.json|config\.v2\.json|hostconfig\.json|config\.json)$/,
  ],
];

/** Archives beside the images, and the folder they are shown as. */
const ARCHIVES: Readonly<Record<string, string>> = {
  "rootfs-diff.tar": "rootfs-diff",
  "devshm-checkpoint.tar": "dev-shm",
};
/** Contents of tmpfs mounts among the images, by device or (before CRIU 2.6) by mount. */
const TMPFS = /^tmpfs-(?:(dev)-)?(\d{1,10})\.tar\.gz\.img$/;
const VOLUMES = "volumes";
/** Volumes that are shown. An archive with more is no container's. */
const MAX_VOLUMES = 1000;

/** Path of a layer's images: the newest ones are in `images` itself. */
export const layerFolder = (index: number): string =>
  index === 0 ? IMAGES : `${IMAGES}/${parentName(index)}`;
const parentName = (index: number): string => `parent-${index}`;

/**
 * What a checkpoint is shown as: `proc`, `images`, `rootfs-diff`, `logs`, `config`, `volumes`, `dev-shm`, `tmpfs` (as
 * far as there are any) and `archive`, the checkpoint as it is packed. A path that begins with none of these is one of
 * the archive, as it was in older versions' URIs. Close it before the checkpoint.
 */
export async function checkpointPlaces(checkpoint: Checkpoint): Promise<Place> {
  const { tree, layers } = checkpoint;
  const archive = treePlace(tree);
  const places = new Map<string, Place>([
    [PROC, procPlace(openProcFs(checkpoint))],
    [IMAGES, imagesPlace(layers)],
    [ARCHIVE, archive],
  ]);
  const [layer] = layers;
  if (layer !== undefined) await addSidecars(places, checkpoint, layer);
  return folderPlace(places, archive);
}

async function addSidecars(places: Map<string, Place>, { tree }: Checkpoint, layer: Layer): Promise<void> {
  // The nearest of files with the same name is shown.
  const files = new Map<string, TreeEntry>();
  const folders = new Set<string>();
  for (const folder of [layer.folder, parentOf(layer.folder)])
    for (const entry of await tree.list(folder).catch(() => []))
      if (entry.kind === "file" && !files.has(entry.name)) files.set(entry.name, entry);
      else if (entry.kind === "folder" && entry.name === VOLUMES) folders.add(entry.path);

  for (const [folder, pattern] of SIDECARS) {
    const found = [...files.values()].filter(({ name }) => pattern.test(name));
    if (found.length > 0)
      places.set(folder, listedPlace(tree, new Map(found.map(({ name, path }) => [name, path]))));
  }
  for (const [name, folder] of Object.entries(ARCHIVES)) {
    const found = files.get(name);
    if (found !== undefined)
      places.set(
        folder,
        nestedPlace(name, () => tree.open(found.path)),
      );
  }
  const volumes = new Map<string, Place>();
  for (const folder of folders)
    for (const { name, path, kind } of (await tree.list(folder)).slice(0, MAX_VOLUMES))
      if (kind === "file")
        volumes.set(
          name.replace(/\.tar$/, ""),
          nestedPlace(name, () => tree.open(path)),
        );
  if (volumes.size > 0) places.set(VOLUMES, folderPlace(volumes));

  const tmpfs = new Map<string, Place>();
  for (const name of layer.files.keys()) {
    const [, device, id] = TMPFS.exec(name) ?? [];
    if (id !== undefined)
      tmpfs.set(
        `${device ?? "mount"}-${id}`,
        nestedPlace(name, () => openPlain(layer, name)),
      );
  }
  if (tmpfs.size > 0) places.set("tmpfs", folderPlace(tmpfs));
}

const parentOf = (folder: string): string => folder.slice(0, Math.max(0, folder.lastIndexOf("/")));

/** A raw image's content, unsealed where it is sealed. */
async function openPlain(layer: Layer, name: string): Promise<ByteSource> {
  const source = await openInLayer(layer, name);
  // It is in `layer.files`, so only a link is none.
  if (source === undefined) return layer.tree.open(pathInLayer(layer, name));
  const { plain } = await openImage(name, source, { seal: layer.seal });
  const close = async (): Promise<void> => source.close?.();
  return { size: plain.size, read: (offset, length) => plain.read(offset, length), close };
}

/** The files of the newest layer, and each older layer as a folder. */
function imagesPlace(layers: readonly Layer[]): Place {
  const [newest, ...parents] = layers;
  const files = (layer: Layer): Place =>
    listedPlace(layer.tree, new Map(listLayerFiles(layer).map(({ name, path }) => [name, path])));
  const older = new Map(parents.map((layer) => [parentName(layer.index), files(layer)]));
  const newestFiles = newest === undefined ? undefined : files(newest);
  const place = folderPlace(older, newestFiles);
  return {
    ...place,
    list: async (path) =>
      path === "" ? [...(await place.list("")), ...((await newestFiles?.list("")) ?? [])] : place.list(path),
  };
}
