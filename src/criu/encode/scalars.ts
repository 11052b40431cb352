// Values of fields on their way to the wire: what range a type has, and how it is written.
import { encodeText } from "../../bytes/index.ts";
import type { FieldSchema } from "../schema.ts";
import { scalarWireType } from "../wire-values.ts";
import { WireWriter } from "./wire-writer.ts";

/** A value of a field that is no message, as the decoder gives it; enums as their numbers. */
export type ScalarValue = bigint | number | boolean | string | Uint8Array;

const BITS: Readonly<Record<string, readonly [signed: boolean, bits: number]>> = {
  int32: [true, 32],
  sint32: [true, 32],
  sfixed32: [true, 32],
  uint32: [false, 32],
  fixed32: [false, 32],
  int64: [true, 64],
  sint64: [true, 64],
  sfixed64: [true, 64],
  uint64: [false, 64],
  fixed64: [false, 64],
};

/** Smallest and largest value of an integer or enum field; undefined for fields of other types. */
export function integerRange({ type, kind }: FieldSchema): readonly [min: bigint, max: bigint] | undefined {
  const [signed, bits] = (kind === "enum" ? BITS["int32"] : BITS[type]) ?? [];
  if (bits === undefined) return undefined;
  const limit = 1n << BigInt(signed === true ? bits - 1 : bits);
  return [signed === true ? -limit : 0n, limit - 1n];
}

/** Writes a value without its tag. It has to be in the range of the field's type. */
export function writeScalar(writer: WireWriter, field: FieldSchema, value: ScalarValue): void {
  if (typeof value === "string") writer.delimited(encodeText(value));
  else if (value instanceof Uint8Array) writer.delimited(value);
  else if (field.type === "double" || field.type === "float")
    writer.double(Number(value), field.type === "double" ? 8 : 4);
  else {
    const integer = BigInt(value);
    const wireType = scalarWireType(field);
    if (wireType !== 0) writer.fixed(integer, wireType === 1 ? 8 : 4);
    else if (field.type.startsWith("sint"))
      writer.varint(BigInt.asUintN(64, (integer << 1n) ^ (integer >> 63n)));
    else writer.varint(integer);
  }
}

/** Writes the values of a field with their tags; packed where the schema says so. */
export function writeField(writer: WireWriter, field: FieldSchema, values: readonly ScalarValue[]): void {
  const wireType = scalarWireType(field);
  if (field.packed && wireType !== 2 && values.length > 0) {
    const packed = new WireWriter();
    for (const value of values) writeScalar(packed, field, value);
    writer.tag(field.number, 2);
    writer.delimited(packed.finish());
    return;
  }
  for (const value of values) {
    writer.tag(field.number, wireType);
    writeScalar(writer, field, value);
  }
}
