import { randomBytes, scrypt } from "node:crypto";
import { bestCiphers } from "../ciphers/index.ts";
import { sealErrors } from "../errors.ts";

/** One stanza of an age header. */
export interface Stanza {
  readonly args: readonly string[];
  readonly body: Uint8Array;
}

/** 2^20: a gibibyte and some seconds for each attempt. `age` writes 2^18. */
const MAX_LOG_N = 20;
/** As `age` writes: about a second. */
const LOG_N = 18;
const LABEL = "age-encryption.org/v1/scrypt";

/** Bytes of unpadded base64, in its one canonical form; undefined for anything else. */
export function canonicalBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64").replace(/=+$/, "") === text ? bytes : undefined;
}

/**
 * The file key of a header that was sealed with a passphrase (C2SP age.md, "The scrypt recipient type"); null when it
 * is not for this one. Of the runtime, off the main thread: several times as fast as in JavaScript. Throws
 * `seal.tooCostly`, and `seal.damaged` for a stanza against the rules.
 */
export async function openScrypt(
  stanzas: readonly Stanza[],
  passphrase: Uint8Array,
  file: string,
): Promise<Uint8Array | null> {
  const stanza = stanzas.find(({ args }) => args[0] === "scrypt");
  if (stanza === undefined) return null;
  const [, saltText = "", logText = "", ...more] = stanza.args;
  const salt = canonicalBase64(saltText);
  const isSound =
    stanzas.length === 1 &&
    more.length === 0 &&
    salt?.length === 16 &&
    stanza.body.length === 32 &&
    /^[1-9][0-9]?$/.test(logText);
  if (!isSound) throw sealErrors.damaged({ file }, "its header breaks age's rules");
  const logN = Number(logText);
  if (logN > MAX_LOG_N) throw sealErrors.tooCostly(file, `scrypt with a work factor of 2^${logN}`);
  const wrapKey = await deriveKey(passphrase, salt, logN).catch(() => {
    throw sealErrors.tooCostly(file, "more memory than there is");
  });
  const { openRecord } = bestCiphers();
  const opened = openRecord(wrapKey, Buffer.alloc(12), stanza.body.subarray(0, 16), stanza.body.subarray(16));
  wrapKey.fill(0);
  return opened ?? null;
}

function deriveKey(passphrase: Uint8Array, salt: Uint8Array, logN: number): Promise<Buffer> {
  const N = 2 ** logN;
  return new Promise((resolve, reject) => {
    scrypt(
      passphrase,
      Buffer.concat([Buffer.from(LABEL), salt]),
      32,
      { N, r: 8, p: 1, maxmem: 1024 * N + (1 << 20) },
      (error, key) => {
        if (error) reject(error);
        else resolve(key);
      },
    );
  });
}

/** The stanza of a file that is sealed with a passphrase, as `age -p` makes it. It has to be the only one. */
export async function sealScrypt(
  fileKey: Uint8Array,
  passphrase: Uint8Array,
): Promise<{ args: string[]; body: Uint8Array }> {
  const salt = randomBytes(16);
  const wrapKey = await deriveKey(passphrase, salt, LOG_N);
  const { ciphertext, tag } = bestCiphers().sealRecord(wrapKey, Buffer.alloc(12), fileKey);
  wrapKey.fill(0);
  return {
    args: ["scrypt", salt.toString("base64").replace(/=+$/, ""), String(LOG_N)],
    body: Buffer.concat([ciphertext, tag]),
  };
}
