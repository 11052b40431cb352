// The steps through a message: tag, length and value of each field on the way to the bytes that are asked for.
import { criuSchema } from "../load-schema.ts";
import { partsOf, ROW_LENGTH, showField } from "../meaning/index.ts";
import type { FieldNode, Image, MessageNode, Span } from "../model.ts";
import { isUndecoded } from "../wire.ts";
import { scalarWireType } from "../wire-values.ts";
import type { ExplanationStep, Words } from "./model.ts";
import { littleEndian, varintAt } from "./numbers.ts";
import type { Varint } from "./numbers.ts";
import { count, hexBytes, ordinal, step, where, words } from "./words.ts";

/** A tag is a varint of at most 5 bytes, a length of at most 5; one read gets both. */
const MAX_HEAD = 20;
/** Names of fields that a sentence lists. */
const LISTED = 8;

const WIRE_TYPES: Readonly<Record<number, { readonly name: string; readonly means: string }>> = {
  0: { name: "varint", means: "a number follows, in as many bytes as it needs" },
  1: { name: "fixed 64 bits", means: "eight bytes follow, lowest first" },
  2: { name: "length-delimited", means: "a length follows, and then that many bytes" },
  3: { name: "start of a group", means: "fields follow up to the end tag of the same number" },
  4: { name: "end of a group", means: "the group of this number ends here" },
  5: { name: "fixed 32 bits", means: "four bytes follow, lowest first" },
};

/** Steps from the first byte of `message` to `range`, which lies in it. */
export async function messageSteps(
  image: Image,
  message: MessageNode,
  range: Span,
): Promise<ExplanationStep[]> {
  const steps: ExplanationStep[] = [];
  for (let outer: MessageNode | undefined = message; outer;) {
    const field = holder(outer.fields, range);
    if (!field) {
      steps.push(fieldsStep(outer));
      break;
    }
    const found = await fieldSteps(image, outer, field, range);
    steps.push(...found.steps);
    outer = found.inner;
  }
  return steps;
}

/** The field that holds all of `range`; fields lie one after the other. O(log n). */
function holder(fields: readonly FieldNode[], { start, end }: Span): FieldNode | undefined {
  let low = 0;
  let high = fields.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((fields[middle]?.span.end ?? 0) > start) high = middle;
    else low = middle + 1;
  }
  const field = fields[low];
  return field && field.span.start <= start && end <= field.span.end ? field : undefined;
}

/** A message whose fields are asked for, not one of them. */
function fieldsStep({ schema, span, fields }: MessageNode): ExplanationStep {
  const names = [...new Set(fields.slice(0, 1000).map(({ name }) => name))];
  const listed = names.slice(0, LISTED).flatMap((code, index) => [...(index > 0 ? [", "] : []), { code }]);
  const more = names.length > LISTED || fields.length > 1000 ? ", …" : "";
  return step("message", {
    title: schema ? `Message ${schema.name}` : "Message",
    short: count(fields.length, "field"),
    span,
    text: [
      schema
        ? [schema.doc]
        : words`The schema has no message for these bytes: its fields are shown by their numbers.`,
      fields.length === 0
        ? words`It is empty: a message without fields has no bytes.`
        : words`A message is its fields one after the other, each with a tag before it; nothing marks the end, the size before it does. This one has ${fields.length}: ${[...listed, more]}.`,
    ],
  });
}

interface Found {
  readonly steps: readonly ExplanationStep[];
  /** The message to go on in. */
  readonly inner?: MessageNode;
}

async function fieldSteps(image: Image, parent: MessageNode, field: FieldNode, range: Span): Promise<Found> {
  if (isUndecoded(field)) return { steps: [undecodedStep(field)] };
  if (field.wireType < 0) return rawFieldSteps(parent, field, range);
  const { span, valueSpan, value } = field;
  const bytes = await image.plain.read(span.start, Math.min(MAX_HEAD, valueSpan.start - span.start));
  const tag = bytes.length > 0 ? varintAt(bytes, span.start) : undefined;
  const steps: ExplanationStep[] = [tag ? tagStep(parent, field, tag) : bareStep(parent, field)];
  const afterTag = span.start + (tag?.length ?? 0);
  if (range.end <= afterTag && tag) return { steps };
  if (tag && afterTag < valueSpan.start) {
    const length = varintAt(bytes.subarray(tag.length), afterTag);
    if (length) steps.push(lengthStep(field, length, afterTag));
    if (range.end <= valueSpan.start) return { steps };
  }
  if (range.start >= valueSpan.end) return { steps: [...steps, groupEndStep(field)] };
  if (isMessage(value)) {
    // The whole field: what is in it, in one step.
    if (range.start < valueSpan.start) return { steps: [...steps, fieldsStep(value)] };
    return value.fields.length === 0 ? { steps: [...steps, fieldsStep(value)] } : { steps, inner: value };
  }
  steps.push(await valueStep(image, parent, field));
  const part = partStep(field, range);
  return { steps: part ? [...steps, part] : steps };
}

function tagStep(parent: MessageNode, field: FieldNode, tag: Varint): ExplanationStep {
  const { number, wireType, name, schema } = field;
  const wire = WIRE_TYPES[wireType] ?? { name: "unknown", means: "" };
  const end = field.span.start + tag.length;
  const low = (tag.value & 7n).toString(2).padStart(3, "0");
  const high = (tag.value >> 3n).toString(2);
  const packed = isPacked(field)
    ? words`The field takes ${[wireName(scalarType(field))]} values, and yet the wire type is ${2}: its elements are packed, all behind this one tag.`
    : undefined;
  return step("tag", {
    title: `Tag of ${name}`,
    short: `field ${String(number)}, wire type ${String(wireType)}`,
    span: { start: field.span.start, end },
    text: [
      words`A tag is field number × 8 + wire type. Here it is ${tag.value}, in base 2 ${`${high} ${low}`}: field number ${number}, wire type ${wireType}.`,
      words`Wire type ${wireType} is ${[wire.name]}: ${[wire.means]}.`,
      schema
        ? words`Field ${number} of ${parent.schema?.name ?? "the message"} is ${name}, ${schema.rule} ${schema.type}. ${[schema.doc]}`
        : unknownField(parent, field),
      packed,
    ],
    tables: [tag.table],
  });
}

function unknownField(parent: MessageNode, { number, wireType }: FieldNode): Words {
  const known = parent.schema?.fields.find((field) => field.number === number);
  if (known)
    return words`Field ${number} of ${parent.schema?.name ?? ""} is ${known.name}, of type ${known.type}, which can't have wire type ${wireType}: the bytes are shown as they lie.`;
  return parent.schema
    ? words`${parent.schema.name} has no field ${number} in the schema. A reader steps over it: the wire type alone says where it ends. CRIU keeps it when it writes the image again.`
    : words`Which message this is isn't known, so the field has no name.`;
}

/** An element of a packed field after the first. */
function bareStep(parent: MessageNode, { name, index, span, schema }: FieldNode): ExplanationStep {
  return step("tag", {
    title: `Packed elements of ${name}`,
    short: `element ${String(index ?? 0)}`,
    span: { start: span.start, end: span.start },
    text: [
      words`This element has no tag of its own. ${name} of ${parent.schema?.name ?? "the message"} is packed: one tag and one length stand before the first element, and the others follow without a gap.`,
      schema && [schema.doc],
    ],
  });
}

function lengthStep(field: FieldNode, length: Varint, start: number): ExplanationStep {
  const end = start + length.length;
  const value = { start: end, end: end + Number(length.value) };
  const what = isMessage(field.value)
    ? "a message"
    : isPacked(field)
      ? "the packed elements"
      : typeof field.value === "string"
        ? "text"
        : "bytes";
  return step("length", {
    title: `Length of ${field.name}`,
    short: count(Number(length.value), "byte"),
    span: { start, end },
    text: [
      Number(length.value) === 0
        ? words`A varint with the number of bytes that follow: ${0}. The value is empty.`
        : words`A varint with the number of bytes that follow: ${length.value}. They are ${[where(value)]} of the file, and hold ${[what]}.`,
    ],
    tables: [length.table],
  });
}

async function valueStep(image: Image, parent: MessageNode, field: FieldNode): Promise<ExplanationStep> {
  const { name, index, valueSpan, schema } = field;
  const length = valueSpan.end - valueSpan.start;
  const shown = showField(field, ROW_LENGTH, parent);
  const bytes = await image.plain.read(valueSpan.start, Math.min(length, 16));
  const label = index === undefined ? name : `${name}[${String(index)}]`;
  const { text, tables } = arithmetic(field, bytes);
  return step("value", {
    title: `Value of ${label}`,
    short: shown,
    span: valueSpan,
    text: [
      ...text,
      words`It reads as ${shown}.`,
      index !== undefined && !isPacked(field) && index > 0
        ? words`It is the ${[ordinal(index + 1)]} value of this field: a repeated field comes once for each, every time with its tag.`
        : undefined,
      enumDoc(field),
      schema?.default !== undefined
        ? words`A reader that finds no such field takes ${schema.default}.`
        : undefined,
    ],
    tables,
  });
}

interface Arithmetic {
  readonly text: readonly (Words | undefined)[];
  readonly tables: ExplanationStep["tables"];
}

/** From the bytes of a value to the value, in words and numbers. */
function arithmetic(field: FieldNode, bytes: Uint8Array): Arithmetic {
  const { valueSpan, value } = field;
  const length = valueSpan.end - valueSpan.start;
  if (typeof value === "string")
    return {
      text: [
        words`${[count(length, "byte")]} of text in UTF-8, without a zero at the end: the length has said where it ends.`,
      ],
      tables: [],
    };
  if (value instanceof Uint8Array)
    return {
      text: [
        length === 0
          ? words`There are no bytes: the value is empty.`
          : words`${[count(length, "byte")]} that protobuf doesn't look into, beginning with ${hexBytes(bytes)}.`,
      ],
      tables: [],
    };
  switch (isPacked(field) ? scalarType(field) : field.wireType) {
    case 0: {
      const varint = varintAt(bytes, valueSpan.start);
      return varint ? { text: varintWords(field, varint), tables: [varint.table] } : { text: [], tables: [] };
    }
    default: {
      const { value: number, table } = littleEndian(bytes, valueSpan.start);
      return { text: fixedWords(field, number), tables: [table] };
    }
  }
}

/** What the type of the field makes of a varint. */
function varintWords({ schema, value }: FieldNode, { value: raw, length }: Varint): (Words | undefined)[] {
  const first = words`The varint has ${[count(length, "byte")]} and is ${raw}.`;
  switch (schema?.type) {
    case undefined:
      return [
        first,
        words`The schema doesn't know the field, so it may be signed, a choice or a zigzag number as well.`,
      ];
    case "bool":
      return [first, words`A bool is 0 for false; any other number is true.`];
    case "sint32":
    case "sint64":
      return [first, zigzag(raw, String(value))];
    case "int32":
    case "int64":
      if (raw >> 63n === 0n)
        return [first, words`${schema.type} is signed; the highest bit is 0, so the number is as it stands.`];
      return [
        first,
        words`${schema.type} is signed in two's complement: ${raw} − 2⁶⁴ = ${raw - (1n << 64n)}. A negative number always takes ten bytes, because its highest bits are ones.`,
      ];
    default:
      return [first];
  }
}

function zigzag(raw: bigint, value: string): Words {
  return raw % 2n === 0n
    ? words`The type is zigzag (0, −1, 1, −2, 2 … are written as 0, 1, 2, 3, 4 …), so that small negative numbers stay short. ${raw} is even: ${raw} / 2 = ${value}.`
    : words`The type is zigzag (0, −1, 1, −2, 2 … are written as 0, 1, 2, 3, 4 …), so that small negative numbers stay short. ${raw} is odd: −(${raw} + 1) / 2 = ${value}.`;
}

function fixedWords({ schema, value, valueSpan }: FieldNode, raw: bigint): (Words | undefined)[] {
  const bits = (valueSpan.end - valueSpan.start) * 8;
  const hex = `0x${raw.toString(16).padStart(bits / 4, "0")}`;
  const first = words`${bits} bits of fixed width: ${hex}.`;
  const { type } = schema ?? {};
  if (type === "float" || type === "double")
    return [
      first,
      words`They are an IEEE 754 number of ${bits} bits: a sign, an exponent, a fraction. It is ${String(value)}.`,
    ];
  if (type?.startsWith("sfixed") && raw >> BigInt(bits - 1) === 1n)
    return [first, words`It is signed, and the highest bit is 1: ${raw} − 2^${bits} = ${String(value)}.`];
  return [first];
}

function enumDoc({ schema, value }: FieldNode): Words | undefined {
  if (schema?.kind !== "enum") return undefined;
  const values = criuSchema.enums[schema.type]?.values ?? {};
  const name = Object.keys(values).find((each) => values[each] === value);
  return name === undefined
    ? words`${schema.type} has no name for ${String(value)}.`
    : words`${String(value)} is ${name} in the list of names ${schema.type}.`;
}

/** The member of a structure in a value that the range is in. */
function partStep(field: FieldNode, range: Span): ExplanationStep | undefined {
  const from = field.valueSpan.start;
  const part = partsOf(field).find(
    ({ start, end }) => from + start <= range.start && range.end <= from + end,
  );
  if (!part) return undefined;
  const isNumber = /^\d+$/.test(part.name);
  return step("part", {
    title: isNumber ? `Instruction ${part.name}` : `Member ${part.name}`,
    short: part.value,
    span: { start: from + part.start, end: from + part.end },
    text: [
      words`The bytes have a form of their own. Counted from the first byte of the value, this piece begins at ${part.start} and has ${[count(part.end - part.start, "byte")]}. It reads as ${part.value}.`,
      part.doc === "" ? undefined : [part.doc],
    ],
  });
}

function groupEndStep({ name, number, valueSpan, span }: FieldNode): ExplanationStep {
  return step("tag", {
    title: `End of ${name}`,
    short: `field ${String(number)}, wire type 4`,
    span: { start: valueSpan.end, end: span.end },
    text: [words`The end tag of the group: field number ${number} again, with wire type ${4}.`],
  });
}

function undecodedStep({ span }: FieldNode): ExplanationStep {
  return step("unknown", {
    title: "Bytes that are no field",
    short: count(span.end - span.start, "byte"),
    span,
    text: [
      words`A field was expected at byte ${span.start}, and these bytes can't be one: the tag or the value is cut off, too long, or has a wire type that doesn't exist. Where the next field would begin can't be known.`,
    ],
  });
}

/** Members of C structures, attributes of netlink messages, lines of text. */
function rawFieldSteps(parent: MessageNode, field: FieldNode, range: Span): Found {
  const { name, span, valueSpan, value, schema } = field;
  const of = parent.schema?.name ?? "the record";
  const steps: ExplanationStep[] = [];
  if (valueSpan.start > span.start)
    steps.push(
      step("tag", {
        title: `Header of ${name}`,
        short: where({ start: span.start, end: valueSpan.start }),
        span: { start: span.start, end: valueSpan.start },
        text: [
          words`This is no protobuf: ${name} of ${of} has a header of its own, with its length and its kind.`,
        ],
      }),
    );
  if (range.end <= valueSpan.start) return { steps };
  if (isMessage(value)) {
    if (range.start >= valueSpan.start && value.fields.length > 0) return { steps, inner: value };
    return { steps: [...steps, fieldsStep(value)] };
  }
  const shown = showField(field, ROW_LENGTH, parent);
  steps.push(
    step("value", {
      title: `Value of ${name}`,
      short: shown,
      span: valueSpan,
      text: [
        words`This is no protobuf: ${name} is a member of ${of} and lies in ${[where(valueSpan)]} as the kernel wrote it. It reads as ${shown}.`,
        schema && [schema.doc],
      ],
    }),
  );
  if (range.start >= valueSpan.end)
    steps.push(
      step("padding", {
        title: `After ${name}`,
        short: where({ start: valueSpan.end, end: span.end }),
        span: { start: valueSpan.end, end: span.end },
        text: [words`These bytes end the record or align the next one.`],
      }),
    );
  return { steps };
}

function isMessage(value: FieldNode["value"]): value is MessageNode {
  return typeof value === "object" && "kind" in value;
}

/** Whether the field's elements lie behind one tag though they are numbers. */
function isPacked({ schema, wireType, value }: FieldNode): boolean {
  return wireType === 2 && schema !== undefined && !isMessage(value) && scalarWireType(schema) !== 2;
}

function scalarType({ schema }: FieldNode): number {
  return schema ? scalarWireType(schema) : 2;
}

function wireName(wireType: number): string {
  return WIRE_TYPES[wireType]?.name ?? "";
}
