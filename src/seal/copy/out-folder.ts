import { mkdir, open, readdir, rm, rmdir, symlink } from "node:fs/promises";
import { join, posix } from "node:path";
import type { FileHandle } from "node:fs/promises";
import { sealErrors } from "../errors.ts";

/** Only the owner may read what was sealed. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** A folder that is filled. Everything in it is new: nothing is overwritten, and no link is followed. */
export interface OutFolder {
  /** Makes a folder and those above it. `path` is a normalised path of a tree. */
  folder(path: string): Promise<void>;
  /** Writes a file. When its content fails, the file is gone. */
  file(path: string, content: AsyncIterable<Uint8Array>): Promise<void>;
  /** Makes a link that stays inside the folder; false for one that would lead out of it. */
  link(path: string, target: string): Promise<boolean>;
  /** Removes what was made here, and the folder when nothing else is in it. Throws nothing. */
  discard(): Promise<void>;
}

/** Makes the folder; one that is there must be empty. Throws `seal.unwritable`. */
export async function createOutFolder(root: string): Promise<OutFolder> {
  const made = new Set<string>();
  let isNew = false;
  await attempt(root, async () => {
    isNew = (await mkdir(root, { recursive: true, mode: FOLDER_MODE })) !== undefined;
    if ((await readdir(root)).length > 0) throw new NotEmpty();
  });
  const place = (path: string): string => {
    const [top = ""] = path.split("/", 1);
    if (top !== "") made.add(top);
    return join(root, path);
  };
  return {
    folder: (path) =>
      attempt(join(root, path), () => mkdir(place(path), { recursive: true, mode: FOLDER_MODE })),
    file: (path, content) => writeNewFile(place(path), content),
    async link(path, target) {
      const inside = posix.normalize(posix.join(posix.dirname(path), target));
      if (target.startsWith("/") || inside === ".." || inside.startsWith("../")) return false;
      await attempt(join(root, path), () => symlink(target, place(path)));
      return true;
    },
    async discard() {
      for (const name of made)
        await rm(join(root, name), { recursive: true, force: true }).catch(() => undefined);
      if (isNew) await rmdir(root).catch(() => undefined);
    },
  };
}

/** Writes a file that must not be there yet; when the content fails, it is gone. Throws `seal.unwritable`. */
export async function writeNewFile(path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  // Exclusively: whatever is there already, a link too, is left as it is.
  let handle: FileHandle | undefined;
  await attempt(path, async () => {
    handle = await open(path, "wx", FILE_MODE);
  });
  try {
    for await (const bytes of content)
      await attempt(path, async () => {
        for (let at = 0; at < bytes.length;)
          at += (await handle?.write(bytes, at, bytes.length - at))?.bytesWritten ?? bytes.length;
      });
    await handle?.close();
  } catch (error) {
    await handle?.close().catch(() => undefined);
    await rm(path, { force: true });
    throw error;
  }
}

class NotEmpty extends Error {
  override readonly message = "it is not empty, and nothing is overwritten";
}

async function attempt(path: string, action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (cause) {
    throw sealErrors.unwritable(path, cause);
  }
}
