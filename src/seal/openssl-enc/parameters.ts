import { createHash, pbkdf2 } from "node:crypto";
import { sealErrors } from "../errors.ts";

/** What `openssl enc` was called with; nothing of it is in the file. */
export interface EncParameters {
  readonly mode: "cbc" | "ctr";
  /** Bytes of the key. */
  readonly keyLength: 16 | 24 | 32;
  readonly kdf: EncKdf;
}

/** `iterations` undefined: not PBKDF2 but EVP_BytesToKey, which openssl used alone before `-pbkdf2`. */
export interface EncKdf {
  readonly digest: string;
  readonly iterations: number | undefined;
}

const DIGESTS = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"];
/** Some seconds; more would be an attack, or a file that its owner opens with openssl. */
const MAX_ITERATIONS = 20_000_000;

/** What people use, the likeliest first: openssl's defaults of today and before, and rounder numbers of iterations. */
export const LIKELY_KDFS: readonly EncKdf[] = [
  { digest: "sha256", iterations: 10_000 },
  { digest: "sha256", iterations: undefined },
  { digest: "md5", iterations: undefined },
  { digest: "sha512", iterations: 10_000 },
  { digest: "sha256", iterations: 100_000 },
  { digest: "sha512", iterations: 100_000 },
  { digest: "sha256", iterations: 200_000 },
  { digest: "sha512", iterations: 200_000 },
  { digest: "sha256", iterations: 600_000 },
];

export const LIKELY_CIPHERS: readonly Pick<EncParameters, "mode" | "keyLength">[] = (
  ["cbc", "ctr"] as const
).flatMap((mode) => ([32, 16, 24] as const).map((keyLength) => ({ mode, keyLength })));

/**
 * Parameters from the words of openssl's own command line: `-aes-256-cbc -pbkdf2 -iter 200000 -md sha512`. Words that
 * change nothing for reading (`-a`, `-salt`, `-d`) are passed over. Throws `seal.unsupported` for other ciphers and words.
 */
export function parseEncWords(text: string): EncParameters {
  let cipher: Pick<EncParameters, "mode" | "keyLength"> | undefined;
  let digest = "sha256";
  let iterations: number | undefined;
  let isPbkdf2 = false;
  const words = text.trim().split(/\s+/);
  for (let at = 0; at < words.length; at++) {
    const word = (words[at] ?? "").toLowerCase().replace(/^-{1,2}/, "");
    const [, bits, mode = "cbc"] = /^aes-?(128|192|256)(?:-(cbc|ctr))?$/.exec(word) ?? [];
    if (bits !== undefined)
      cipher = {
        mode: mode === "ctr" ? "ctr" : "cbc",
        keyLength: bits === "128" ? 16 : bits === "192" ? 24 : 32,
      };
    else if (word === "pbkdf2") isPbkdf2 = true;
    else if (word === "iter") iterations = Number(words[++at]);
    else if (word === "md") digest = (words[++at] ?? "").toLowerCase().replace("-", "");
    else if (!["enc", "openssl", "a", "base64", "salt", "d", "e", ""].includes(word)) throw unknownWord(word);
  }
  if (!DIGESTS.includes(digest)) throw unknownWord(`-md ${digest}`);
  if (iterations !== undefined && !(iterations >= 1 && iterations <= MAX_ITERATIONS))
    throw unknownWord("-iter of that number");
  if (cipher === undefined) throw unknownWord("a call without a cipher");
  return { ...cipher, kdf: { digest, iterations: iterations ?? (isPbkdf2 ? 10_000 : undefined) } };
}

const unknownWord = (word: string) =>
  sealErrors.unsupported(
    "openssl enc",
    `${JSON.stringify(word)} of \`openssl enc\``,
    "Known are AES in CBC and CTR, -pbkdf2, -iter and -md; open others with `openssl enc -d`.",
  );

/** 32 bytes of key and 16 of IV. A shorter key's IV follows the key directly: `split` knows. */
export async function deriveKey(passphrase: Uint8Array, salt: Uint8Array, kdf: EncKdf): Promise<Buffer> {
  const { digest, iterations } = kdf;
  if (iterations === undefined) return bytesToKey(passphrase, salt, digest);
  return new Promise((resolve, reject) => {
    pbkdf2(passphrase, salt, iterations, 48, digest, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

/** OpenSSL's EVP_BytesToKey with one round. */
function bytesToKey(passphrase: Uint8Array, salt: Uint8Array, digest: string): Buffer {
  let made = Buffer.alloc(0);
  let block = Buffer.alloc(0);
  while (made.length < 48) {
    block = createHash(digest).update(block).update(passphrase).update(salt).digest();
    made = Buffer.concat([made, block]);
  }
  return made.subarray(0, 48);
}
