// What a field is, as far as its explanation differs.
import type { FieldNode, MessageNode } from "../model.ts";
import { scalarWireType } from "../wire-values.ts";

/** Wire types by number, in words. */
export const WIRE_TYPES: Readonly<Record<number, { readonly name: string; readonly means: string }>> = {
  0: { name: "varint", means: "a number follows, in as many bytes as it needs" },
  1: { name: "fixed 64 bits", means: "eight bytes follow, lowest first" },
  2: { name: "length-delimited", means: "a length follows, and then that many bytes" },
  3: { name: "start of a group", means: "fields follow up to the end tag of the same number" },
  4: { name: "end of a group", means: "the group of this number ends here" },
  5: { name: "fixed 32 bits", means: "four bytes follow, lowest first" },
};

export function isMessage(value: FieldNode["value"]): value is MessageNode {
  return typeof value === "object" && "kind" in value;
}

/** Whether the field's elements lie behind one tag though they are numbers. */
export function isPacked({ schema, wireType, value }: FieldNode): boolean {
  return wireType === 2 && schema !== undefined && !isMessage(value) && scalarWireType(schema) !== 2;
}

/** The wire type of one value of the field. */
export function elementWireType({ schema }: FieldNode): number {
  return schema ? scalarWireType(schema) : 2;
}
