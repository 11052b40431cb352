// The steps through a message: tag, length and value of each field on the way to the bytes that are asked for.
import type { FieldNode, Image, MessageNode, Span } from "../model.ts";
import { isUndecoded } from "../wire-nodes.ts";
import { elementWireType, isMessage, isPacked, WIRE_TYPES } from "./kinds.ts";
import { fieldsStep, rawFieldSteps } from "./message.ts";
import type { FieldSteps } from "./message.ts";
import type { ExplanationStep, Words } from "./model.ts";
import { varintAt } from "./numbers.ts";
import type { Varint } from "./numbers.ts";
import { gapStep, partStep, valueStep } from "./value.ts";
import { count, step, where, words } from "./words.ts";

/** A tag is a varint of at most 5 bytes, a length of at most 5; one read gets both. */
const MAX_HEAD = 20;

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
      const gap = gapIn(outer, range);
      steps.push(gap ? gapStep(gap) : fieldsStep(outer));
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

/** The gap between two fields that holds the range; only messages of raw images have gaps. */
function gapIn({ fields, span }: MessageNode, { start, end }: Span): Span | undefined {
  if (fields.length === 0 || fields.some((field) => field.span.start < end && start < field.span.end))
    return undefined;
  const before = fields.findLast((field) => field.span.end <= start)?.span.end ?? span.start;
  const after = fields.find((field) => field.span.start >= end)?.span.start ?? span.end;
  return { start: before, end: after };
}

async function fieldSteps(
  image: Image,
  parent: MessageNode,
  field: FieldNode,
  range: Span,
): Promise<FieldSteps> {
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
    ? words`The field takes ${[WIRE_TYPES[elementWireType(field)]?.name ?? ""]} values, and yet the wire type is ${2}: its elements are packed, all behind this one tag.`
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
    // The sentences have the bits of one byte already.
    tables: tag.length > 1 ? [tag.table] : [],
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
    tables: length.length > 1 ? [length.table] : [],
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
