import { lstatSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { openFileSourceSync } from "../bytes/index.ts";
import type { ByteSource } from "../bytes/index.ts";
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

/** A file that may be an image. */
export interface ImageFile {
  readonly name: string;
  readonly source: ByteSource;
  /** Whether it lies beside a cipher.img, or there are keys. */
  readonly maybeSealed: boolean;
  /**
   * Opens it for `use`, which is to be done before the file is closed. When its folder holds a cipher.img, the seal is
   * opened with the keys; without keys a sealed image has the problem `criu.sealed`. Throws what opening the keys and
   * the seal throw.
   */
  open<T>(use: (opened: OpenedImage) => Promise<T>): Promise<T>;
}

/** Opens the file at `path` for `use` and closes it behind it. Throws what opening the file throws. */
export async function withImageFile<T>(
  path: string,
  files: KeyFiles,
  use: (file: ImageFile) => Promise<T>,
): Promise<T> {
  const source = openFileSourceSync(path);
  const name = basename(path);
  const maybeSealed = exists(join(dirname(path), CIPHER)) || hasKeys(files);
  try {
    return await use({
      name,
      source,
      maybeSealed,
      async open(useImage) {
        if (!maybeSealed) return useImage({ image: await openImage(name, source), hasCipher: false });
        const { withLayer } = await import("./layer.ts");
        return withLayer(dirname(resolve(path)), files, async ({ seal, hasCipher }) => {
          const image = await openImage(name, source, { seal, sealedHint: hasCipher });
          return useImage({ image, hasCipher });
        });
      },
    });
  } finally {
    await source.close?.();
  }
}

/** `ImageFile.open` of the file at `path`. */
export function withImage<T>(
  path: string,
  files: KeyFiles,
  use: (opened: OpenedImage) => Promise<T>,
): Promise<T> {
  return withImageFile(path, files, (file) => file.open(use));
}

function hasKeys(files: KeyFiles): boolean {
  return files.key.length > 0 || files["passphrase-file"].length > 0;
}

/** Whether there is something of that name, whatever it is. */
function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
