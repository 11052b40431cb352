// criu: the format of CRIU's image files: magic table, framing, schema, decoding with spans, crit's JSON.
export type * from "./model.ts";
export type * from "./schema.ts";
export type { ImageSeal, PageDesk } from "./seal.ts";
export { criuSchema } from "./load-schema.ts";
export { criuSchemas, indexSchema } from "./schema-index.ts";
export type { SchemaIndex } from "./schema-index.ts";
export { IMAGE_TYPES } from "./image-types.ts";
export {
  COMMON_MAGIC,
  imageIds,
  imageTypeByMagic,
  imageTypeByName,
  imageTypeNamed,
  INVENTORY_MAGIC,
  looksLikeImage,
  SERVICE_MAGIC,
} from "./image-lookup.ts";
export { openImage } from "./framing.ts";
export { isBigEndian } from "./header.ts";
export { hintBeside, hintOfInventory, INVENTORY_IMAGE } from "./compression.ts";
export type { ShapeHint } from "./shapes.ts";
export type { OpenImageOptions } from "./framing.ts";
export { decodeMessage } from "./wire.ts";
export { isUndecoded } from "./wire-nodes.ts";
export { payloadPath } from "./records.ts";
export { rawContent } from "./raw/index.ts";
export { entrySpans, imageSpanBatches, imageSpans } from "./spans.ts";
export { decodeAs, readEntries, readEntry, toPlain } from "./plain-object.ts";
export type { MessageName, Report } from "./plain-object.ts";
export * from "./generated/messages.ts";
export { PAGEMAP_FLAGS, pagemapRange } from "./pagemap.ts";
export type { PagemapRange } from "./pagemap.ts";
export { pageSizeOf } from "./page-size.ts";
export { lastField, numberField } from "./fields.ts";
export { criuErrors, criuProblems } from "./errors.ts";
export { critDirect, critJson, critPieces, critMessage, critRows, jsonParts } from "./crit/index.ts";
export type { CritOptions, CritValue } from "./crit/index.ts";
export * from "./explain/index.ts";
export * from "./meaning/index.ts";
export { encodeErrors, encodeImage } from "./encode/index.ts";
export * from "./references/index.ts";
export type { ScalarValue } from "./encode/index.ts";
export {
  addableFields,
  checkEditable,
  editErrors,
  editImage,
  fieldForm,
  fieldText,
  NO_EDITS,
  parseFieldText,
  redoEdit,
  undoEdit,
  withEdit,
} from "./edit/index.ts";
export type { Change, Edit, EditedImage, EditLog, FieldForm, OldField } from "./edit/index.ts";
