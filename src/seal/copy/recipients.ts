import { readFile, stat } from "node:fs/promises";
import { sealWithAge } from "../age/seal.ts";
import { parseRecipient } from "../criusec/recipient.ts";
import type { CriuRecipient } from "../criusec/recipient.ts";
import { sealErrors } from "../errors.ts";
import type { Passphrase } from "../keys/key.ts";
import { isAgeRecipient } from "./words.ts";

/** For whom a copy is sealed, and so in which scheme. */
export type SealTarget =
  /** An archive that `age -d` opens; recipients as `age -r` takes them. */
  | { readonly kind: "age"; readonly recipients: readonly string[] }
  /** An archive that `age -d` opens with a passphrase. */
  | { readonly kind: "passphrase"; readonly passphrase: Passphrase }
  /** A folder of images as `criu dump --encrypt` writes them. */
  | { readonly kind: "criu"; readonly recipient: CriuRecipient };

const MAX_RECIPIENTS_FILE = 1 << 20;
/**
 * The target that a person means: `age1…`, `ssh-ed25519 …`, `ssh-rsa …`, a file of such lines, or one file of an RSA
 * certificate or public key (PEM). Throws `seal.notARecipient`.
 */
export async function readRecipients(words: readonly string[]): Promise<SealTarget> {
  const age: string[] = [];
  const criu: CriuRecipient[] = [];
  for (const word of words) {
    if (isAgeRecipient(word)) {
      age.push(word);
      continue;
    }
    const found = await stat(word).catch(() => undefined);
    if (found?.isFile() !== true || found.size > MAX_RECIPIENTS_FILE)
      throw sealErrors.notARecipient(`neither an age recipient nor a file (${JSON.stringify(word)})`);
    const text = await readFile(word, "utf8");
    const lines = text.split(/\r?\n/).filter(isAgeRecipient);
    if (lines.length > 0) age.push(...lines);
    else criu.push(parseRecipient(text, word));
  }
  const [certificate, ...others] = criu;
  if (certificate === undefined) {
    if (age.length === 0) throw sealErrors.notARecipient("nobody");
    const target = { kind: "age", recipients: age } as const;
    // Here and not when there is something to seal: then it may be too late to ask for another one.
    await sealWithAge(target, nothing());
    return target;
  }
  if (age.length > 0) throw sealErrors.notARecipient("a certificate beside recipients of age");
  if (others.length > 0)
    throw sealErrors.notARecipient("more than one certificate, and CRIU seals for one alone");
  return { kind: "criu", recipient: certificate };
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // Sealing it tries the recipients.
}
