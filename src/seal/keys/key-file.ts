import { basename } from "node:path";
import { bufferSource, CryoscopeError, openFileSource } from "../../bytes/index.ts";
import { isAgeFile, openAge } from "../age/index.ts";
import { sealErrors } from "../errors.ts";
import type { Key, KeyProvider } from "./key.ts";
import { isOpenSshKey, parseOpenSshKey } from "../ssh/index.ts";
import { unlockSecretKeys } from "../openpgp/index.ts";
import { parseJwk, parseKey, privateKey } from "./private-key.ts";
import { passphrase as passphraseKey } from "./key.ts";

/** Keyrings of OpenPGP can be large; nothing else of keys is. */
const MAX_FILE = 4 << 20;
const RAW_KEY = 32;

/**
 * Every key in a file, told by its content: an RSA, EC or Ed25519 private key (PEM, DER, JWK, OpenSSH), age identities
 * (also sealed with a passphrase), an OpenPGP secret key, a raw key of 32 bytes (as they are, in hex, in base64), ocicrypt's keyprovider
 * configuration, access to a key broker. Throws `bytes.unreadable`, and what `parseKeys` throws.
 */
export async function loadKeyFile(path: string, passphrase?: string): Promise<readonly Key[]> {
  const source = await openFileSource(path);
  try {
    if (source.size > MAX_FILE) throw sealErrors.notAKey(path, "a large file");
    const bytes = Buffer.from(await source.read(0, source.size));
    try {
      return await parseKeys(bytes, path, passphrase);
    } finally {
      bytes.fill(0);
    }
  } finally {
    await source.close?.();
  }
}

/** Throws `seal.notAKey`, `seal.passphraseNeeded` and `seal.wrongPassphrase`. `bytes` may be overwritten afterwards. */
export async function parseKeys(
  bytes: Uint8Array,
  file: string,
  passphrase?: string,
): Promise<readonly Key[]> {
  const name = basename(file);
  if (isAgeFile(bytes)) return sealedIdentities(bytes, file, passphrase);
  // Raw before DER: 32 random bytes may begin like anything.
  if (bytes.length === RAW_KEY) return [{ kind: "raw", name, bytes: Uint8Array.from(bytes) }];
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  const identities = text.match(/^AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]+(?=\s*$)/gm);
  if (identities) return [{ kind: "age", name, identities }];
  const [, plugin] = /^AGE-PLUGIN-([A-Z0-9.+_-]+?)-1[0-9A-Z]+\s*$/m.exec(text) ?? [];
  if (plugin !== undefined) throw sealErrors.agePluginIdentity(file, plugin.toLowerCase());
  if (isOpenSshKey(text)) return [privateKey(await parseOpenSshKey(text, file, passphrase), file)];
  if (text.includes("-----BEGIN PGP PRIVATE KEY BLOCK-----") || isBinaryPgpKey(bytes))
    return [{ kind: "openpgp", name, bytes: await unlockSecretKeys(bytes, file, passphrase) }];
  if (/^\s*\{/.test(text)) return jsonKeys(text, file);
  const raw = rawText(text.trim());
  if (raw) return [{ kind: "raw", name, bytes: raw }];
  return [parseKey(bytes, file, passphrase)];
}

/** A secret key packet (tag 5) with an old or a new header, version 3 to 6 (RFC 9580, 4.2 and 5.5.3). */
function isBinaryPgpKey([first = 0, ...rest]: Uint8Array): boolean {
  if (first >= 0x94 && first <= 0x96) return isVersion(rest[[1, 2, 4][first - 0x94] ?? 0]);
  if (first !== 0xc5) return false;
  const length = rest[0] ?? 0;
  return isVersion(rest[length < 192 ? 1 : length < 224 ? 2 : 5]);
}

const isVersion = (byte: number | undefined): boolean => byte !== undefined && byte >= 3 && byte <= 6;

/** 32 bytes in hex or base64. */
function rawText(text: string): Uint8Array | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, "hex");
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64");
  return bytes.length === RAW_KEY ? bytes : undefined;
}

async function sealedIdentities(
  bytes: Uint8Array,
  file: string,
  passphrase?: string,
): Promise<readonly Key[]> {
  if (passphrase === undefined) throw sealErrors.passphraseNeeded(file);
  const source = await openAge(bufferSource(bytes), file, [passphraseKey(passphrase)]).catch(
    (error: unknown) => {
      if (error instanceof CryoscopeError && error.code === "seal.wrongKey")
        throw sealErrors.wrongPassphrase(file);
      throw error;
    },
  );
  const plain = Buffer.from(await source.source.read(0, MAX_FILE));
  await source.source.close?.();
  if (isAgeFile(plain)) throw sealErrors.notAKey(file, "sealed twice");
  try {
    return await parseKeys(plain, file);
  } finally {
    plain.fill(0);
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function jsonKeys(text: string, file: string): readonly Key[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw sealErrors.notAKey(file, "no JSON");
  }
  if (!isObject(json)) throw sealErrors.notAKey(file, "JSON without a key");
  if (isObject(json["key-providers"])) return providers(json["key-providers"], file);
  if (isObject(json["kbs"])) return [broker(json["kbs"], file)];
  const set = Array.isArray(json["keys"]) ? json["keys"] : [json];
  return set.map((jwk: unknown) => {
    if (!isObject(jwk) || typeof jwk["kty"] !== "string")
      throw sealErrors.notAKey(file, "JSON without a key");
    if (jwk["kty"] !== "oct") return parseJwk(jwk, file);
    const bytes = Buffer.from(typeof jwk["k"] === "string" ? jwk["k"] : "", "base64url");
    return { kind: "raw" as const, name: basename(file), bytes };
  });
}

/** `{"NAME": {"cmd": {"path", "args"}}}`; providers that are services are passed over. */
function providers(config: Readonly<Record<string, unknown>>, file: string): readonly KeyProvider[] {
  const found: KeyProvider[] = [];
  for (const [provider, value] of Object.entries(config)) {
    const cmd = isObject(value) ? value["cmd"] : undefined;
    if (!isObject(cmd) || typeof cmd["path"] !== "string") continue;
    const args = Array.isArray(cmd["args"]) ? cmd["args"].filter((arg) => typeof arg === "string") : [];
    found.push({ kind: "provider", name: basename(file), provider, command: cmd["path"], args });
  }
  if (found.length === 0)
    throw sealErrors.notAKey(
      file,
      "a keyprovider configuration without a command (services over gRPC aren't spoken to)",
    );
  return found;
}

/** `{"url": …, "token": …, "teeKey": JWK}`. */
function broker(config: Readonly<Record<string, unknown>>, file: string): Key {
  const { url, token, teeKey } = config;
  if (typeof url !== "string" || typeof token !== "string" || !/^https?:$/.test(protocolOf(url)))
    throw sealErrors.notAKey(file, "access to a key broker without its url or token");
  return {
    kind: "broker",
    name: basename(file),
    url,
    token,
    teeKey: isObject(teeKey) ? parseJwk(teeKey, file) : undefined,
  };
}

function protocolOf(url: string): string {
  try {
    return new URL(url).protocol;
  } catch {
    return "";
  }
}
