// The nodes of decoded messages, made small: an entry may be half a million fields.
import type { FieldNode, FieldValue, MessageNode, Span } from "./model.ts";
import type { FieldSchema, MessageSchema } from "./schema.ts";

/** What fields of one number and wire type have in common. */
export interface FieldKind {
  readonly name: string;
  readonly number: number;
  readonly wireType: number;
  /** undefined for a number the schema doesn't have, and for a wire type its field can't have. */
  readonly schema: FieldSchema | undefined;
}

/** A field as four offsets: spans are made when they are asked for. */
export class WireField implements FieldNode {
  // Seven properties: each costs eight bytes a field.
  constructor(
    private readonly is: FieldKind,
    readonly index: number | undefined,
    private readonly start: number,
    private readonly valueStart: number,
    private readonly valueEnd: number,
    private readonly end: number,
    readonly value: FieldValue,
  ) {}

  // eslint-disable-next-line @typescript-eslint/class-literal-property-style -- a property would cost eight bytes a field
  get kind(): "field" {
    return "field";
  }
  get name(): string {
    return this.is.name;
  }
  get number(): number {
    return this.is.number;
  }
  get wireType(): number {
    return this.is.wireType;
  }
  get schema(): FieldSchema | undefined {
    return this.is.schema;
  }
  get span(): Span {
    return { start: this.start, end: this.end };
  }
  get valueSpan(): Span {
    return { start: this.valueStart, end: this.valueEnd };
  }
}

/** A message whose fields are decoded each time they are asked for, and kept only as long as no other's are. */
export class LazyMessage implements MessageNode {
  readonly kind = "message";

  constructor(
    readonly schema: MessageSchema | undefined,
    readonly span: Span,
    private readonly decode: (message: LazyMessage) => readonly FieldNode[],
  ) {}

  get fields(): readonly FieldNode[] {
    return this.decode(this);
  }
}

/** Bytes of memory that a field takes, about: the node, its place in the list, and its value. */
export function costOf(value: FieldValue): number {
  if (typeof value === "bigint") return 136;
  if (typeof value !== "object") return typeof value === "string" ? 144 + value.length * 2 : 112;
  return value instanceof Uint8Array ? 232 : 272;
}

/** A field that stands for bytes which are no field: the tail of a broken message. Its number is 0. */
export function undecodedField(start: number, end: number, value: Uint8Array): FieldNode {
  const span = { start, end };
  return {
    kind: "field",
    name: "undecoded",
    number: 0,
    wireType: 2,
    schema: undefined,
    index: undefined,
    span,
    valueSpan: span,
    value,
  };
}

/** Whether a field is not one but stands for bytes that couldn't be decoded. */
export function isUndecoded(field: FieldNode): boolean {
  return field.number === 0;
}
