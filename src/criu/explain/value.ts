// The steps about a value: the arithmetic from its bytes to a number, and what its type makes of it.
import { criuSchema } from "../load-schema.ts";
import { partsOf, ROW_LENGTH, showField } from "../meaning/index.ts";
import type { FieldNode, Image, MessageNode, Span } from "../model.ts";
import type { ExplanationStep, Words } from "./model.ts";
import { littleEndian, varintAt } from "./numbers.ts";
import type { Varint } from "./numbers.ts";
import { elementWireType, isPacked } from "./kinds.ts";
import { count, hexBytes, ordinal, step, words } from "./words.ts";

/** A field's value: from its bytes to what it means. */
export async function valueStep(
  image: Image,
  parent: MessageNode,
  field: FieldNode,
): Promise<ExplanationStep> {
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
      schema && [schema.doc],
      ...text,
      shown === String(field.value) ? undefined : words`It reads as ${shown}.`,
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
  switch (isPacked(field) ? elementWireType(field) : field.wireType) {
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

/** The member of a structure in a value that the range is in, or the gap between two. */
export function partStep(field: FieldNode, range: Span): ExplanationStep | undefined {
  const { start: from, end: to } = field.valueSpan;
  const parts = partsOf(field);
  const [start, end] = [range.start - from, range.end - from];
  const part = parts.find((each) => each.start <= start && end <= each.end);
  if (!part) {
    const before = parts.findLast((each) => each.end <= start)?.end ?? 0;
    const after = parts.find((each) => each.start >= end)?.start ?? to - from;
    const covered = parts.some((each) => each.start < end && start < each.end);
    return parts.length === 0 || covered ? undefined : gapStep({ start: from + before, end: from + after });
  }
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

/** Bytes of a structure that no member has. */
export function gapStep(span: Span): ExplanationStep {
  return step("padding", {
    title: "Between members",
    short: count(span.end - span.start, "byte"),
    span,
    text: [
      words`No member of the structure lies here: these bytes align the next one, or this kind doesn't use them.`,
    ],
  });
}
