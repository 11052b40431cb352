import { criuSchema } from "../load-schema.ts";
import type { FieldNode, FieldValue, MessageNode } from "../model.ts";
import { ipAddress } from "../crit/address.ts";
import { instructionText, readProgram, seccompParts } from "./bpf.ts";
import {
  auxiliaryElement,
  auxiliaryVector,
  controlCharacters,
  elementName,
  fourCharacters,
} from "./elements.ts";
import { messageText } from "./messages.ts";
import { capabilitySet } from "./names.ts";
import type { Part } from "./part.ts";
import { siginfoParts } from "./siginfo.ts";
import { hexOf, showValue } from "./values.ts";

/** Characters of a value that a row shows; the clipboard gets more. */
export const ROW_LENGTH = 160;
const PARTS = 6;
const ELEMENTS = 24;

/** A field's value as a person reads it, on one line, at most about `limit` characters. `parent` is the message it is in. */
export function showField(field: FieldNode, limit = ROW_LENGTH, parent?: MessageNode): string {
  const { value, schema, index } = field;
  if (isMessage(value)) return showMessage(value, limit);
  const element = index === undefined ? undefined : ELEMENT_VALUES[schema?.show ?? ""];
  return element?.(field, parent) ?? showValue(value, schema, criuSchema, limit);
}

/** A message in its own words, or its first simple fields and the first text below it: `id: 1, reg { name: "/etc" }`. */
export function showMessage(message: MessageNode, limit = ROW_LENGTH): string {
  const own = messageText(message);
  if (own !== undefined) return own;
  const parts: string[] = [];
  let length = 0;
  for (const field of message.fields) {
    if (isMessage(field.value) || (field.index ?? 0) > 0) continue;
    if (length >= limit || parts.length === PARTS) {
      parts.push("…");
      break;
    }
    const part = `${field.name}: ${showField(field, 40, message)}`;
    parts.push(part);
    length += part.length;
  }
  if (length < limit && parts.length < PARTS) parts.push(...nestedText(message));
  return parts.join(", ") || firstMessage(message, limit);
}

/** Lists that are read as one thing, by `show`; undefined where the elements don't make one. */
const LISTS: Readonly<Record<string, (fields: readonly FieldNode[]) => string | undefined>> = {
  ip: (fields) => ipAddress(fields.slice(0, 5).map(({ value }) => Number(value))),
  caps: (fields) =>
    capabilitySet(
      fields.slice(0, 2).reduce((all, { value }, at) => all | (integer(value) << BigInt(at * 32)), 0n),
    ),
  chars: (fields) => controlCharacters(fields).join(", "),
  auxv: (fields) => auxiliaryVector(fields.slice(0, 128)).join(", "),
};

/** Elements that mean something by their place. */
const ELEMENT_VALUES: Readonly<
  Record<string, (field: FieldNode, parent: MessageNode | undefined) => string | undefined>
> = {
  caps: ({ value, index }) =>
    `${hexOf(integer(value))} ${capabilitySet(integer(value), (index ?? 0) * 32, 32)}`,
  auxv: (field, parent) =>
    auxiliaryElement(integer(field.value), field.index ?? 0, elementName(field, parent)),
  chars: ({ value, index }) => fourCharacters(Number(value), index ?? 0),
  bpf: ({ value, index }) => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, integer(value)), true);
    const [instruction] = readProgram(bytes);
    return instruction && instructionText(instruction, index ?? 0);
  },
};

/** The number of a list's elements and the first ones: `[5] 1, 2, 3, …`; an address or a set in one piece. */
export function showList(fields: readonly FieldNode[], limit = ROW_LENGTH, parent?: MessageNode): string {
  const [first] = fields;
  const count = `[${String(fields.length)}]`;
  if (!first || isMessage(first.value)) return count;
  const whole = LISTS[first.schema?.show ?? ""]?.(fields);
  if (whole !== undefined) return whole;
  const parts: string[] = [];
  let length = 0;
  for (const field of fields) {
    if (length >= limit || parts.length === ELEMENTS) {
      parts.push("…");
      break;
    }
    const part = showField(field, 40, parent);
    parts.push(part);
    length += part.length + 2;
  }
  return `${count} ${parts.join(", ")}`;
}

/** Bytes that are made of members or instructions, by `show`. */
const PARTED: Readonly<Record<string, (bytes: Uint8Array) => readonly Part[]>> = {
  siginfo: (bytes) => siginfoParts(bytes),
  siginfo32: (bytes) => siginfoParts(bytes, 4),
  bpf: seccompParts,
};

/** What a value is made of, where its bytes have a form of their own; places are bytes of the value. */
export function partsOf({ value, schema }: FieldNode): readonly Part[] {
  return value instanceof Uint8Array ? (PARTED[schema?.show ?? ""]?.(value) ?? []) : [];
}

/** A name, path or address that a message of a message holds tells more than any number. */
function nestedText({ fields }: MessageNode): readonly string[] {
  const [outer] = fields.filter(({ value }) => isMessage(value));
  if (!outer || !isMessage(outer.value)) return [];
  const own = messageText(outer.value);
  if (own !== undefined) return [`${outer.name} { ${own} }`];
  const text = outer.value.fields.find(({ value }) => typeof value === "string" && value !== "");
  return text ? [`${outer.name} { ${text.name}: ${showField(text, 60)} }`] : [];
}

/** A message with no simple field is told by the first message in it. */
function firstMessage(message: MessageNode, limit: number): string {
  const [field] = message.fields;
  return field && isMessage(field.value) && limit > 40
    ? `${field.name} { ${showMessage(field.value, limit / 2)} }`
    : "";
}

function isMessage(value: FieldValue): value is MessageNode {
  return typeof value === "object" && "kind" in value;
}

function integer(value: FieldValue): bigint {
  return typeof value === "bigint" ? value : typeof value === "number" ? BigInt(Math.trunc(value)) : 0n;
}
