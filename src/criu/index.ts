// criu: the format of CRIU's image files: magic table, framing, schema, decoding with spans, crit's JSON.
export type * from "./model.ts";
export type * from "./schema.ts";
export type { ImageSeal } from "./seal.ts";
