// seal: opening sealed checkpoints in every scheme that people use, sealing them again, and the keys for both.
export { forgetKey, keysOfKind, loadKey, parseJwk, parseKey, passphrase } from "./keys/index.ts";
export {
  loadKeyFile,
  openSealedLayer,
  parseKeys,
  readRecipients,
  sealAndRemove,
  sealCopy,
  unsealCopy,
} from "./lazily.ts";
export type { SealTarget } from "./copy/recipients.ts";
export type { CopyOptions, CopyResult } from "./copy/seal-copy.ts";
export { isAgeRecipient, targetNames, UNSEAL_WARNING } from "./copy/words.ts";
export type {
  AgeKey,
  EcKey,
  GpgAgent,
  Key,
  KeyBroker,
  KeyKind,
  KeyProvider,
  OpenPgpKey,
  Passphrase,
  PrivateKey,
  RawKey,
  RsaKey,
} from "./keys/index.ts";
export { CIPHER_IMAGE, readCipher } from "./criusec/cipher-image.ts";
export type { Cipher } from "./criusec/cipher-image.ts";
export { sealState } from "./criusec/layer.ts";
export type { SealState } from "./criusec/layer.ts";
export type { LayerSeal } from "./criusec/layer-seal.ts";
export { looksSealed, openSealed, sealSchemeOf, TREE_SCHEMES } from "./schemes.ts";
export type { FileScheme, TreeScheme } from "./schemes.ts";
export { isSealedLayer, openOciLayer } from "./ocicrypt/index.ts";
export type { OpenedLayer, SealedLayerDescriptor } from "./ocicrypt/index.ts";
export type { OpenedSource, OpenSealedOptions } from "./opened.ts";
export { sealErrors } from "./errors.ts";
export type { KeyNeed } from "./errors.ts";
export { verifyLayer } from "./criusec/verify-layer.ts";
export type { BrokenRecord, LayerVerdict } from "./criusec/verify-layer.ts";
export { verifyPages } from "./criusec/verify-pages.ts";
export type { PagesVerdict, VerifyOptions } from "./criusec/verify-pages.ts";
export { parseRecipient } from "./criusec/recipient.ts";
export type { CriuRecipient } from "./criusec/recipient.ts";
export { sealLayer } from "./criusec/seal-layer.ts";
export type { SealedFile, SealRandom } from "./criusec/seal-layer.ts";
export { unsealImage } from "./criusec/unseal-image.ts";
export { openSealedTree } from "./open-tree.ts";
export type { SealedTreeOptions } from "./open-tree.ts";
