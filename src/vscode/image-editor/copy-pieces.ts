import { readChunks } from "../../bytes/index.ts";
import type { Image } from "../../criu/index.ts";

/** Whether a copy of a sealed image is one that can be edited: it has entries, and its key is at hand. */
export function hasClearCopy({ seal, type, entryCount }: Image): boolean {
  return seal !== undefined && type?.message !== undefined && entryCount > 0;
}

/**
 * The bytes of a copy to edit: those of the file as they are; of a sealed image with entries, what its key opens, without
 * tags and nonces, which is what CRIU writes when it doesn't seal.
 */
export async function* copyPieces(image: Image): AsyncGenerator<Uint8Array> {
  if (!hasClearCopy(image)) {
    yield* readChunks(image.source);
    return;
  }
  let position = 0;
  for await (const { seals } of image.entries())
    for (const { start, end } of seals.toSorted((a, b) => a.start - b.start)) {
      yield* readChunks(image.plain, { start: position, end: start });
      position = end;
    }
  yield* readChunks(image.plain, { start: position });
}
