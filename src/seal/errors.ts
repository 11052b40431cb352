import { cryoscopeError, type CryoscopeError, type Place } from "../bytes/index.ts";

const GIVE_KEY = "Give the RSA private key that belongs to the certificate it was dumped with.";

/** The errors of this floor. None carries a secret: neither key bytes, nor passphrases, nor plaintext. */
export const sealErrors = {
  keyNeeded: (file: string): CryoscopeError =>
    cryoscopeError("seal.keyNeeded", "This checkpoint is sealed for an RSA key, and no key was given.", {
      file,
      next: GIVE_KEY,
    }),
  wrongKey: (file: string, tried: readonly string[]): CryoscopeError =>
    cryoscopeError(
      "seal.wrongKey",
      tried.length === 1
        ? `The key ${tried.join()} does not open this checkpoint.`
        : `None of the keys ${tried.join(", ")} opens this checkpoint.`,
      { file, next: GIVE_KEY },
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
    cryoscopeError("seal.notAKey", `This is ${found}, not an RSA private key.`, {
      file,
      next: "Choose the private key, as PEM or DER in PKCS#1 or PKCS#8 form.",
    }),
  notRsa: (file: string, kind: string): CryoscopeError =>
    cryoscopeError("seal.notRsa", `This private key is of the kind "${kind}", not RSA.`, {
      file,
      next: "CRIU seals checkpoints for RSA keys only; choose the one that belongs to the certificate.",
    }),
  recordBroken: (place: Place): CryoscopeError =>
    cryoscopeError(
      "seal.recordBroken",
      "A sealed record is not authentic: it was changed or damaged.",
      place,
    ),
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
