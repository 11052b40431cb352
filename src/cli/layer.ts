import { dirname, join } from "node:path";
import { openFolder } from "../archive/index.ts";
import type { ImageSeal } from "../criu/index.ts";
import type { CryoscopeError } from "../bytes/index.ts";
import { CIPHER_IMAGE, openSealedLayer, sealErrors } from "../seal/index.ts";
import { loadKeys } from "./keys.ts";
import type { KeyFiles } from "./keys.ts";

export interface OpenedLayer {
  /** undefined without keys. */
  readonly seal: ImageSeal | undefined;
  /** Whether the folder holds a cipher.img, which marks it as sealed. */
  readonly hasCipher: boolean;
}

/** Opens the seal of a folder of images with the keys. Throws what loading the keys and opening the seal throw. */
export async function withLayer<T>(
  folder: string,
  files: KeyFiles,
  use: (layer: OpenedLayer) => Promise<T>,
): Promise<T> {
  const keys = await loadKeys(files);
  const tree = await openFolder(folder);
  try {
    const hasCipher = (await tree.stat(CIPHER_IMAGE))?.kind === "file";
    const seal = keys.length > 0 ? await openSealedLayer(tree, "", keys) : undefined;
    try {
      return await use({ seal, hasCipher });
    } finally {
      seal?.dispose();
    }
  } finally {
    await tree.close();
  }
}

/** Why a sealed image can't be opened without a key. */
export function sealedError(imagePath: string, hasCipher: boolean): CryoscopeError {
  const folder = dirname(imagePath);
  return hasCipher ? sealErrors.keyNeeded(join(folder, CIPHER_IMAGE)) : sealErrors.keysLost(folder);
}
