/** A type that values in memory can be read as. */
export interface ValueType {
  /** Bytes. */
  readonly size: number;
  readonly kind: "unsigned" | "signed" | "float" | "character";
}

const TYPE_NAMES: readonly (readonly [names: string, type: ValueType])[] = [
  ["u8 uint8_t byte unsigned_char bool _Bool", { size: 1, kind: "unsigned" }],
  ["u16 uint16_t unsigned_short", { size: 2, kind: "unsigned" }],
  ["u32 uint32_t unsigned unsigned_int", { size: 4, kind: "unsigned" }],
  ["u64 uint64_t unsigned_long size_t uintptr_t void", { size: 8, kind: "unsigned" }],
  ["i8 int8_t signed_char", { size: 1, kind: "signed" }],
  ["i16 int16_t short", { size: 2, kind: "signed" }],
  ["i32 int32_t int", { size: 4, kind: "signed" }],
  ["i64 int64_t long long_long ssize_t intptr_t", { size: 8, kind: "signed" }],
  ["f32 float", { size: 4, kind: "float" }],
  ["f64 double", { size: 8, kind: "float" }],
  ["char", { size: 1, kind: "character" }],
];

/** By the names of Rust, of C and of its stdint.h; words of a name are joined by `_`. A new type is a row. */
export const VALUE_TYPES: ReadonlyMap<string, ValueType> = new Map(
  TYPE_NAMES.flatMap(([names, type]) => names.split(" ").map((name) => [name, type] as const)),
);

/** A number as its type has it: `bits` are those in memory. */
export function formatted(bits: bigint, { size, kind }: ValueType): string {
  const width = size * 8;
  const unsigned = BigInt.asUintN(width, bits);
  if (kind === "unsigned") return `${unsigned} (0x${unsigned.toString(16)})`;
  if (kind === "signed") return String(BigInt.asIntN(width, bits));
  if (kind === "character") {
    const code = Number(unsigned);
    return code >= 0x20 && code < 0x7f ? `${code} '${String.fromCharCode(code)}'` : String(code);
  }
  const view = new DataView(new ArrayBuffer(8));
  if (size === 4) {
    view.setUint32(0, Number(unsigned));
    return String(view.getFloat32(0));
  }
  view.setBigUint64(0, unsigned);
  return String(view.getFloat64(0));
}
