// encode: crit's JSON back into images, as `crit encode` does.
export { encodeImage } from "./image.ts";
export { parseJson } from "./json-reader.ts";
export type { JsonObject, JsonValue } from "./json-reader.ts";
export { encodeErrors } from "./errors.ts";
export { integerRange, writeField, writeScalar } from "./scalars.ts";
export type { ScalarValue } from "./scalars.ts";
export { base64Bytes, parseInteger, parseIntegerText } from "./values.ts";
export { WireWriter } from "./wire-writer.ts";
