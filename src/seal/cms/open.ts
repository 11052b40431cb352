import { randomBytes } from "node:crypto";
import { sliceSource } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { cbcSource } from "../cbc-source.ts";
import { bestCiphers } from "../ciphers/index.ts";
import { sealErrors } from "../errors.ts";
import { keysOfKind } from "../keys/key.ts";
import type { Key } from "../keys/key.ts";
import type { RsaKey } from "../keys/private-key.ts";
import { isKnownContent } from "../known-content.ts";
import type { OpenedSource } from "../opened.ts";
import { readEnveloped } from "./enveloped.ts";
import type { CmsRecipient, Enveloped } from "./enveloped.ts";

/** What comes before the content: thousands of recipients. */
const MAX_HEAD = 1 << 20;

const needOf = ({ recipients }: Enveloped) => {
  const serials = recipients.map(({ serial }) => serial).filter((serial) => serial !== undefined);
  return {
    sealed: "with CMS (PKCS#7)",
    give: `Give the RSA private key of the certificate with the serial number ${serials.join(" or ")}.`,
  };
};

/**
 * Opens what `openssl cms -encrypt` (or `smime`) wrote in DER with AES-CBC. Its content is not authenticated: a wrong
 * key is told by padding and content. Throws `seal.keyNeeded`, `seal.wrongKey`, `seal.unsupported`.
 */
export async function openCms(sealed: ByteSource, file: string, keys: readonly Key[]): Promise<OpenedSource> {
  const head = await sealed.read(0, MAX_HEAD);
  const enveloped = readEnveloped(head, sealed.size);
  if (enveloped?.mode !== "cbc")
    throw sealErrors.unsupported(
      file,
      "CMS of a form that isn't known here",
      "Open it with `openssl cms -decrypt -inform DER -inkey KEY -in FILE -out checkpoint.tar`.",
    );
  const rsaKeys = keysOfKind(keys, "rsa");
  if (rsaKeys.length === 0) throw sealErrors.keyNeeded(file, needOf(enveloped));
  const { start, end } = enveloped.content;
  const body = sliceSource(sealed, start, end - start);
  for (const key of rsaKeys)
    for (const recipient of enveloped.recipients) {
      const source = await cbcSource(body, contentKey(key, recipient, enveloped), enveloped.iv, file);
      if (source && isKnownContent(await source.read(0, 512)))
        return { source, openedBy: key.name, notes: ["Sealed with CMS, which would not notice a change."] };
      await source?.close?.();
    }
  throw sealErrors.wrongKey(
    file,
    rsaKeys.map(({ name }) => name),
    needOf(enveloped),
  );
}

/** Opens EnvelopedData that is in memory, with AES-GCM: how ocicrypt wraps keys. undefined when no key fits. */
export function openSmallCms(
  bytes: Uint8Array,
  keys: readonly Key[],
): { readonly plaintext: Uint8Array; readonly openedBy: string } | undefined {
  const enveloped = readEnveloped(bytes, bytes.length);
  if (enveloped?.mode !== "gcm") return undefined;
  const { start, end } = enveloped.content;
  if (end > bytes.length || end - start < 16) return undefined;
  const { gcm } = bestCiphers();
  for (const key of keysOfKind(keys, "rsa"))
    for (const recipient of enveloped.recipients) {
      const cek = contentKey(key, recipient, enveloped);
      const plaintext = gcm(
        cek,
        enveloped.iv,
        bytes.subarray(start, end - 16),
        bytes.subarray(end - 16, end),
      );
      cek.fill(0);
      if (plaintext) return { plaintext, openedBy: key.name };
    }
  return undefined;
}

/** A key that wasn't wrapped for this one becomes a random one: what happens then is the same as with a wrong content. */
function contentKey(key: RsaKey, { wrap, wrappedKey }: CmsRecipient, { keyLength }: Enveloped): Uint8Array {
  const random = randomBytes(keyLength);
  const unwrapped =
    wrap === "pkcs1" ? key.unwrap(wrappedKey, keyLength) : key.unwrapOaep(wrappedKey, OAEP_HASHES[wrap]);
  return unwrapped?.length === keyLength ? unwrapped : random;
}

const OAEP_HASHES = {
  "oaep-sha1": "sha1",
  "oaep-sha256": "sha256",
  "oaep-sha384": "sha384",
  "oaep-sha512": "sha512",
} as const;
