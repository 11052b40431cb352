import { criuSchema } from "../../criu/index.ts";
import type { FieldNode, MessageNode } from "../../criu/index.ts";
import { isMessage } from "./nodes.ts";
import { showAddress, showValue } from "./show.ts";

/** Characters of a value that a row shows; the clipboard gets more. */
export const ROW_LENGTH = 160;
const PARTS = 6;
const ELEMENTS = 24;

/** A field's value as a person reads it, on one line, at most about `limit` characters. */
export function showField(field: FieldNode, limit = ROW_LENGTH): string {
  const { value, schema } = field;
  return isMessage(value) ? showMessage(value, limit) : showValue(value, schema, criuSchema, limit);
}

/** The first simple fields of a message, and the first text in a message below it: `id: 1, reg { name: "/etc" }`. */
export function showMessage(message: MessageNode, limit = ROW_LENGTH): string {
  const parts: string[] = [];
  let length = 0;
  for (const field of message.fields) {
    if (isMessage(field.value) || (field.index ?? 0) > 0) continue;
    if (length >= limit || parts.length === PARTS) {
      parts.push("…");
      break;
    }
    const part = `${field.name}: ${showField(field, 40)}`;
    parts.push(part);
    length += part.length;
  }
  if (length < limit && parts.length < PARTS) parts.push(...nestedText(message));
  return parts.join(", ") || firstMessage(message, limit);
}

/** The number of a list's elements and the first ones: `[5] 1, 2, 3, …`; an address in one piece. */
export function showList(fields: readonly FieldNode[], limit = ROW_LENGTH): string {
  const [first] = fields;
  const count = `[${String(fields.length)}]`;
  if (!first || isMessage(first.value)) return count;
  const address =
    first.schema?.show === "ip" ? showAddress(fields.map(({ value }) => Number(value))) : undefined;
  if (address !== undefined) return address;
  const parts: string[] = [];
  let length = 0;
  for (const field of fields) {
    if (length >= limit || parts.length === ELEMENTS) {
      parts.push("…");
      break;
    }
    const part = showField(field, 40);
    parts.push(part);
    length += part.length + 2;
  }
  return `${count} ${parts.join(", ")}`;
}

/** A name, path or address that a message of a message holds tells more than any number. */
function nestedText({ fields }: MessageNode): readonly string[] {
  const [outer] = fields.filter(({ value }) => isMessage(value));
  if (!outer || !isMessage(outer.value)) return [];
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
