import type { SealTarget } from "./recipients.ts";

/** Said to the person before plaintext is written, after the name of the folder. */
export const UNSEAL_WARNING =
  "will hold everything in clear: what was in the memory of the processes, secrets too. Delete it when you are done.";

const AGE_RECIPIENT = /^(?:age1[0-9a-z]+|ssh-(?:ed25519|rsa) [A-Za-z0-9+/=]+(?: .*)?)$/;

/** Whether the text is one recipient of age: `age1…`, or a public key of OpenSSH. */
export function isAgeRecipient(text: string): boolean {
  return AGE_RECIPIENT.test(text);
}

/** For people and records: recipients of age as they are, a certificate by its file's name. */
export function targetNames(target: SealTarget): readonly string[] {
  if (target.kind === "age") return target.recipients;
  return [target.kind === "criu" ? target.recipient.name : target.passphrase.name];
}
