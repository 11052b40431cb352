// seal: opening sealed checkpoints (CRIUsec first), and where their keys come from.
export { loadKey, parseKey } from "./private-key.ts";
export type { PrivateKey } from "./private-key.ts";
export { CIPHER_IMAGE, readCipher } from "./cipher-image.ts";
export type { Cipher } from "./cipher-image.ts";
export { openSealedLayer, sealState } from "./layer.ts";
export type { SealState } from "./layer.ts";
export type { LayerSeal } from "./layer-seal.ts";
export { sealErrors } from "./errors.ts";
