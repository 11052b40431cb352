import type { AddressSpace } from "../../memory/index.ts";
import type { MemoryBytes, MemoryPiece, MemoryRange } from "../../protocol/index.ts";
import { fromHex } from "./address.ts";
import { memoryViewErrors } from "./errors.ts";
import { originLook } from "./origin.ts";

/** As much as a view may ask for at once: a few screens. */
const MAX_ASKED = 65536;

/** The bytes of a range with where they come from. Throws `memoryView.badRange`. */
export async function bytesOf(space: AddressSpace, { start, length }: MemoryRange): Promise<MemoryBytes> {
  const address = fromHex(start);
  if (address === undefined || !Number.isInteger(length) || length < 0 || length > MAX_ASKED)
    throw memoryViewErrors.badRange(start, length);
  const bytes = new Uint8Array(length);
  const pieces: MemoryPiece[] = [];
  let at = 0;
  for (const piece of await space.read(address, length)) {
    if (piece.bytes) bytes.set(piece.bytes, at);
    at += piece.length;
    pieces.push({ length: piece.length, origin: originLook(piece.origin) });
  }
  return { bytes, pieces };
}
