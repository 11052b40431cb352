export { ed25519Key } from "./ed25519-key.ts";
export type { Ed25519Key } from "./ed25519-key.ts";
export { isOpenSshKey, parseOpenSshKey } from "./open-ssh-key.ts";
export { mpint, sshReader, sshStrings, unsigned } from "./wire.ts";
export { montgomeryPoint, x25519, x25519PublicKey } from "./x25519.ts";
