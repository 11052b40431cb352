import type { ByteSource } from "../../bytes/index.ts";
import { criuSchemas, decodeMessage, lastField, openImage, type MessageNode } from "../../criu/index.ts";
import { sealErrors } from "../errors.ts";

/** Name of the image that holds a layer's wrapped keys, and whose presence alone marks a sealed layer. */
export const CIPHER_IMAGE = "cipher.img";

/** A real one has about 1 KiB. */
const MAX_SIZE = 1 << 20;

/** What cipher.img holds (`images/cipher.proto` of CRIU PR 2297), still wrapped. */
export interface Cipher {
  /** The ChaCha20-Poly1305 key, wrapped once for each recipient. CRIU PR 2297 knows one recipient. */
  readonly tokens: readonly Uint8Array[];
  /** The two AES-256-XTS keys, wrapped; undefined where pages are not sealed. */
  readonly pageKey: Uint8Array | undefined;
  /** The tweak of every page, 16 bytes. */
  readonly tweak: Uint8Array | undefined;
  /** XOR over the HMAC-SHA256 of all pages, 32 bytes. */
  readonly pagesDigest: Uint8Array | undefined;
}

const FIELD = { token: 1, pageKey: 2, tweak: 3, pagesDigest: 4 } as const;

/** Reads cipher.img. `file` is for messages. Throws `seal.noCipher` for what is none. */
export async function readCipher(source: ByteSource, file = CIPHER_IMAGE): Promise<Cipher> {
  if (source.size > MAX_SIZE) throw sealErrors.noCipher(file, "cipher.img is far too large");
  const image = await openImage(CIPHER_IMAGE, source);
  if (image.type?.name !== "CIPHER") throw sealErrors.noCipher(file, "this is no cipher.img");
  if (image.entryCount === 0) throw sealErrors.noCipher(file, "cipher.img holds no entry");
  const { message } = await image.entry(0);
  const token = bytesOf(message, FIELD.token);
  const pageKey = bytesOf(message, FIELD.pageKey);
  const tweak = bytesOf(message, FIELD.tweak);
  if (token === undefined) throw sealErrors.noCipher(file, "cipher.img holds no token");
  if (pageKey !== undefined && tweak?.length !== 16)
    throw sealErrors.noCipher(file, "the tweak of the pages is not 16 bytes long");
  return {
    tokens: pageKey === undefined ? (recipients(token) ?? [token]) : [token],
    pageKey,
    tweak,
    pagesDigest: bytesOf(message, FIELD.pagesDigest),
  };
}

/**
 * A later branch of CRIU's wraps the key for many recipients: then the field holds messages of an id (1) and a
 * wrapped key (2) each, in field 1. undefined when the bytes are no such list.
 */
function recipients(token: Uint8Array): readonly Uint8Array[] | undefined {
  const decode = (bytes: Uint8Array): MessageNode | undefined => {
    const { message, problems } = decodeMessage(bytes, undefined, {
      schemas: criuSchemas,
      at: 0,
      file: CIPHER_IMAGE,
    });
    return problems.length === 0 ? message : undefined;
  };
  const entries = decode(token)?.fields;
  if (entries === undefined || entries.some(({ number }) => number !== 1)) return undefined;
  const keys = entries.map(({ value }) => {
    const entry = value instanceof Uint8Array ? decode(value) : undefined;
    return entry && bytesOf(entry, 2);
  });
  return keys.every((key) => key !== undefined) ? keys : undefined;
}

function bytesOf(message: MessageNode, number: number): Uint8Array | undefined {
  const value = lastField(message, number)?.value;
  return value instanceof Uint8Array ? value : undefined;
}
