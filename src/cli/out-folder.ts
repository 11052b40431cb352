import { mkdir, open, readdir, rm, symlink } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import type { FileHandle } from "node:fs/promises";
import { cliErrors } from "./errors.ts";

/** Only the owner may read what was sealed. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** A folder that a command fills. Everything in it is new: nothing is overwritten, and no link is followed. */
export interface OutFolder {
  /** Makes a folder and those above it. `path` is a normalised path of a tree. */
  folder(path: string): Promise<void>;
  /** Writes a file. When its content fails, the file is gone. */
  file(path: string, content: AsyncIterable<Uint8Array>): Promise<void>;
  /** Makes a link that stays inside the folder; false for one that would lead out of it. */
  link(path: string, target: string): Promise<boolean>;
}

/** Makes the folder; one that is there must be empty. Throws `cli.unwritable`. */
export async function createOutFolder(root: string): Promise<OutFolder> {
  await attempt(root, async () => {
    await mkdir(root, { recursive: true, mode: FOLDER_MODE });
    if ((await readdir(root)).length > 0) throw new NotEmpty();
  });
  return {
    folder: (path) =>
      attempt(join(root, path), () => mkdir(join(root, path), { recursive: true, mode: FOLDER_MODE })),
    file: (path, content) => writeNewFile(join(root, path), content),
    async link(path, target) {
      const inside = posix.normalize(posix.join(posix.dirname(path), target));
      if (target.startsWith("/") || inside === ".." || inside.startsWith("../")) return false;
      await attempt(join(root, path), () => symlink(target, join(root, path)));
      return true;
    },
  };
}

/** Writes a file that must not be there yet; when the content fails, it is gone. Throws `cli.unwritable`. */
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

/** Makes what a file is to be written in. */
export async function folderFor(path: string): Promise<void> {
  await attempt(path, () => mkdir(dirname(path), { recursive: true }));
}

class NotEmpty extends Error {
  override readonly message = "it is not empty, and nothing is overwritten";
}

async function attempt(path: string, action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (cause) {
    throw cliErrors.unwritable(path, cause);
  }
}
