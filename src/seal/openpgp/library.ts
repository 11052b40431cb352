// The one file that imports the library, which is large: bundled apart, and loaded when the first message is opened.
export { decrypt, decryptKey, decryptSessionKeys, readMessage, readPrivateKeys } from "openpgp";
export type { Message, PrivateKey } from "openpgp";
