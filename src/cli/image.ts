import { dirname, join, resolve } from "node:path";
import { openFileSource } from "../bytes/index.ts";
import { hintBeside, INVENTORY_IMAGE, openImage } from "../criu/index.ts";
import type { Image } from "../criu/index.ts";
import { withImageFile } from "./image-file.ts";
import type { ImageFile } from "./image-file.ts";
import type { KeyFiles } from "./keys.ts";

export interface OpenedImage {
  readonly image: Image;
  /** Whether the image's folder holds a cipher.img, which marks it as sealed. */
  readonly hasCipher: boolean;
}

/** Opens the image at `path` for `use` and closes it behind it. Throws what opening the file and `openedImage` throw. */
export function withImage<T>(
  path: string,
  keys: KeyFiles,
  use: (opened: OpenedImage) => Promise<T>,
): Promise<T> {
  return withImageFile(path, keys, (file) => openedImage(file, keys, use));
}

/**
 * Opens the image in a file for `use`. When its folder holds a cipher.img, the seal is opened with the keys; without keys
 * a sealed image has the problem `criu.sealed`. Throws what opening the keys and the seal throw.
 */
export async function openedImage<T>(
  { path, name, source, maybeSealed }: ImageFile,
  keys: KeyFiles,
  use: (opened: OpenedImage) => Promise<T>,
): Promise<T> {
  const hint = await hintBeside(name, () => openFileSource(join(dirname(path), INVENTORY_IMAGE)));
  if (!maybeSealed) return use({ image: await openImage(name, source, { hint }), hasCipher: false });
  const { withLayer } = await import("./layer.ts");
  return withLayer(dirname(resolve(path)), keys, async ({ seal, hasCipher }) => {
    const image = await openImage(name, source, { seal, sealedHint: hasCipher, hint });
    return use({ image, hasCipher });
  });
}
