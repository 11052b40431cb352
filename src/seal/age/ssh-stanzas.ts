// age's recipients that are keys of SSH: `ssh-ed25519` and `ssh-rsa` stanzas, as age's own package `agessh` makes them.
import { constants, createHash, createPublicKey, hkdfSync, publicEncrypt, randomBytes } from "node:crypto";
import type { JsonWebKeyInput } from "node:crypto";
import { bestCiphers } from "../ciphers/index.ts";
import type { RsaKey } from "../keys/private-key.ts";
import { montgomeryPoint, sshReader, unsigned, x25519, x25519PublicKey } from "../ssh/index.ts";
import type { Ed25519Key } from "../ssh/index.ts";
import { canonicalBase64 } from "./passphrase-identity.ts";
import type { Stanza } from "./passphrase-identity.ts";

const ED25519 = "ssh-ed25519";
const RSA = "ssh-rsa";
const LABEL = "age-encryption.org/v1/";
const FILE_KEY = 16;
const TAG = 16;
const NO_NONCE = Buffer.alloc(12);
/** RSA below this is refused by age too. */
const MIN_BITS = 2048;

/** A stanza against the rules, which is for this key. */
class BrokenStanza extends Error {}

/** By which a key knows its stanzas: the first four bytes of a hash of the public key. */
function tagOf(sshPublicKey: Uint8Array): string {
  const hash = createHash("sha256").update(sshPublicKey).digest();
  return hash.toString("base64", 0, 4).replace(/=+$/, "");
}

/** The file key out of the first stanza that is for this key; null when none is. Throws `BrokenStanza`. */
export function openSshStanzas(stanzas: readonly Stanza[], key: Ed25519Key | RsaKey): Uint8Array | null {
  const tag = tagOf(key.sshPublicKey);
  for (const { args, body } of stanzas) {
    const [type, theirTag, share, ...more] = args;
    if (theirTag !== tag) continue;
    if (key.kind === "rsa" && type === RSA) {
      if (share !== undefined) throw new BrokenStanza();
      const opened = key.unwrapOaep(body, "sha256", `${LABEL}${RSA}`);
      if (opened?.length === FILE_KEY) return opened;
    } else if (key.kind === "ed25519" && type === ED25519) {
      const point = canonicalBase64(share ?? "");
      if (point?.length !== 32 || more.length > 0 || body.length !== FILE_KEY + TAG) throw new BrokenStanza();
      const opened = openEd25519(key, point, body);
      if (opened) return opened;
    }
  }
  return null;
}

function openEd25519(key: Ed25519Key, share: Uint8Array, body: Uint8Array): Uint8Array | undefined {
  const shared = key.agree(share);
  const wrapKey = shared && ed25519WrapKey(key.sshPublicKey, key.point, share, shared);
  shared?.fill(0);
  if (wrapKey === undefined) throw new BrokenStanza();
  const { openRecord } = bestCiphers();
  const opened = openRecord(wrapKey, NO_NONCE, body.subarray(0, -TAG), body.subarray(-TAG));
  wrapKey.fill(0);
  return opened;
}

/** The shared point is tweaked by the SSH key, so that the same key in another place would be another one. */
function ed25519WrapKey(
  sshPublicKey: Uint8Array,
  point: Uint8Array,
  share: Uint8Array,
  shared: Uint8Array,
): Buffer | undefined {
  const label = `${LABEL}${ED25519}`;
  const tweak = Buffer.from(hkdfSync("sha256", Buffer.alloc(0), sshPublicKey, label, 32));
  const tweaked = x25519(tweak, shared);
  if (tweaked === undefined) return undefined;
  const key = Buffer.from(hkdfSync("sha256", tweaked, Buffer.concat([share, point]), label, 32));
  tweaked.fill(0);
  return key;
}

/** A recipient as `authorized_keys` has it; undefined when the text is none. */
export function parseSshRecipient(
  line: string,
): { wrap(fileKey: Uint8Array): { args: string[]; body: Uint8Array } } | undefined {
  const [type, encoded = ""] = line.trim().split(/\s+/);
  const wire = Buffer.from(encoded, "base64");
  const reader = sshReader(wire);
  if (reader.string()?.toString("latin1") !== type) return undefined;
  if (type === ED25519) {
    const publicKey = reader.string();
    return publicKey?.length === 32
      ? { wrap: (fileKey) => sealEd25519(wire, publicKey, fileKey) }
      : undefined;
  }
  const [e, n] = [reader.string(), reader.string()];
  if (type !== RSA || !e || !n || unsigned(n).length * 8 < MIN_BITS) return undefined;
  const jwk = { kty: "RSA", n: unsigned(n).toString("base64url"), e: unsigned(e).toString("base64url") };
  try {
    const key = createPublicKey({ key: jwk, format: "jwk" } as JsonWebKeyInput);
    return {
      wrap: (fileKey) => ({
        args: [RSA, tagOf(wire)],
        body: publicEncrypt(
          {
            key,
            padding: constants.RSA_PKCS1_OAEP_PADDING,
            oaepHash: "sha256",
            oaepLabel: Buffer.from(`${LABEL}${RSA}`),
          },
          fileKey,
        ),
      }),
    };
  } catch {
    return undefined;
  }
}

function sealEd25519(
  wire: Uint8Array,
  publicKey: Uint8Array,
  fileKey: Uint8Array,
): { args: string[]; body: Uint8Array } {
  const ephemeral = randomBytes(32);
  const share = x25519PublicKey(ephemeral);
  const point = montgomeryPoint(publicKey);
  const shared = x25519(ephemeral, point);
  const wrapKey = shared && ed25519WrapKey(wire, point, share, shared);
  ephemeral.fill(0);
  shared?.fill(0);
  if (wrapKey === undefined) throw new BrokenStanza();
  const { ciphertext, tag } = bestCiphers().sealRecord(wrapKey, NO_NONCE, fileKey);
  wrapKey.fill(0);
  return {
    args: [ED25519, tagOf(wire), share.toString("base64").replace(/=+$/, "")],
    body: Buffer.concat([ciphertext, tag]),
  };
}
