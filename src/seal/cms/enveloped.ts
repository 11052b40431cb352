import { DER, derElements, oidText } from "./der.ts";
import type { DerElement } from "./der.ts";

/** For whom the content's key is wrapped (RFC 5652, KeyTransRecipientInfo). */
export interface CmsRecipient {
  /** Serial number of the certificate in hex, or undefined where it is named otherwise. */
  readonly serial: string | undefined;
  readonly wrap: "pkcs1" | "oaep-sha1" | "oaep-sha256" | "oaep-sha384" | "oaep-sha512";
  readonly wrappedKey: Uint8Array;
}

/** CMS EnvelopedData (PKCS#7), its content still sealed. */
export interface Enveloped {
  readonly recipients: readonly CmsRecipient[];
  readonly mode: "cbc" | "gcm";
  readonly keyLength: 16 | 24 | 32;
  /** IV of CBC, nonce of GCM. */
  readonly iv: Uint8Array;
  /** Where the content lies in the file. Of GCM its last 16 bytes are the tag. */
  readonly content: { readonly start: number; readonly end: number };
}

const OID = {
  envelopedData: "1.2.840.113549.1.7.3",
  rsa: "1.2.840.113549.1.1.1",
  oaep: "1.2.840.113549.1.1.7",
} as const;

const CIPHERS: Readonly<Record<string, Pick<Enveloped, "mode" | "keyLength">>> = {
  "2.16.840.1.101.3.4.1.2": { mode: "cbc", keyLength: 16 },
  "2.16.840.1.101.3.4.1.22": { mode: "cbc", keyLength: 24 },
  "2.16.840.1.101.3.4.1.42": { mode: "cbc", keyLength: 32 },
  "2.16.840.1.101.3.4.1.6": { mode: "gcm", keyLength: 16 },
  "2.16.840.1.101.3.4.1.26": { mode: "gcm", keyLength: 24 },
  "2.16.840.1.101.3.4.1.46": { mode: "gcm", keyLength: 32 },
};

const HASHES: Readonly<Record<string, CmsRecipient["wrap"]>> = {
  "1.3.14.3.2.26": "oaep-sha1",
  "2.16.840.1.101.3.4.2.1": "oaep-sha256",
  "2.16.840.1.101.3.4.2.2": "oaep-sha384",
  "2.16.840.1.101.3.4.2.3": "oaep-sha512",
};

/** Whether DER that begins like this is EnvelopedData. */
export function isEnveloped(head: Uint8Array): boolean {
  const [outer] = derElements(head, 0, Number.MAX_SAFE_INTEGER) ?? [];
  if (outer?.tag !== DER.sequence) return false;
  const [type] = derElements(head, outer.start, outer.end) ?? [];
  return type?.tag === DER.oid && oidText(head.subarray(type.start, type.end)) === OID.envelopedData;
}

/**
 * Reads EnvelopedData in DER from the bytes that `size` bytes of file begin with: all that comes before the content
 * must be among them. undefined for what isn't that, is of indefinite length, or uses other ciphers.
 */
export function readEnveloped(bytes: Uint8Array, size: number): Enveloped | undefined {
  const inside = (element: DerElement | undefined): readonly DerElement[] =>
    (element && derElements(bytes, element.start, element.end)) ?? [];
  const content = (element: DerElement): Uint8Array => bytes.subarray(element.start, element.end);
  const oid = (element: DerElement | undefined): string =>
    element?.tag === DER.oid ? oidText(content(element)) : "";

  const [outer] = derElements(bytes, 0, size) ?? [];
  const [type, wrapper] = inside(outer);
  if (oid(type) !== OID.envelopedData) return undefined;
  const parts = inside(inside(wrapper)[0]);
  const set = parts.find(({ tag }) => tag === DER.set);
  const last = parts.findLast(({ tag }) => tag === DER.sequence);
  const [, algorithm, sealed] = inside(last);
  const [cipher, parameter] = inside(algorithm);
  const known = CIPHERS[oid(cipher)];
  if (set === undefined || known === undefined || parameter === undefined || sealed === undefined)
    return undefined;

  const recipients: CmsRecipient[] = [];
  for (const info of inside(set)) {
    const [, rid, wrapping, wrapped] = inside(info);
    if (rid === undefined || wrapped?.tag !== DER.octets) continue;
    const wrap = wrapOf(inside(wrapping), oid, inside);
    const serial = inside(rid).find(({ tag }) => tag === DER.integer);
    if (wrap)
      recipients.push({
        serial: serial && Buffer.from(content(serial)).toString("hex"),
        wrap,
        wrappedKey: content(wrapped),
      });
  }

  const iv = known.mode === "cbc" ? cbcIv(parameter) : gcmNonce(parameter);
  // The Go library of ocicrypt writes one OCTET STRING inside of a constructed [0]; openssl a primitive [0].
  const octets = sealed.tag === DER.contextConstructed0 ? inside(sealed) : [sealed];
  const [only, ...more] = octets;
  if (iv === undefined || only === undefined || more.length > 0) return undefined;
  return { recipients, ...known, iv, content: { start: only.start, end: only.end } };

  function cbcIv(element: DerElement): Uint8Array | undefined {
    return element.tag === DER.octets && element.end - element.start === 16 ? content(element) : undefined;
  }

  /** RFC 5084's SEQUENCE of an OCTET STRING; or ocicrypt's: another SEQUENCE in one that calls itself primitive. */
  function gcmNonce(element: DerElement): Uint8Array | undefined {
    const [first] = inside(element);
    const nonce = first?.tag === DER.sequence ? inside(first)[0] : first;
    const isNonce = nonce?.tag === DER.octets || nonce?.tag === DER.context4;
    return nonce && isNonce && nonce.end - nonce.start === 12 ? content(nonce) : undefined;
  }
}

function wrapOf(
  [algorithm, parameters]: readonly DerElement[],
  oid: (element: DerElement | undefined) => string,
  inside: (element: DerElement | undefined) => readonly DerElement[],
): CmsRecipient["wrap"] | undefined {
  if (oid(algorithm) === OID.rsa) return "pkcs1";
  if (oid(algorithm) !== OID.oaep) return undefined;
  const hash = inside(parameters).find(({ tag }) => tag === DER.contextConstructed0);
  return hash === undefined ? "oaep-sha1" : HASHES[oid(inside(inside(hash)[0])[0])];
}
