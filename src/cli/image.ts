import { basename, dirname, join, resolve } from "node:path";
import { openFolder } from "../archive/index.ts";
import { openFileSource } from "../bytes/index.ts";
import { openImage } from "../criu/index.ts";
import type { Image } from "../criu/index.ts";
import { CIPHER_IMAGE, openSealedLayer } from "../seal/index.ts";
import { loadKeys } from "./keys.ts";
import type { KeyFiles } from "./keys.ts";

/** Where the image's layer keeps its keys, for messages. */
export function cipherPath(imagePath: string): string {
  return join(dirname(imagePath), CIPHER_IMAGE);
}

export interface OpenedImage {
  readonly image: Image;
  /** Whether the image's folder holds a cipher.img, which marks it as sealed. */
  readonly hasCipher: boolean;
}

/**
 * Opens the image at `path` for `use` and closes it behind it. When its folder holds a cipher.img, the seal is opened
 * with the keys; without keys a sealed image has the problem `criu.sealed`. Throws what opening the file, the keys and
 * the seal throw.
 */
export async function withImage<T>(
  path: string,
  files: KeyFiles,
  use: (opened: OpenedImage) => Promise<T>,
): Promise<T> {
  const source = await openFileSource(path);
  try {
    const keys = await loadKeys(files);
    const tree = await openFolder(dirname(resolve(path)));
    try {
      const hasCipher = (await tree.stat(CIPHER_IMAGE))?.kind === "file";
      const seal = keys.length > 0 ? await openSealedLayer(tree, "", keys) : undefined;
      try {
        const image = await openImage(basename(path), source, { seal, sealedHint: hasCipher });
        return await use({ image, hasCipher });
      } finally {
        seal?.dispose();
      }
    } finally {
      await tree.close();
    }
  } finally {
    await source.close?.();
  }
}
