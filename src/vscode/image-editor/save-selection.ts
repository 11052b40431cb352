import { open, rm, stat } from "node:fs/promises";
import { readChunks } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import type { ByteRange } from "../../protocol/index.ts";
import { imageEditorErrors } from "./errors.ts";

/**
 * Writes bytes to a new file, or over an old one; a part of a file is never left behind. `evidence` is the file that
 * the bytes come from: it is never written to, whatever name or link leads there.
 */
export async function saveBytes(
  source: ByteSource,
  { start, end }: ByteRange,
  target: string,
  evidence: string | undefined,
  signal?: AbortSignal,
  done: (bytes: number) => void = () => undefined,
): Promise<void> {
  if (evidence !== undefined && (await isSameFile(target, evidence)))
    throw imageEditorErrors.overEvidence(target);
  const file = await open(target, "w");
  try {
    for await (const bytes of readChunks(source, { start, end, ...(signal && { signal }) })) {
      await file.writeFile(bytes);
      done(bytes.length);
    }
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map((path) => stat(path).catch(() => undefined)));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}
