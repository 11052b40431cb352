import { lstat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { openFileSource } from "../bytes/index.ts";
import { openImage } from "../criu/index.ts";
import type { Image } from "../criu/index.ts";
import type { KeyFiles } from "./keys.ts";

/** `CIPHER_IMAGE` of `seal/`, which takes longer to load than most images take to decode. */
const CIPHER = "cipher.img";

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
  const name = basename(path);
  try {
    const maybeSealed = (await exists(join(dirname(path), CIPHER))) || hasKeys(files);
    if (!maybeSealed) return await use({ image: await openImage(name, source), hasCipher: false });
    const { withLayer } = await import("./layer.ts");
    return await withLayer(dirname(resolve(path)), files, async ({ seal, hasCipher }) => {
      const image = await openImage(name, source, { seal, sealedHint: hasCipher });
      return use({ image, hasCipher });
    });
  } finally {
    await source.close?.();
  }
}

function hasKeys(files: KeyFiles): boolean {
  return files.key.length > 0 || files["passphrase-file"].length > 0;
}

/** Whether there is something of that name, whatever it is. */
async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== "ENOENT",
  );
}
