import { HostError } from "./rpc.ts";

/** What `sealErrors` says where another key would do. */
const WANTS_KEY: readonly string[] = [
  "seal.keyNeeded",
  "seal.wrongKey",
  "seal.passphraseNeeded",
  "seal.wrongPassphrase",
];

/** Whether nothing is wrong with what was to be shown: it is sealed, and the key for it wasn't given yet. */
export const wantsKey = (error: unknown): boolean =>
  error instanceof HostError && WANTS_KEY.includes(error.code);
