// Where keys come from and what kinds there are.
export { forgetKey, keysOfKind, passphrase } from "./key.ts";
export type {
  AgeKey,
  GpgAgent,
  Key,
  KeyBroker,
  KeyKind,
  KeyProvider,
  OpenPgpKey,
  Passphrase,
  RawKey,
} from "./key.ts";
export { loadKeyFile, parseKeys } from "./key-file.ts";
export { loadKey, parseJwk, parseKey } from "./private-key.ts";
export type { EcKey, PrivateKey, RsaKey } from "./private-key.ts";
