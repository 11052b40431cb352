// seal: opening sealed checkpoints (CRIUsec first), and where their keys come from.
export { loadKey, parseKey } from "./privateKey.ts";
export type { PrivateKey } from "./privateKey.ts";
export { CIPHER_IMAGE, readCipher } from "./cipherImage.ts";
export type { Cipher } from "./cipherImage.ts";
export { openSealedLayer, sealState } from "./layer.ts";
export type { SealState } from "./layer.ts";
export type { LayerSeal } from "./layerSeal.ts";
export { sealErrors } from "./errors.ts";
