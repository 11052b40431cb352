import { lstatSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { openFileSourceSync } from "../bytes/index.ts";
import type { ByteSource } from "../bytes/index.ts";
import type { KeyFiles } from "./keys.ts";

/** `CIPHER_IMAGE` of `seal/`, which takes longer to load than most images take to decode. */
const CIPHER = "cipher.img";

/** A file that may be an image. */
export interface ImageFile {
  readonly path: string;
  readonly name: string;
  readonly source: ByteSource;
  /** Whether it lies beside a cipher.img, or there are keys. */
  readonly maybeSealed: boolean;
}

/** Opens the file at `path` for `use` and closes it behind it. Throws what opening the file throws. */
export async function withImageFile<T>(
  path: string,
  keys: KeyFiles,
  use: (file: ImageFile) => Promise<T>,
): Promise<T> {
  const source = openFileSourceSync(path);
  try {
    const maybeSealed = exists(join(dirname(path), CIPHER)) || hasKeys(keys);
    return await use({ path, name: basename(path), source, maybeSealed });
  } finally {
    await source.close?.();
  }
}

function hasKeys(files: KeyFiles): boolean {
  return files.key.length > 0 || files["passphrase-file"].length > 0;
}

/** Whether there is something of that name, whatever it is. */
function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
