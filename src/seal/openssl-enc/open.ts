import { sliceSource } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { base64Lines } from "../base64-lines.ts";
import { cbcSource } from "../cbc-source.ts";
import { ctrSource } from "../ctr-source.ts";
import { sealErrors } from "../errors.ts";
import { keysOfKind } from "../keys/key.ts";
import type { Key } from "../keys/key.ts";
import { isKnownContent } from "../known-content.ts";
import type { OpenedSource, OpenSealedOptions } from "../opened.ts";
import { deriveKey, LIKELY_CIPHERS, LIKELY_KDFS, parseEncWords } from "./parameters.ts";
import type { EncParameters } from "./parameters.ts";

const MAGIC = "Salted__";
const HEADER = 16;
const BASE64 = "U2FsdGVkX1";
const HEAD = 512;

const NEED = {
  sealed: "with `openssl enc`",
  give:
    "Give the passphrase, and what it was called with if that isn't usual, such as " +
    '"-aes-256-cbc -pbkdf2 -iter 200000 -md sha512".',
};

/** Whether a file that begins like this was written by `openssl enc`, binary or with `-a`. */
export function isOpensslEnc(head: Uint8Array): boolean {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 16)).toString("latin1");
  return text.startsWith(MAGIC) || text.startsWith(BASE64);
}

/**
 * Opens what `openssl enc` wrote. Nothing in it is authenticated, and a wrong key is told by padding and content alone:
 * what comes out must be an archive or an image. Without `opensslEnc` the usual parameters are tried. Throws
 * `seal.keyNeeded`, `seal.wrongKey`, `seal.damaged`, `seal.unsupported`, and the signal's reason.
 */
export async function openOpensslEnc(
  sealed: ByteSource,
  file: string,
  keys: readonly Key[],
  { opensslEnc, signal }: OpenSealedOptions = {},
): Promise<OpenedSource> {
  const passphrases = keysOfKind(keys, "passphrase");
  if (passphrases.length === 0) throw sealErrors.keyNeeded(file, NEED);
  const given = opensslEnc === undefined ? undefined : parseEncWords(opensslEnc);
  const binary = await withoutBase64(sealed, file);
  const header = Buffer.from(await binary.read(0, HEADER));
  if (header.length < HEADER) throw sealErrors.damaged({ file }, "it ends within its header");
  const salt = header.subarray(8);
  const body = sliceSource(binary, HEADER, binary.size - HEADER);
  const kdfs = given ? [given.kdf] : LIKELY_KDFS;
  for (const kdf of kdfs)
    for (const key of passphrases) {
      signal?.throwIfAborted();
      const derived = await deriveKey(key.bytes, salt, kdf);
      for (const cipher of given ? [given] : LIKELY_CIPHERS) {
        const source = await attempt(body, derived, { ...cipher, kdf }, file);
        if (source === undefined) continue;
        derived.fill(0);
        return { source, openedBy: key.name, notes: [noteOf({ ...cipher, kdf })] };
      }
      derived.fill(0);
    }
  throw sealErrors.wrongKey(
    file,
    passphrases.map(({ name }) => name),
    NEED,
  );
}

async function attempt(
  body: ByteSource,
  derived: Buffer,
  { mode, keyLength }: EncParameters,
  file: string,
): Promise<ByteSource | undefined> {
  const key = Uint8Array.from(derived.subarray(0, keyLength));
  const iv = Uint8Array.from(derived.subarray(keyLength, keyLength + 16));
  const source = mode === "cbc" ? await cbcSource(body, key, iv, file) : ctrSource(body, key, iv, file);
  if (source === undefined) return undefined;
  if (isKnownContent(await source.read(0, HEAD))) return source;
  await source.close?.();
  return undefined;
}

function noteOf({ mode, keyLength, kdf }: EncParameters): string {
  const derivation =
    kdf.iterations === undefined ? `-md ${kdf.digest}` : `-pbkdf2 -iter ${kdf.iterations} -md ${kdf.digest}`;
  return `Sealed with \`openssl enc -aes-${keyLength * 8}-${mode} ${derivation}\`, which would not notice a change.`;
}

async function withoutBase64(sealed: ByteSource, file: string): Promise<ByteSource> {
  const head = await sealed.read(0, MAGIC.length);
  if (Buffer.from(head).toString("latin1") === MAGIC) return sealed;
  const tail = Buffer.from(await sealed.read(Math.max(0, sealed.size - 2), 2)).toString("latin1");
  return base64Lines(sealed, 0, sealed.size - (/\r?\n$/.exec(tail)?.[0].length ?? 0), file);
}
