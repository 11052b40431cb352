export { hasSealedLayers, openSealedLayout } from "./layout.ts";
export type { UnsealedLayout } from "./layout.ts";
export { openOciLayer } from "./layer.ts";
export type { OpenedLayer } from "./layer.ts";
export { isSealedLayer } from "./annotations.ts";
export type { SealedLayerDescriptor } from "./annotations.ts";
