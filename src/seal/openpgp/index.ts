export { isPgpMessage } from "./recognise.ts";
export { openPgp, openSmallPgp } from "./open.ts";
export { unlockSecretKeys } from "./secret-keys.ts";
