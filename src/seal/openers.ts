// What only sealed files need, ciphers and all: a bundle of its own (scripts/build.ts), loaded by `lazily.ts`.
export { openAge } from "./age/open.ts";
export { openCms } from "./cms/open.ts";
export { sealAndRemove } from "./copy/seal-and-remove.ts";
export { sealCopy } from "./copy/seal-copy.ts";
export { unsealCopy } from "./copy/unseal-copy.ts";
export { readRecipients } from "./copy/recipients.ts";
export { openSealedLayer } from "./criusec/layer.ts";
export { loadKeyFile, parseKeys } from "./keys/key-file.ts";
export { openSealedLayout } from "./ocicrypt/layout.ts";
export { openOpensslEnc } from "./openssl-enc/open.ts";
export { openPgp } from "./openpgp/open.ts";
