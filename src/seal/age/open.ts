import { CryoscopeError } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { base64Lines } from "../base64-lines.ts";
import { sealErrors } from "../errors.ts";
import type { KeyNeed } from "../errors.ts";
import { keysOfKind } from "../keys/key.ts";
import type { Key } from "../keys/key.ts";
import type { OpenedSource } from "../opened.ts";
import { openScrypt } from "./passphrase-identity.ts";
import type { Stanza } from "./passphrase-identity.ts";
import { openSshStanzas } from "./ssh-stanzas.ts";
import { agePayload } from "./stream.ts";

const INTRO = "age-encryption.org/";
const ARMOR_BEGIN = "-----BEGIN AGE ENCRYPTED FILE-----";
const ARMOR_END = "-----END AGE ENCRYPTED FILE-----";
/** White space around armor, with its first and last line. */
const MAX_BLANK = 2048;
/** Hundreds of recipients have room in it. */
const MAX_HEADER = 1 << 20;

/** Whether a file that begins like this is age's, binary or armored. */
export function isAgeFile(head: Uint8Array): boolean {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, MAX_BLANK)).toString("latin1");
  return text.startsWith(INTRO) || text.trimStart().startsWith(ARMOR_BEGIN);
}

/**
 * Opens an age file with the first of the identities and passphrases that fits. `sealed` stays the caller's. Throws
 * `seal.keyNeeded`, `seal.wrongKey`, `seal.damaged`, `seal.tooCostly`, `seal.recordBroken`.
 */
export async function openAge(sealed: ByteSource, file: string, keys: readonly Key[]): Promise<OpenedSource> {
  const binary = await withoutArmor(sealed, file);
  const header = await readHeader(binary, file);
  const kinds = stanzaKinds(header);
  const need = needOf(kinds, file);
  const usable = kinds.includes("scrypt")
    ? keysOfKind(keys, "passphrase")
    : keysOfKind(keys, "age", ...SSH_KEYS.filter((kind) => kinds.includes(STANZA_OF[kind])));
  if (usable.length === 0) throw sealErrors.keyNeeded(file, need);
  const { Decrypter } = await import("./library.ts");
  for (const key of usable) {
    const decrypter = new Decrypter();
    if (key.kind === "passphrase")
      decrypter.addIdentity({
        unwrapFileKey: (stanzas: readonly Stanza[]) => openScrypt(stanzas, key.bytes, file),
      });
    else if (key.kind === "age")
      for (const identity of key.identities) addIdentity(decrypter, identity, key.name);
    else
      decrypter.addIdentity({ unwrapFileKey: (stanzas: readonly Stanza[]) => openSshStanzas(stanzas, key) });
    const fileKey = await tryHeader(decrypter, header, file);
    if (fileKey === undefined) continue;
    const source = await agePayload(binary, header.length, fileKey, file);
    return { source, openedBy: key.name, notes: [] };
  }
  throw sealErrors.wrongKey(
    file,
    usable.map(({ name }) => name),
    need,
  );
}

function addIdentity(decrypter: { addIdentity(text: string): void }, identity: string, name: string): void {
  try {
    decrypter.addIdentity(identity);
  } catch {
    // The library's message would repeat the identity.
    throw sealErrors.notAKey(name, "a damaged age identity");
  }
}

/** undefined when none of its identities is meant. Throws `seal.damaged` for a header that one fits and is wrong. */
async function tryHeader(
  decrypter: { decryptHeader(header: Uint8Array): Promise<Uint8Array> },
  header: Uint8Array,
  file: string,
): Promise<Uint8Array | undefined> {
  try {
    return await decrypter.decryptHeader(header);
  } catch (error) {
    if (error instanceof CryoscopeError) throw error;
    const why = error instanceof Error ? error.message : "";
    if (/no identity matched/.test(why)) return undefined;
    throw sealErrors.damaged(
      { file },
      /MAC/i.test(why) ? "its header was changed" : "its header is against age's rules",
    );
  }
}

async function withoutArmor(sealed: ByteSource, file: string): Promise<ByteSource> {
  const head = Buffer.from(await sealed.read(0, MAX_BLANK)).toString("latin1");
  const begin = head.length - head.trimStart().length;
  if (!head.startsWith(ARMOR_BEGIN, begin)) return sealed;
  const textBegin = begin + ARMOR_BEGIN.length;
  const lineEnd = /^\r?\n/.exec(head.slice(textBegin))?.[0];
  const tailAt = Math.max(0, sealed.size - MAX_BLANK);
  const tail = Buffer.from(await sealed.read(tailAt, MAX_BLANK)).toString("latin1");
  const end = tail.lastIndexOf(ARMOR_END);
  if (lineEnd === undefined || end < 0) throw sealErrors.damaged({ file }, "its armor is not whole");
  if (tail.slice(end + ARMOR_END.length).trim() !== "")
    throw sealErrors.damaged({ file, offset: tailAt + end }, "something follows its armor");
  // Without the line break before the last line.
  const textEnd = tailAt + (/\r?\n$/.exec(tail.slice(0, end))?.index ?? end);
  return base64Lines(sealed, textBegin + lineEnd.length, textEnd, file, { strict: true });
}

/** The header with its MAC and last line break. */
async function readHeader(sealed: ByteSource, file: string): Promise<Buffer> {
  const bytes = Buffer.from(await sealed.read(0, MAX_HEADER));
  const mac = bytes.indexOf("\n--- ");
  const end = mac < 0 ? -1 : bytes.indexOf("\n", mac + 1);
  if (end < 0 || bytes.toString("latin1", 0, 22) !== "age-encryption.org/v1\n")
    throw sealErrors.damaged({ file }, "its header is not whole, or of a newer version of age");
  return bytes.subarray(0, end + 1);
}

function stanzaKinds(header: Buffer): readonly string[] {
  return [...header.toString("latin1").matchAll(/^-> ([\x21-\x7e]{1,64})/gm)].map(([, kind = ""]) => kind);
}

/** Kinds of keys beside age's own, and the stanza that each of them opens. */
const SSH_KEYS = ["ed25519", "rsa"] as const;
const STANZA_OF = { ed25519: "ssh-ed25519", rsa: "ssh-rsa" } as const;

/** What opens the stanzas of each kind that needs no plugin. */
const GIVE: Readonly<Record<string, string>> = {
  X25519: "the identity file (AGE-SECRET-KEY-1…)",
  mlkem768x25519: "the identity file (AGE-SECRET-KEY-PQ-1…)",
  "ssh-ed25519": "the Ed25519 key of SSH (such as ~/.ssh/id_ed25519)",
  "ssh-rsa": "the RSA key of SSH (such as ~/.ssh/id_rsa)",
};

/** Stanzas of plugins that people use; the device or service behind them has to open these. */
const PLUGINS: Readonly<Record<string, string>> = {
  "piv-p256": "a YubiKey or Secure Enclave (age-plugin-yubikey, age-plugin-se)",
  p256tag: "a hardware key (p256tag)",
  mlkem768p256tag: "a hardware key (mlkem768p256tag)",
  "tpm-ecc": "a TPM (age-plugin-tpm)",
  "fido2-hmac": "a FIDO2 token (age-plugin-fido2-hmac)",
};

/** Throws `seal.unsupported` when every recipient is one of a plugin. */
function needOf(kinds: readonly string[], file: string): KeyNeed {
  if (kinds.includes("scrypt")) return { sealed: "with age and a passphrase", give: "Give the passphrase." };
  const known = [...new Set(kinds)].filter((kind) => !kind.endsWith("-grease"));
  const plugins = known.flatMap((kind) => PLUGINS[kind] ?? []);
  if (plugins.length > 0 && plugins.length === known.length)
    throw sealErrors.agePlugin(file, plugins.join(" and "));
  const give = [...new Set(known.flatMap((kind) => GIVE[kind] ?? []))];
  return {
    sealed: `with age, for recipients of the kind ${known.join(", ")}`,
    give: `Give ${give.length === 0 ? "the identity file (AGE-SECRET-KEY-1…)" : give.join(", or ")} of one of its recipients.`,
  };
}
