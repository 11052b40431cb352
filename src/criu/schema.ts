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
   * How people read the value: `hex`, `flags:NAME`, `enum:NAME`, `dev` (kernel-internal dev_t), `odev` (dev_t of
   * stat(2)), `ip`, `signal`, … The full list is in `proto/show.proto`.
   */
  readonly show?: string;
  /** How `crit decode --pretty` prints it, where that differs from `show`: `number`, `hex`, `flags:NAME` … */
  readonly crit?: string;
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
