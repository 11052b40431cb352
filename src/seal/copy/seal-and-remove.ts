import { open, rm } from "node:fs/promises";
import { sealErrors } from "../errors.ts";
import type { SealTarget } from "./recipients.ts";
import { sealCopy } from "./seal-copy.ts";
import type { CopyOptions, CopyResult } from "./seal-copy.ts";

/**
 * Writes a sealed copy as `sealCopy` does, and then deletes the plain files: which frees their blocks and doesn't
 * overwrite them. When sealing fails they stay as they are, and nothing is at `out`. Throws `seal.plainStays` when the
 * copy is whole but the plain files can't be deleted, and what `sealCopy` throws.
 */
export async function sealAndRemove(
  path: string,
  target: SealTarget,
  out: string,
  options: CopyOptions = {},
): Promise<CopyResult> {
  const result = await sealCopy(path, target, out, options);
  // On the disk before the only other copy goes.
  if (target.kind !== "criu")
    await flush(out).catch(async (cause: unknown) => {
      await rm(out, { force: true });
      throw sealErrors.unwritable(out, cause);
    });
  await rm(path, { recursive: true, force: true }).catch((cause: unknown) => {
    throw sealErrors.plainStays(path, out, cause);
  });
  return result;
}

async function flush(file: string): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
}
