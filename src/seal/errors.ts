import { cryoscopeError, type CryoscopeError, type Place } from "../bytes/index.ts";

const GIVE_KEY = "Give the RSA private key that belongs to the certificate it was dumped with.";

const PLUGIN_NEXT = "Open it with `age -d -i IDENTITY -o checkpoint.tar FILE`, and open what comes out.";

/** Names of files stay as they are; "the passphrase in FILE" begins a sentence. */
function capital(name: string): string {
  return /^(?:an?|the|passphrase) /.test(name) ? `${name.charAt(0).toUpperCase()}${name.slice(1)}` : name;
}

/** What opens a seal, for the person who has to find it. */
export interface KeyNeed {
  /** Completes "This is sealed …": `with age, for an X25519 recipient`. */
  readonly sealed: string;
  /** What to give, one sentence. */
  readonly give: string;
}

const CRIU_NEED: KeyNeed = { sealed: "for an RSA key", give: GIVE_KEY };

/** A sentence as part of another. */
const withoutStop = (why: string): string => why.replace(/\.$/, "");

/** The errors of this floor. None carries a secret: neither key bytes, nor passphrases, nor plaintext. */
export const sealErrors = {
  keyNeeded: (file: string, { sealed, give }: KeyNeed = CRIU_NEED): CryoscopeError =>
    cryoscopeError("seal.keyNeeded", `This checkpoint is sealed ${sealed}, and no key for that was given.`, {
      file,
      next: give,
    }),
  wrongKey: (file: string, tried: readonly string[], { give }: KeyNeed = CRIU_NEED): CryoscopeError =>
    cryoscopeError(
      "seal.wrongKey",
      tried.length === 1
        ? `${capital(tried.join())} does not open this checkpoint.`
        : `None of the keys ${tried.join(", ")} opens this checkpoint.`,
      { file, next: give },
    ),
  passphraseNeeded: (file: string): CryoscopeError =>
    cryoscopeError("seal.passphraseNeeded", "The private key is protected by a passphrase.", {
      file,
      next: "Give its passphrase.",
    }),
  wrongPassphrase: (file: string): CryoscopeError =>
    cryoscopeError("seal.wrongPassphrase", "The passphrase does not open the private key.", {
      file,
      next: "Try the passphrase again.",
    }),
  notAKey: (file: string, found: string): CryoscopeError =>
    cryoscopeError("seal.notAKey", `This is ${found}, not a private key.`, {
      file,
      next: "Choose a private key (PEM, DER, JWK), an age identity, an OpenPGP secret key or a raw key of 32 bytes.",
    }),
  agePluginIdentity: (file: string, plugin: string): CryoscopeError =>
    cryoscopeError(
      "seal.unsupported",
      `This is an identity of the age plugin ${plugin}: the key is in a device or service, not in the file.`,
      { file, next: PLUGIN_NEXT },
    ),
  agePlugin: (file: string, kinds: string): CryoscopeError =>
    cryoscopeError(
      "seal.unsupported",
      `This checkpoint is sealed with age for ${kinds}, which only that plugin of age can open.`,
      { file, next: PLUGIN_NEXT },
    ),
  notRsa: (file: string, kind: string): CryoscopeError =>
    cryoscopeError("seal.notRsa", `This private key is of the kind "${kind}", not RSA.`, {
      file,
      next: "CRIU seals checkpoints for RSA keys only; choose the one that belongs to the certificate.",
    }),
  notARecipient: (found: string): CryoscopeError =>
    cryoscopeError("seal.notARecipient", `This is ${found}: nothing can be sealed for it.`, {
      next: "Give a recipient of age (age1…, ssh-ed25519 …, ssh-rsa …), or the file of one RSA certificate or public key (PEM).",
    }),
  sealedAlready: (file: string): CryoscopeError =>
    cryoscopeError("seal.sealedAlready", "CRIU has sealed these images already.", {
      ...(file !== "" && { file }),
      next: "Seal them as they are for a recipient of age; or unseal them first, and seal what comes out.",
    }),
  unwritable: (file: string, cause: unknown): CryoscopeError =>
    cryoscopeError("seal.unwritable", `The copy cannot be written: ${(cause as Error).message}.`, {
      file,
      cause,
      next: "Choose a place where you may write and where nothing is yet.",
    }),
  plainStays: (file: string, sealed: string, cause: unknown): CryoscopeError =>
    cryoscopeError(
      "seal.plainStays",
      `It is sealed in ${sealed}, but what is plain can't be deleted: ${(cause as Error).message}.`,
      { file, cause, next: `Delete ${file} yourself.` },
    ),
  recordBroken: (place: Place): CryoscopeError =>
    cryoscopeError(
      "seal.recordBroken",
      "A sealed record is not authentic: it was changed or damaged.",
      place,
    ),
  damaged: (place: Place, why: string): CryoscopeError =>
    cryoscopeError("seal.damaged", `The sealed file is damaged: ${withoutStop(why)}.`, {
      ...place,
      next: "Get it again from where it was made.",
    }),
  notUnderstood: (place: Place, why: string): CryoscopeError =>
    cryoscopeError("seal.damaged", `What isn't understood can't be sealed: ${withoutStop(why)}.`, {
      ...place,
      next: "Seal the whole with age instead, for a recipient age1…",
    }),
  notAuthentic: (file: string, what: string): CryoscopeError =>
    cryoscopeError("seal.notAuthentic", `${what} is not authentic: it was changed or damaged.`, {
      file,
      next: "Get it again from where it was made.",
    }),
  unsupported: (file: string, what: string, next: string): CryoscopeError =>
    cryoscopeError("seal.unsupported", `This is ${what}, which cannot be opened in place.`, { file, next }),
  tooCostly: (file: string, what: string): CryoscopeError =>
    cryoscopeError("seal.tooCostly", `To try a passphrase here would take ${what}.`, {
      file,
      next: "If you trust the file, open it with the program that made it.",
    }),
  programFailed: (program: string, why: string): CryoscopeError =>
    cryoscopeError("seal.programFailed", `${program} did not give a key: ${why}.`, {
      next: "Run it by hand to see what it says.",
    }),
  brokerFailed: (name: string, why: string, next: string): CryoscopeError =>
    cryoscopeError("seal.brokerFailed", `The key broker of ${name} did not give a key: ${why}.`, { next }),
  noCipher: (file: string, reason: string): CryoscopeError =>
    cryoscopeError("seal.noCipher", `The keys of this checkpoint cannot be read: ${reason}.`, {
      file,
      next: "Get cipher.img again from where the checkpoint was made.",
    }),
  keysLost: (folder: string): CryoscopeError =>
    cryoscopeError(
      "seal.keysLost",
      "The images are sealed, but cipher.img, which holds their keys, is not there; nobody can open them.",
      {
        file: folder,
        next: "Dump again with an RSA certificate: with any other kind CRIU seals the images and loses the keys.",
      },
    ),
  noPageKey: (file: string): CryoscopeError =>
    cryoscopeError("seal.noPageKey", "The seal of this checkpoint has no key for memory pages.", {
      file,
      next: "Only its other images can be read.",
    }),
  disposed: (): CryoscopeError =>
    cryoscopeError("seal.disposed", "The keys of this checkpoint were forgotten.", {
      next: "Open the checkpoint again.",
    }),
};
