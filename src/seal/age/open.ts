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
  const need = needOf(kinds);
  const usable = kinds.includes("scrypt") ? keysOfKind(keys, "passphrase") : keysOfKind(keys, "age");
  if (usable.length === 0) throw sealErrors.keyNeeded(file, need);
  const { Decrypter } = await import("./library.ts");
  for (const key of usable) {
    const decrypter = new Decrypter();
    if (key.kind === "passphrase")
      decrypter.addIdentity({
        unwrapFileKey: (stanzas: readonly Stanza[]) => openScrypt(stanzas, key.bytes, file),
      });
    else for (const identity of key.identities) addIdentity(decrypter, identity, key.name);
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

function needOf(kinds: readonly string[]): KeyNeed {
  if (kinds.includes("scrypt")) return { sealed: "with age and a passphrase", give: "Give the passphrase." };
  const known = [...new Set(kinds)].filter((kind) => !kind.endsWith("-grease"));
  return {
    sealed: `with age, for recipients of the kind ${known.join(", ")}`,
    give: "Give the identity file (AGE-SECRET-KEY-1…) of one of its recipients.",
  };
}
