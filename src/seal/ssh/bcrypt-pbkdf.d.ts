declare module "bcrypt-pbkdf" {
  /** Fills `key`; 0 when it could. Blocks: about 6 ms a round. */
  export function pbkdf(
    passphrase: Uint8Array,
    passphraseLength: number,
    salt: Uint8Array,
    saltLength: number,
    key: Uint8Array,
    keyLength: number,
    rounds: number,
  ): number;
}
