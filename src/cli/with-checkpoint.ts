import { openCheckpoint } from "../checkpoint/index.ts";
import type { Checkpoint } from "../checkpoint/index.ts";
import { openCoreTree } from "../corefile/index.ts";
import { openSealedLayer, openSealedTree, sealErrors } from "../seal/index.ts";
import type { LayerSeal } from "../seal/index.ts";
import { loadKeys, sealOptions } from "./keys.ts";
import type { KeyFiles } from "./keys.ts";

/**
 * Opens the checkpoint (or ELF core, or minidump) at `path` for `use` and closes all behind it. Throws what opening the tree, the keys, the seals
 * and the checkpoint throw.
 */
export async function withCheckpoint<T>(
  path: string,
  files: KeyFiles,
  use: (checkpoint: Checkpoint) => Promise<T>,
): Promise<T> {
  const keys = await loadKeys(files);
  const seals: LayerSeal[] = [];
  const tree = (await openCoreTree(path)) ?? (await openSealedTree(path, keys, sealOptions(files)));
  try {
    const checkpoint = await openCheckpoint(tree, {
      sealFor: async ({ tree: layer, folder, cipherPath }) => {
        const seal = await openSealedLayer(layer, folder, keys);
        if (seal === undefined) throw sealErrors.keyNeeded(cipherPath);
        seals.push(seal);
        return seal;
      },
    });
    try {
      return await use(checkpoint);
    } finally {
      await checkpoint.close();
    }
  } finally {
    await tree.close();
    for (const seal of seals) seal.dispose();
  }
}
