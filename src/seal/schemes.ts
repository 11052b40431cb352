// Every way in which a checkpoint's archive is sealed. A new scheme is a file (or folder) of its own and a row here.
import { entropyOf } from "../bytes/index.ts";
import type { FileTree } from "../archive/index.ts";
import type { ByteSource } from "../bytes/index.ts";
import { isAgeFile } from "./age/index.ts";
import { isEnveloped } from "./cms/index.ts";
import { sealErrors } from "./errors.ts";
import type { Key } from "./keys/index.ts";
import { openAge, openCms, openOpensslEnc, openPgp, openSealedLayout } from "./lazily.ts";
import { hasSealedLayers } from "./ocicrypt/index.ts";
import type { OpenedSource, OpenSealedOptions } from "./opened.ts";
import { isPgpMessage } from "./openpgp/index.ts";
import { isOpensslEnc } from "./openssl-enc/index.ts";

/** A file that is sealed as a whole. */
export interface FileScheme {
  readonly id: string;
  /** As people call it. */
  readonly name: string;
  /** Told by the first 4 KiB of the file, never by its name. */
  matches(head: Uint8Array): boolean;
  /** Throws `seal.keyNeeded`, `seal.wrongKey`, `seal.damaged`, `seal.unsupported`, … */
  open(
    sealed: ByteSource,
    file: string,
    keys: readonly Key[],
    options: OpenSealedOptions,
  ): Promise<OpenedSource>;
}

const HEAD = 4096;

function startsWith(text: string): (head: Uint8Array) => boolean {
  const bytes = Buffer.from(text, "latin1");
  return (head) => bytes.every((byte, at) => head[at] === byte);
}

/** A scheme that another program has to open: what it is, and what to do. */
function external(
  id: string,
  name: string,
  next: string,
  matches: (head: Uint8Array) => boolean,
): FileScheme {
  return { id, name, matches, open: (_, file) => Promise.reject(sealErrors.unsupported(file, name, next)) };
}

/** In this order: those with a sure mark first. */
const FILE_SCHEMES: readonly FileScheme[] = [
  { id: "age", name: "age", matches: isAgeFile, open: openAge },
  { id: "openssl-enc", name: "openssl enc", matches: isOpensslEnc, open: openOpensslEnc },
  external(
    "luks",
    "a LUKS volume",
    "Unlock it with `cryptsetup open FILE NAME`, mount /dev/mapper/NAME, and open the folder.",
    startsWith("LUKS\xba\xbe"),
  ),
  external(
    "vault",
    "sealed with HashiCorp Vault (transit)",
    "Open it with `vault write transit/decrypt/KEY ciphertext=@FILE`; its answer is base64.",
    startsWith("vault:v"),
  ),
  external(
    "ansible-vault",
    "sealed with Ansible Vault",
    "Open it with `ansible-vault decrypt --output checkpoint.tar FILE`.",
    startsWith("$ANSIBLE_VAULT;"),
  ),
  external(
    "sops",
    "sealed with SOPS",
    "Open it with `sops --decrypt --output checkpoint.tar FILE`.",
    (head) => Buffer.from(head).includes("ENC[AES256_GCM,data:"),
  ),
  external(
    "cms-pem",
    "CMS or PKCS#7 as text",
    "Turn it into DER with `openssl cms -cmsout -inform PEM -in FILE -outform DER -out FILE.der`, and open that.",
    (head) => /^-----BEGIN (?:CMS|PKCS7)-----/.test(Buffer.from(head.subarray(0, 32)).toString("latin1")),
  ),
  { id: "cms", name: "CMS (PKCS#7)", matches: isEnveloped, open: openCms },
  // Last, because the mark of its binary form is the weakest.
  { id: "openpgp", name: "OpenPGP", matches: isPgpMessage, open: openPgp },
];

/** The scheme of a file; undefined for one that is not sealed as a whole, or in no way that is known. */
export async function sealSchemeOf(source: ByteSource): Promise<FileScheme | undefined> {
  const head = await source.read(0, HEAD);
  return FILE_SCHEMES.find(({ matches }) => matches(head));
}

/**
 * Opens a file that is sealed as a whole: its plaintext, to be given to `openNested`. undefined when it is not sealed in
 * a known way. `source` stays the caller's and must stay open. Throws what the scheme's `open` throws.
 */
export async function openSealed(
  source: ByteSource,
  file: string,
  keys: readonly Key[],
  options: OpenSealedOptions = {},
): Promise<OpenedSource | undefined> {
  const scheme = await sealSchemeOf(source);
  return scheme?.open(source, file, keys, options);
}

/** A tree of files of which some are sealed. */
export interface TreeScheme {
  readonly id: string;
  readonly name: string;
  matches(tree: FileTree): Promise<boolean>;
  /** The tree with everything open; closing it leaves the sealed one open. */
  open(
    tree: FileTree,
    keys: readonly Key[],
    options: { readonly signal?: AbortSignal },
  ): Promise<{ readonly tree: FileTree; readonly openedBy: readonly string[] }>;
}

/** Layers of images that CRIU itself sealed are opened one by one, by `openSealedLayer`. */
export const TREE_SCHEMES: readonly TreeScheme[] = [
  {
    id: "ocicrypt",
    name: "encrypted container image",
    matches: hasSealedLayers,
    open: openSealedLayout,
  },
];

/** Bytes that look like noise, though nothing says what they are: above this many bits a byte. */
const NOISE = 7.9;

/** Whether a file that nobody recognises is probably sealed: no pattern at its beginning, nor in its middle. */
export async function looksSealed(source: ByteSource): Promise<boolean> {
  if (source.size < HEAD) return false;
  for (const offset of [0, Math.floor(source.size / 2)]) {
    const bytes = await source.read(offset, 4 * HEAD);
    const counts = new Uint32Array(256);
    for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
    // Of few bytes even noise has less than 8 bits each: Miller's and Madow's correction.
    if (entropyOf(counts, bytes.length) + 255 / (2 * Math.LN2 * bytes.length) < NOISE) return false;
  }
  return true;
}
