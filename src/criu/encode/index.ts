// encode: crit's JSON back into images, as `crit encode` does.
export { encodeImage } from "./image.ts";
export { parseJson } from "./json-reader.ts";
export type { JsonObject, JsonValue } from "./json-reader.ts";
export { encodeErrors } from "./errors.ts";
