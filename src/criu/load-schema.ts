import data from "./generated/schema.json" with { type: "json" };
import type { Schema } from "./schema.ts";

/** CRIU's wire schema: every message, enum and table of `proto/`. */
// scripts/proto.ts writes the file from a value of this type; the type TypeScript reads out of the JSON is wider.
export const criuSchema = data as unknown as Schema;
