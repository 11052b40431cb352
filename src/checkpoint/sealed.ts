import { readExactly } from "../bytes/index.ts";
import type { ByteSource } from "../bytes/index.ts";
import type { Problem } from "../criu/index.ts";
import { checkpointErrors } from "./errors.ts";
import { openInLayer, pathInLayer } from "./layers.ts";
import type { Layer } from "./layers.ts";

/** Bytes before the first entry: the common and the type's magic. */
const HEADER = 8;
/** What a seal adds to each record that isn't empty: tag and nonce. */
const TAIL = 28;
/** Entries looked at: enough to tell, and a bound. */
const LOOKED_AT = 4096;

/**
 * Throws when the layer's images are sealed but have no cipher.img: CRIU writes such dumps when the certificate is
 * not RSA. They show themselves by records that tile the file only when each has a tag and nonce behind it.
 */
export async function refuseLostKeys(layer: Layer): Promise<void> {
  if (layer.sealed || layer.files.has("inventory.img")) return;
  const source = await openInLayer(layer, "pstree.img");
  if (source === undefined) return;
  try {
    const looksSealed = !(await tiles(source, 0)) && (await tiles(source, TAIL));
    if (looksSealed) throw checkpointErrors.sealedWithoutCipher(pathInLayer(layer, "pstree.img"));
  } finally {
    await source.close?.();
  }
}

/** Whether records with `tail` bytes behind each end exactly at the end of the file. */
async function tiles(source: ByteSource, tail: number): Promise<boolean> {
  let at = HEADER;
  for (let count = 0; count < LOOKED_AT && at + 4 <= source.size; count++) {
    const word = await readExactly(source, at, 4);
    const size = new DataView(word.buffer, word.byteOffset, 4).getUint32(0, true);
    at += 4 + (size === 0 ? 0 : size + tail);
  }
  return at === source.size;
}

/** Throws when the first sealed record that was read is not authentic: then the key is of another checkpoint. */
export function refuseWrongKey(layer: Layer, problems: readonly Problem[]): void {
  const broken = layer.sealed && problems.find((problem) => problem.code.startsWith("seal."));
  if (broken) throw checkpointErrors.wrongKey(pathInLayer(layer, "cipher.img"), broken);
}
