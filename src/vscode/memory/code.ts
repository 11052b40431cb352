import type { AddressSpace, Area, CheckpointMemory } from "../../memory/index.ts";
import type { MemoryArea } from "../../protocol/index.ts";

/** Bytes compared at once, and of one mapping. */
const STEP = 1024 * 1024;
const MAX_COMPARED = 16 * STEP;

/** Whether dumped pages of code are the ones of the file it was mapped from. Throws the signal's reason. */
export async function codeOf(
  memory: CheckpointMemory,
  space: AddressSpace,
  { start, end, permissions, kind, offset, fileId }: Area,
  signal: AbortSignal,
): Promise<MemoryArea["code"]> {
  const isPrivateCode = kind === "file" && permissions[2] === "x" && permissions[3] === "p";
  if (!isPrivateCode || fileId === undefined) return "own";
  const page = BigInt(space.pageSize);
  let left = MAX_COMPARED;
  for (const { first, last, origin } of space.runs(start, end)) {
    if (origin.kind !== "dumped" && origin.kind !== "layer") continue;
    const found = await memory.files.find(fileId);
    if (typeof found === "string") return "copied";
    for (let at = BigInt(first) * page; at < BigInt(last) * page; at += BigInt(STEP)) {
      signal.throwIfAborted();
      const length = Math.min(Number(BigInt(last) * page - at), STEP);
      left -= length;
      if (left < 0) return "copied";
      const inMemory = await space.readBytes(at, length);
      const inFile = await found.source.read(Number(at - start + offset), inMemory.length);
      // Behind the end of the file, its last page is zero.
      if (!inMemory.every((byte, index) => byte === (inFile[index] ?? 0))) return "modified";
    }
  }
  return "own";
}
