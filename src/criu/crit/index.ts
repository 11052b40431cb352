// crit: images as the JSON that CRIU's own tool prints, so that whoever reads crit's output can read ours.
export { critDirect } from "./direct.ts";
export { critJson, critPieces } from "./image.ts";
export type { CritOptions } from "./image.ts";
export { critMessage } from "./message.ts";
export { critRows } from "./extras.ts";
export { jsonParts } from "./json.ts";
export type { CritValue } from "./json.ts";
