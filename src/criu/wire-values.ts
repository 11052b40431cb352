import type { FieldSchema, ScalarType } from "./schema.ts";
import type { WireReader } from "./wire-reader.ts";

const FIXED_WIRE_TYPES: Readonly<Partial<Record<ScalarType, number>>> = {
  fixed64: 1,
  sfixed64: 1,
  double: 1,
  string: 2,
  bytes: 2,
  fixed32: 5,
  sfixed32: 5,
  float: 5,
};

/** The wire type of one value of the field: 0 varint, 1 fixed 64, 2 length-delimited, 5 fixed 32. */
export function scalarWireType(field: FieldSchema): number {
  if (field.kind === "message") return 2;
  if (field.kind === "enum") return 0;
  // The schema compiler writes a ScalarType wherever `kind` is "scalar".
  return FIXED_WIRE_TYPES[field.type as ScalarType] ?? 0;
}

/** Whether several values of the field may be packed behind one tag. */
export function isNumeric(field: FieldSchema): boolean {
  return scalarWireType(field) !== 2;
}

/**
 * Reads one number of this wire type (0, 1 or 5) that ends at or before `end`; undefined when there is none. Unsigned
 * when the type is not known.
 */
export function readNumber(
  reader: WireReader,
  wireType: number,
  end: number,
  type: string | undefined,
): bigint | number | boolean | undefined {
  if (wireType === 0) return reader.varint(end) ? varintValue(reader, type) : undefined;
  const at = reader.position;
  const width = wireType === 1 ? 8 : 4;
  if (end - at < width) return undefined;
  reader.position += width;
  return fixedValue(reader, at, wireType, type);
}

/** The varint just read as a value of `type`; an unsigned bigint when the type is not known. */
function varintValue(reader: WireReader, type: string | undefined): bigint | number | boolean {
  const { low, high } = reader;
  switch (type) {
    case undefined:
    case "uint64":
      return reader.unsigned;
    case "int64":
      return BigInt.asIntN(64, reader.unsigned);
    case "sint64": {
      const zigzag = reader.unsigned;
      return (zigzag >> 1n) ^ -(zigzag & 1n);
    }
    case "uint32":
      return low;
    case "sint32":
      return (low >>> 1) ^ -(low & 1);
    case "bool":
      return low !== 0 || high !== 0;
    default:
      // int32 and enums: a negative one is written as ten bytes, of which the low half counts.
      return low | 0;
  }
}

/** A fixed-width value at `position`; unsigned when the type is not known. */
function fixedValue(
  reader: WireReader,
  position: number,
  wireType: number,
  type: string | undefined,
): bigint | number {
  if (type === "double") return reader.doubleAt(position);
  if (type === "float") return reader.floatAt(position);
  if (wireType === 5) {
    const value = reader.uint32At(position);
    return type === "sfixed32" ? value | 0 : value;
  }
  const value = reader.uint64At(position);
  return type === "sfixed64" ? BigInt.asIntN(64, value) : value;
}
