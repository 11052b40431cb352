import type { Layer } from "./layers.ts";
import { findSidecar } from "./sidecar.ts";

/** How big what is, bytes. */
export interface CheckpointSizes {
  /** All files of the newest layer. */
  readonly images: number;
  /** Of these, pages of memory. */
  readonly pages: number;
  /** Of these, memory of GPUs. */
  readonly gpuPages: number;
  /** What the container changed in its root file system; undefined where the engine left none. */
  readonly rootDifference: number | undefined;
}

const PAGES = /^pages-(shmem-)?\d+(\.comp)?\.img$/;
const GPU_PAGES = /^amdgpu-(drm-)?pages-/;

export async function readSizes(layer: Layer): Promise<CheckpointSizes> {
  const total = (pattern: RegExp): number =>
    [...layer.files.values()].reduce((sum, { name, size }) => sum + (pattern.test(name) ? size : 0), 0);
  const path = await findSidecar(layer.tree, layer.folder, "rootfs-diff.tar");
  return {
    images: total(/^/),
    pages: total(PAGES),
    gpuPages: total(GPU_PAGES),
    rootDifference: path === undefined ? undefined : (await layer.tree.stat(path))?.size,
  };
}
