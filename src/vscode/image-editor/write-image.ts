import { randomBytes } from "node:crypto";
import { chmod, chown, lstat, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CryoscopeError } from "../../bytes/index.ts";
import { imageEditorErrors } from "./errors.ts";

/**
 * Writes a file in one step as others see it: the bytes go to a new file beside it, which then takes its place, mode
 * and owner. What went wrong leaves the old file as it was, and no other. `pieces` may be read from the old file.
 */
export async function writeImage(
  target: string,
  pieces: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  const old = await lstat(target).catch(() => undefined);
  // A rename would put a file in the place of the link, and leave what it leads to as it was.
  if (old?.isSymbolicLink()) throw imageEditorErrors.isLink(target);
  if (old && !old.isFile()) throw imageEditorErrors.notAFile(target);
  const beside = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const file = await open(beside, "wx", old ? 0o600 : 0o666);
    try {
      for await (const piece of pieces) {
        signal?.throwIfAborted();
        await file.writeFile(piece);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    if (old) {
      // Only root may give files away; whoever else saves, owns.
      await chown(beside, old.uid, old.gid).catch(() => undefined);
      await chmod(beside, old.mode & 0o7777);
    }
    await rename(beside, target);
  } catch (error) {
    await rm(beside, { force: true });
    if (error instanceof CryoscopeError || signal?.aborted === true) throw error;
    throw imageEditorErrors.notWritten(target, error);
  }
}
