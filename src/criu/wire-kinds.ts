// What fields of one number and wire type have in common is made once, not for each field.
import type { FieldSchema } from "./schema.ts";
import type { FieldKind } from "./wire-nodes.ts";
import { isNumeric, scalarWireType } from "./wire-values.ts";

/** Kinds of known fields, which have one of two wire types. */
const knownKinds = new WeakMap<FieldSchema, FieldKind>();
const packedKinds = new WeakMap<FieldSchema, FieldKind>();

/** A known field with the wire type that it has here. */
export function kindOf(schema: FieldSchema, wireType: number): FieldKind {
  const kinds = wireType === scalarWireType(schema) ? knownKinds : packedKinds;
  const same = kinds.get(schema);
  if (same) return same;
  const kind: FieldKind = { name: schema.name, number: schema.number, wireType, schema };
  kinds.set(schema, kind);
  return kind;
}

/** Whether a field can have this wire type: its own, or length-delimited for packed elements. */
export function fits(schema: FieldSchema, wireType: number): boolean {
  return (
    wireType === scalarWireType(schema) || (wireType === 2 && schema.rule === "repeated" && isNumeric(schema))
  );
}
