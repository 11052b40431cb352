import { sealErrors } from "../errors.ts";
import type { SealTarget } from "../copy/recipients.ts";
import { sealScrypt } from "./passphrase-identity.ts";
import { parseSshRecipient } from "./ssh-stanzas.ts";

/** Stanzas of a header, made for one file. */
type Wrap = (
  fileKey: Uint8Array,
) => Promise<{ args: string[]; body: Uint8Array }> | { args: string[]; body: Uint8Array };

/**
 * Content sealed with age, binary, as it is read: for recipients (`age1…`, `ssh-ed25519 …`, `ssh-rsa …`), or with a
 * passphrase. Throws `seal.notARecipient`.
 */
export async function sealWithAge(
  target: Exclude<SealTarget, { readonly kind: "criu" }>,
  content: AsyncIterable<Uint8Array>,
): Promise<AsyncIterable<Uint8Array>> {
  const { Encrypter, Stanza } = await import("./library.ts");
  const encrypter = new Encrypter();
  const add = (wrap: Wrap): void => {
    encrypter.addRecipient({
      async wrapFileKey(fileKey) {
        const { args, body } = await wrap(fileKey);
        return [new Stanza(args, body)];
      },
    });
  };
  if (target.kind === "passphrase") {
    const { bytes } = target.passphrase;
    add((fileKey) => sealScrypt(fileKey, bytes));
  } else
    for (const recipient of target.recipients) {
      const ssh = parseSshRecipient(recipient);
      if (ssh) {
        add((fileKey) => ssh.wrap(fileKey));
        continue;
      }
      try {
        encrypter.addRecipient(recipient);
      } catch {
        throw sealErrors.notARecipient(whatItIs(recipient));
      }
    }
  const iterator = content[Symbol.asyncIterator]();
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await iterator.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
  return pieces(await encrypter.encrypt(stream));
}

/** A recipient that the library refused, in words. */
function whatItIs(recipient: string): string {
  if (recipient.startsWith("ssh-"))
    return "a public key of SSH that is damaged, or RSA of less than 2048 bits";
  // Bech32's separator is the last 1.
  const plugin = /^age1(?!pq1)([a-z0-9]+)1[02-9ac-hj-np-z]+$/.exec(recipient)?.[1];
  return plugin === undefined
    ? "no recipient of age, or one that was copied wrongly"
    : `a recipient of the age plugin ${plugin}, which only age itself can seal for`;
}

async function* pieces(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}
