// Messages as a whole, and fields of those that are no protobuf.
import { ROW_LENGTH, showField } from "../meaning/index.ts";
import type { FieldNode, MessageNode, Span } from "../model.ts";
import { isMessage } from "./kinds.ts";
import type { ExplanationStep } from "./model.ts";
import { count, step, where, words } from "./words.ts";

/** Names of fields that a sentence lists. */
const LISTED = 8;

const MESSAGE =
  "A message is its fields one after the other, each with a tag before it; nothing marks the end, the size before it does.";
const RAW_MESSAGE = "This is no protobuf: the members lie where the kernel's structure or the text has them.";

/** Steps through one field. */
export interface FieldSteps {
  readonly steps: readonly ExplanationStep[];
  /** The message to go on in. */
  readonly inner?: MessageNode;
}

/** A message whose fields are asked for, not one of them. */
export function fieldsStep({ schema, span, fields }: MessageNode): ExplanationStep {
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
        : words`${[fields.some(({ wireType }) => wireType < 0) ? RAW_MESSAGE : MESSAGE]} This one has ${fields.length}: ${[...listed, more]}.`,
    ],
  });
}

/** Members of C structures, attributes of netlink messages, lines of text. */
export function rawFieldSteps(parent: MessageNode, field: FieldNode, range: Span): FieldSteps {
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
