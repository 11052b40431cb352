import type { Key } from "../keys/key.ts";
import { CONTENT_CIPHERS, contentKey, keyNeededBy } from "./algorithms.ts";
import type { Header } from "./algorithms.ts";

interface Recipient {
  readonly header: Header;
  readonly encryptedKey: Uint8Array;
}

/** A JWE (RFC 7516), read but not opened. */
export interface Jwe {
  readonly recipients: readonly Recipient[];
  readonly enc: string;
  readonly iv: Uint8Array;
  readonly ciphertext: Uint8Array;
  readonly tag: Uint8Array;
  readonly associated: Uint8Array;
}

/** More recipients than anybody has. */
const MAX_RECIPIENTS = 256;

/** Reads the compact, the flattened or the general form; undefined for anything else, and for `crit` and `zip`. */
export function readJwe(text: string): Jwe | undefined {
  const parts = /^[\w-]+\.[\w-]*\.[\w-]*\.[\w-]*\.[\w-]*$/.test(text.trim())
    ? text.trim().split(".")
    : undefined;
  if (parts) {
    const [head, key, iv, ciphertext, tag] = parts;
    return fromJson({ protected: head, encrypted_key: key, iv, ciphertext, tag });
  }
  const json = parseObject(text);
  return json && fromJson(json);
}

function fromJson(json: Header): Jwe | undefined {
  const protectedText = textOf(json["protected"]);
  const protectedHeader = protectedText === "" ? {} : parseObject(decode(protectedText).toString("utf8"));
  if (protectedHeader === undefined) return undefined;
  const shared = { ...objectOf(json["unprotected"]), ...protectedHeader };
  // ocicrypt repeats the first recipient's key at the top where there are several; those count.
  const list = Array.isArray(json["recipients"]) ? (json["recipients"] as readonly unknown[]) : [json];
  const recipients = list.slice(0, MAX_RECIPIENTS).map((item) => {
    const one = objectOf(item);
    return {
      header: { ...objectOf(one["header"]), ...shared },
      encryptedKey: decode(textOf(one["encrypted_key"])),
    };
  });
  const enc = recipients[0]?.header["enc"];
  if (typeof enc !== "string" || "crit" in shared || "zip" in shared) return undefined;
  const aad = textOf(json["aad"]);
  return {
    recipients,
    enc,
    iv: decode(textOf(json["iv"])),
    ciphertext: decode(textOf(json["ciphertext"])),
    tag: decode(textOf(json["tag"])),
    associated: Buffer.from(aad === "" ? protectedText : `${protectedText}.${aad}`, "ascii"),
  };
}

/** Opens it with the first key that fits one of its recipients; undefined when none does. */
export function openJwe(
  jwe: Jwe,
  keys: readonly Key[],
): { readonly plaintext: Uint8Array; readonly openedBy: string } | undefined {
  const cipher = CONTENT_CIPHERS[jwe.enc];
  if (cipher === undefined) return undefined;
  for (const { header, encryptedKey } of jwe.recipients)
    for (const key of keys) {
      const cek = contentKey(header, encryptedKey, key, cipher.keyLength);
      const plaintext = cek && cipher.open(cek, jwe.iv, jwe.ciphertext, jwe.tag, jwe.associated);
      cek?.fill(0);
      if (plaintext) return { plaintext, openedBy: key.name };
    }
  return undefined;
}

/** What its recipients are: `RSA private key (RSA-OAEP)`. */
export function jweNeeds(jwe: Jwe): readonly string[] {
  return jwe.recipients.map(({ header }) => {
    const { alg, kid } = header;
    const name = typeof alg === "string" && /^[\w+-]{1,40}$/.test(alg) ? alg : "an unknown algorithm";
    const id = typeof kid === "string" && /^[\w.:/=+-]{1,200}$/.test(kid) ? `, key id ${kid}` : "";
    return `${keyNeededBy(alg) ?? "key"} (${name}${id})`;
  });
}

const decode = (text: string): Buffer => Buffer.from(text, "base64url");
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

function objectOf(value: unknown): Header {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Header) : {};
}

function parseObject(text: string): Header | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Header)
      : undefined;
  } catch {
    return undefined;
  }
}
