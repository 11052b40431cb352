import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { readChunks } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { ctrSource } from "../ctr-source.ts";
import { sealErrors } from "../errors.ts";
import type { Key } from "../keys/key.ts";
import type { OpenedSource } from "../opened.ts";
import { publicOptions, wrappedPackets } from "./annotations.ts";
import type { SealedLayerDescriptor } from "./annotations.ts";
import { hasUsableKey, layerNeeds, unwrapLayerKey } from "./unwrap.ts";

/** A few milliseconds of hashing. */
const CHUNK = 1 << 20;

export interface OpenedLayer extends OpenedSource {
  /** `sha256:…` of the plaintext. */
  readonly digest: string;
}

/**
 * Opens one layer of an encrypted container image: AES-256-CTR over the whole blob (containers/ocicrypt:
 * `blockcipher/blockcipher_aes_ctr.go`). The HMAC over the ciphertext and the digest of the plaintext are both checked
 * before anything is given out, in one pass over the blob. Throws `seal.keyNeeded`, `seal.wrongKey`,
 * `seal.notAuthentic`, `seal.unsupported`, what key providers and brokers throw, and the signal's reason.
 */
export async function openOciLayer(
  descriptor: SealedLayerDescriptor,
  blob: ByteSource,
  keys: readonly Key[],
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<OpenedLayer> {
  const { annotations, digest: file } = descriptor;
  const shared = publicOptions(annotations);
  if (shared === undefined)
    throw sealErrors.unsupported(
      file,
      "a layer sealed with a cipher that isn't known here",
      "Open it with `skopeo copy --decryption-key KEY`.",
    );
  const packets = wrappedPackets(annotations);
  const needs = layerNeeds(packets);
  const need = {
    sealed: "as an encrypted container image",
    give: `Give the ${needs.join("; or the ") || "key that it was sealed for"}.`,
  };
  if (!hasUsableKey(packets, keys)) throw sealErrors.keyNeeded(file, need);
  const unwrapped = await unwrapLayerKey(packets, keys, signal);
  if (unwrapped === undefined)
    throw sealErrors.wrongKey(
      file,
      keys.map(({ name }) => name),
      need,
    );
  const { key, nonce = shared.nonce, digest } = unwrapped.options;
  // The public one counts before the private one (`blockcipher_aes_ctr.go: init`).
  const counter = shared.nonce ?? nonce;
  if (counter?.length !== 16) throw sealErrors.damaged({ file }, "the layer's nonce is missing");
  const hmac = createHmac("sha256", key);
  const source = ctrSource(blob, Uint8Array.from(key), counter, file);
  key.fill(0);
  const plain = createHash("sha256");
  let at = 0;
  try {
    for await (const bytes of readChunks(blob, { chunk: CHUNK, ...(signal && { signal }) })) {
      hmac.update(bytes);
      plain.update(await source.read(at, bytes.length));
      at += bytes.length;
      await setImmediate();
    }
    if (!timingSafeEqual(hmac.digest(), shared.hmac))
      throw sealErrors.notAuthentic(file, "The layer (by its HMAC)");
    const actual = `sha256:${plain.digest("hex")}`;
    if (digest !== undefined && digest !== actual)
      throw sealErrors.notAuthentic(file, "The layer (by the digest of its content)");
    return { source, openedBy: unwrapped.openedBy, notes: [], digest: actual };
  } catch (error) {
    await source.close?.();
    throw error;
  }
}
