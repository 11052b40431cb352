/**
 * CRIU's wire schema as data. It is written in `proto/*.proto`; `scripts/proto.ts` compiles those into
 * `generated/schema.json` (this shape) and `generated/messages.ts` (a TypeScript interface per message).
 */
export interface Schema {
  readonly messages: Readonly<Record<string, MessageSchema>>;
  readonly enums: Readonly<Record<string, EnumSchema>>;
  /** Bits of a flags field, by the name used in `show`: `flags:vma.prot` → `flags["vma.prot"]`. */
  readonly flags: Readonly<Record<string, FlagsSchema>>;
}

export interface MessageSchema {
  readonly name: string;
  readonly doc: string;
  /** The file in `proto/` it is written in. */
  readonly file: string;
  readonly fields: readonly FieldSchema[];
}

export type ScalarType =
  | "int32"
  | "int64"
  | "uint32"
  | "uint64"
  | "sint32"
  | "sint64"
  | "fixed32"
  | "fixed64"
  | "sfixed32"
  | "sfixed64"
  | "bool"
  | "float"
  | "double"
  | "string"
  | "bytes";

export interface FieldSchema {
  readonly name: string;
  readonly number: number;
  readonly rule: "required" | "optional" | "repeated";
  /** A scalar type, or the name of a message or enum of the schema. */
  readonly type: string;
  readonly kind: "scalar" | "enum" | "message";
  readonly packed: boolean;
  /** Declared proto2 default, as text. */
  readonly default?: string;
  readonly doc: string;
  /**
   * How people read the value (and how crit prints it): `hex`, `flags:NAME`, `enum:NAME`, `dev` (kernel-internal
   * dev_t), `odev` (old dev_t), `ip`, `signal`, … The full list is at the head of `proto/show.proto`.
   */
  readonly show?: string;
}

export interface EnumSchema {
  readonly name: string;
  readonly doc: string;
  /** Value by name, in the order written. */
  readonly values: Readonly<Record<string, number>>;
}

export interface FlagsSchema {
  readonly name: string;
  readonly doc: string;
  /** Name and mask, tested in this order, as crit prints them. */
  readonly bits: readonly (readonly [name: string, mask: number])[];
}
