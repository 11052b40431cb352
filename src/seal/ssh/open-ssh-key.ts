// OpenSSH's own format of private keys (openssh-portable, PROTOCOL.key).
import { createDecipheriv, createPrivateKey } from "node:crypto";
import type { JsonWebKeyInput, KeyObject } from "node:crypto";
import { CryoscopeError } from "../../bytes/index.ts";
import { sealErrors } from "../errors.ts";
import { sshReader, unsigned } from "./wire.ts";
import type { SshReader } from "./wire.ts";

const PEM = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END OPENSSH PRIVATE KEY-----/;
const MAGIC = "openssh-key-v1\0";
/** `ssh-keygen` writes 24, before 9.4 it was 16; a thousand are some seconds, in which nothing else runs. */
const MAX_ROUNDS = 1000;

/** Ciphers of a key with a passphrase: bytes of key, IV and tag. The first is what `ssh-keygen` takes. */
const CIPHERS: Readonly<Record<string, { name: string; key: number; iv: number; tag: number }>> = {
  "aes256-ctr": { name: "aes-256-ctr", key: 32, iv: 16, tag: 0 },
  "aes192-ctr": { name: "aes-192-ctr", key: 24, iv: 16, tag: 0 },
  "aes128-ctr": { name: "aes-128-ctr", key: 16, iv: 16, tag: 0 },
  "aes256-cbc": { name: "aes-256-cbc", key: 32, iv: 16, tag: 0 },
  "aes192-cbc": { name: "aes-192-cbc", key: 24, iv: 16, tag: 0 },
  "aes128-cbc": { name: "aes-128-cbc", key: 16, iv: 16, tag: 0 },
  "aes256-gcm@openssh.com": { name: "aes-256-gcm", key: 32, iv: 12, tag: 16 },
  "aes128-gcm@openssh.com": { name: "aes-128-gcm", key: 16, iv: 12, tag: 16 },
};

export function isOpenSshKey(text: string): boolean {
  return text.includes("-----BEGIN OPENSSH PRIVATE KEY-----");
}

/**
 * The private key of an OpenSSH file: RSA, EC (NIST curves) or Ed25519. Throws `seal.passphraseNeeded`,
 * `seal.wrongPassphrase`, and `seal.notAKey` for damage and for kinds whose secret isn't in the file.
 */
export async function parseOpenSshKey(text: string, file: string, passphrase?: string): Promise<KeyObject> {
  const damaged = (): CryoscopeError => sealErrors.notAKey(file, "a damaged OpenSSH key");
  const bytes = Buffer.from(PEM.exec(text)?.[1] ?? "", "base64");
  let secret: Buffer | undefined;
  try {
    if (bytes.toString("latin1", 0, MAGIC.length) !== MAGIC) throw damaged();
    const head = sshReader(bytes.subarray(MAGIC.length));
    const cipher = head.string()?.toString("latin1");
    const kdf = head.string()?.toString("latin1");
    const options = head.string();
    const count = head.uint32();
    head.string();
    const sealed = head.string();
    if (cipher === undefined || kdf === undefined || options === undefined || count !== 1 || !sealed)
      throw damaged();
    if (kdf === "none") secret = Buffer.from(sealed);
    else {
      if (passphrase === undefined) throw sealErrors.passphraseNeeded(file);
      secret = await decipher(
        { cipher, kdf, options: sshReader(options), sealed, tag: head.rest() },
        passphrase,
        file,
      );
    }
    const reader = sshReader(secret);
    const [check, again] = [reader.uint32(), reader.uint32()];
    if (check === undefined || check !== again)
      throw kdf === "none" ? damaged() : sealErrors.wrongPassphrase(file);
    const jwk = jwkOf(reader, file);
    if (jwk === undefined) throw damaged();
    return createPrivateKey({ key: jwk, format: "jwk" } as JsonWebKeyInput);
  } catch (error) {
    throw error instanceof CryoscopeError ? error : damaged();
  } finally {
    secret?.fill(0);
    bytes.fill(0);
  }
}

interface Sealed {
  readonly cipher: string;
  readonly kdf: string;
  readonly options: SshReader;
  readonly sealed: Buffer;
  readonly tag: Buffer;
}

async function decipher(
  { cipher, kdf, options, sealed, tag }: Sealed,
  passphrase: string,
  file: string,
): Promise<Buffer> {
  const how = CIPHERS[cipher];
  if (kdf !== "bcrypt" || how === undefined)
    throw sealErrors.unsupported(
      file,
      `an OpenSSH key sealed with ${JSON.stringify(how === undefined ? cipher : kdf)}`,
      "Give it another cipher with `ssh-keygen -p -Z aes256-ctr -f FILE`.",
    );
  const salt = options.string();
  const rounds = options.uint32();
  if (salt === undefined || rounds === undefined || rounds === 0)
    throw sealErrors.notAKey(file, "a damaged OpenSSH key");
  if (rounds > MAX_ROUNDS) throw sealErrors.tooCostly(file, `${rounds} rounds of bcrypt`);
  const { pbkdf } = await import("./library.ts");
  const word = Buffer.from(passphrase, "utf8");
  const derived = new Uint8Array(how.key + how.iv);
  try {
    if (pbkdf(word, word.length, salt, salt.length, derived, derived.length, rounds) !== 0)
      throw sealErrors.wrongPassphrase(file);
    // A name out of the table: GCM has a tag, the others have none to set.
    const aes = createDecipheriv(
      how.name as "aes-256-gcm",
      derived.subarray(0, how.key),
      derived.subarray(how.key),
    );
    if (how.tag > 0) aes.setAuthTag(tag.subarray(0, how.tag));
    else aes.setAutoPadding(false);
    return Buffer.concat([aes.update(sealed), aes.final()]);
  } catch (error) {
    if (error instanceof CryoscopeError) throw error;
    throw sealErrors.wrongPassphrase(file);
  } finally {
    word.fill(0);
    derived.fill(0);
  }
}

const CURVES: Readonly<Record<string, string>> = {
  "ecdsa-sha2-nistp256": "P-256",
  "ecdsa-sha2-nistp384": "P-384",
  "ecdsa-sha2-nistp521": "P-521",
};
/** Bytes of a coordinate. */
const COORDINATE: Readonly<Record<string, number>> = { "P-256": 32, "P-384": 48, "P-521": 66 };

/** The key behind its name, as a JWK; undefined where it is not whole. */
function jwkOf(reader: SshReader, file: string): Readonly<Record<string, string>> | undefined {
  const type = reader.string()?.toString("latin1") ?? "";
  const curve = CURVES[type];
  if (curve !== undefined) return ecJwk(reader, curve);
  if (type === "ssh-rsa") return rsaJwk(reader);
  if (type === "ssh-ed25519") {
    const [x, pair] = [reader.string(), reader.string()];
    if (x?.length !== 32 || pair?.length !== 64) return undefined;
    return { kty: "OKP", crv: "Ed25519", x: text(x), d: text(pair.subarray(0, 32)) };
  }
  throw sealErrors.notAKey(
    file,
    type.startsWith("sk-")
      ? "an OpenSSH key whose secret is in a security token, which deciphers nothing"
      : `an OpenSSH key of the kind ${JSON.stringify(type.slice(0, 64))}`,
  );
}

const text = (bytes: Buffer): string => bytes.toString("base64url");

function ecJwk(reader: SshReader, crv: string): Readonly<Record<string, string>> | undefined {
  reader.string();
  const [point, d] = [reader.string(), reader.string()];
  const size = COORDINATE[crv] ?? 0;
  // Uncompressed: 4, x, y.
  if (point?.length !== 1 + 2 * size || point[0] !== 4 || d === undefined) return undefined;
  const secret = unsigned(d);
  if (secret.length > size) return undefined;
  return {
    kty: "EC",
    crv,
    x: text(point.subarray(1, 1 + size)),
    y: text(point.subarray(1 + size)),
    d: text(Buffer.concat([Buffer.alloc(size - secret.length), secret])),
  };
}

function rsaJwk(reader: SshReader): Readonly<Record<string, string>> | undefined {
  const numbers = Array.from({ length: 6 }, () => reader.string());
  const [n, e, d, qi, p, q] = numbers.map((bytes) => bytes && unsigned(bytes));
  if (!n || !e || !d || !qi || !p || !q) return undefined;
  return {
    kty: "RSA",
    n: text(n),
    e: text(e),
    d: text(d),
    p: text(p),
    q: text(q),
    dp: text(remainder(d, p)),
    dq: text(remainder(d, q)),
    qi: text(qi),
  };
}

const number = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString("hex") || "0"}`);

/** d modulo (prime - 1), which OpenSSH leaves out. */
function remainder(d: Buffer, prime: Buffer): Buffer {
  const hex = (number(d) % (number(prime) - 1n)).toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
}
