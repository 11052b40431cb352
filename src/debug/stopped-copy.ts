// A snapshot of the same container whose images say of one process that it was stopped; the evidence isn't touched.
import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import type { Dirent } from "node:fs";
import { copyFile, link, mkdir, open, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { openTree } from "../archive/index.ts";
import type { FileTree } from "../archive/index.ts";
import { editImage, openImage, readEntry } from "../criu/index.ts";
import type { EngineWork, Snapshot } from "../engine/index.ts";
import { liveErrors } from "./errors.ts";

/** `task_core_entry.task_state` (`criu/include/image.h`): what CRIU finds alive, and what it restores with SIGSTOP. */
const TASK_ALIVE = 1;
const TASK_STOPPED = 3;

export interface StoppedCopy {
  readonly snapshot: Snapshot;
  /** A signal waits for its first thread, which that one takes before it stops: it will stand in the handler. */
  readonly isSignalled: boolean;
  remove(): Promise<void>;
}

/** A snapshot of the same container whose images say of one process that it was stopped; the evidence isn't touched. */
export async function stoppedCopy(
  snapshot: Snapshot,
  path: string,
  pid: number,
  noteFiles?: EngineWork["noteFiles"],
): Promise<StoppedCopy> {
  const tree = await openTree(path);
  try {
    const image = await imagePath(tree, `core-${pid}.img`);
    const { bytes, isSignalled } = await stoppedImage(tree, image);
    const copy = snapshot.checkpoint.kind === "archive" ? archiveCopy : folderCopy;
    return { ...(await copy(snapshot, path, { image, bytes, noteFiles })), isSignalled };
  } finally {
    await tree.close();
  }
}

/** Images lie at the top (Docker's folders) or in `checkpoint` (archives, and the folders that we make). */
async function imagePath(tree: FileTree, name: string): Promise<string> {
  for (const path of [`checkpoint/${name}`, name]) if ((await tree.stat(path))?.kind === "file") return path;
  throw liveErrors.noCore(name);
}

/** A core image with `task_state` changed. Of the same length: both states are one byte on the wire. */
async function stoppedImage(
  tree: FileTree,
  path: string,
): Promise<{ readonly bytes: Uint8Array; readonly isSignalled: boolean }> {
  const name = basename(path);
  const source = await tree.open(path);
  const image = await openImage(name, source);
  const core = await readEntry(image, "core_entry");
  const state = core?.tc?.task_state;
  if (state !== TASK_ALIVE && state !== TASK_STOPPED) throw liveErrors.noCore(name);
  const edit = { kind: "set", path: "entries[0].tc.task_state", value: BigInt(TASK_STOPPED) } as const;
  const edited = (await editImage(image, [edit])).source;
  if (edited.size !== source.size) throw liveErrors.noCore(name);
  const isSignalled = (core?.thread_core?.signals_p?.signals?.length ?? 0) > 0;
  return { bytes: await edited.read(0, edited.size), isSignalled };
}

type Copied = Omit<StoppedCopy, "isSignalled">;

/** The one image that is another in the copy. */
interface Change {
  readonly image: string;
  readonly bytes: Uint8Array;
  readonly noteFiles: EngineWork["noteFiles"];
}

/** Beside the archive. */
async function archiveCopy(
  snapshot: Snapshot,
  path: string,
  { image, bytes, noteFiles }: Change,
): Promise<Copied> {
  const copy = `${path}.${randomUUID()}.part`;
  const remove = await removal(copy, noteFiles);
  try {
    // A file system that can shares the blocks.
    await copyFile(path, copy, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    const file = await open(copy, "r+");
    try {
      const at = await memberOffset(file, image, bytes.length);
      await file.write(bytes, 0, bytes.length, at);
    } finally {
      await file.close();
    }
    return { snapshot: { ...snapshot, checkpoint: { kind: "archive", path: copy } }, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Notes what is about to be made, and gives how it is removed. */
async function removal(path: string, noteFiles: EngineWork["noteFiles"]): Promise<() => Promise<void>> {
  const gone = await noteFiles?.(path);
  return async () => {
    await rm(path, { recursive: true, force: true });
    await gone?.();
  };
}

const BLOCK = 512;
const MAX_MEMBERS = 1_000_000;

/** Where a member's bytes begin in an uncompressed tar. Throws `debug.packedArchive` when it isn't found in that form. */
async function memberOffset(
  file: Awaited<ReturnType<typeof open>>,
  wanted: string,
  size: number,
): Promise<number> {
  const header = Buffer.alloc(BLOCK);
  let at = 0;
  for (let member = 0; member < MAX_MEMBERS; member++) {
    const { bytesRead } = await file.read(header, 0, BLOCK, at);
    if (bytesRead < BLOCK || header.toString("latin1", 257, 262) !== "ustar") break;
    const name = header.toString("utf8", 0, 100).replace(/\0.*$/s, "").replace(/^\.\//, "");
    // Sizes over 8 GiB are in base 256, which begins with this bit (GNU tar, `from_header`).
    const length =
      (header[124] ?? 0) & 0x80
        ? Number(header.readBigUInt64BE(128))
        : Number.parseInt(header.toString("latin1", 124, 136).trim() || "0", 8);
    if (!Number.isSafeInteger(length)) break;
    if (name === wanted && length === size) return at + BLOCK;
    at += BLOCK + Math.ceil(length / BLOCK) * BLOCK;
  }
  throw liveErrors.packedArchive();
}

/** A folder of the same files, all but one of which are the old ones. */
async function folderCopy(
  snapshot: Snapshot,
  path: string,
  { image, bytes, noteFiles }: Change,
): Promise<Copied> {
  // Docker takes a checkpoint by its name, in its own folder.
  const isDocker = snapshot.checkpoint.kind === "named";
  const name = `stopped-${randomUUID()}`;
  const copy = isDocker ? join(dirname(path), name) : `${path}.${randomUUID()}.part`;
  const remove = await removal(copy, noteFiles);
  try {
    const changed = join(copy, image);
    await mkdir(dirname(changed), { recursive: true, mode: 0o700 });
    for (const folder of new Set([".", dirname(image)]))
      for (const entry of await readdir(join(path, folder), { withFileTypes: true })) {
        const to = join(copy, folder, entry.name);
        if (to !== changed && to !== dirname(changed)) await same(join(path, folder, entry.name), to, entry);
      }
    await writeFile(changed, bytes, { mode: 0o600, flag: "wx" });
    const checkpoint =
      snapshot.checkpoint.kind === "folder"
        ? { ...snapshot.checkpoint, path: copy }
        : ({ kind: "named", id: name } as const);
    return { snapshot: { ...snapshot, checkpoint }, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/**
 * The same file under another name. No symbolic link: Docker would pack it as such, and CRIU opens the pages when its root
 * is the container's, where an absolute path leads elsewhere.
 */
async function same(from: string, to: string, entry: Dirent): Promise<void> {
  if (entry.isDirectory()) return symlink(from, to);
  // Not on every file system.
  await link(from, to).catch(() => copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE));
}
