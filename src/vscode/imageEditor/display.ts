import type { FieldNode, MessageNode } from "../../criu/index.ts";
import { isMessage } from "./nodes.ts";

/** Characters of a value that a row shows; the clipboard gets more. */
export const ROW_LENGTH = 160;

/** A field's value as a person reads it, on one line, at most about `limit` characters. */
export function showField(field: FieldNode, limit = ROW_LENGTH): string {
  const { value } = field;
  if (isMessage(value)) return showMessage(value, limit);
  if (value instanceof Uint8Array) return showBytes(value, limit);
  if (typeof value === "string") return quote(value, limit);
  if (field.schema?.show === "hex" && typeof value !== "boolean") return `0x${value.toString(16)}`;
  return String(value);
}

/** The first simple fields of a message: `pid: 1, ppid: 0`. */
export function showMessage(message: MessageNode, limit = ROW_LENGTH): string {
  const parts: string[] = [];
  let length = 0;
  for (const field of message.fields) {
    if (length >= limit || parts.length === 6) return `${parts.join(", ")}, …`;
    if (isMessage(field.value) || (field.index ?? 0) > 0) continue;
    const part = `${field.name}: ${showField(field, 40)}`;
    parts.push(part);
    length += part.length;
  }
  return parts.join(", ");
}

/** The first elements of a list with their number: `[5] 1, 2, 3, …`. */
export function showList(fields: readonly FieldNode[], limit = ROW_LENGTH): string {
  const parts: string[] = [];
  let length = 0;
  for (const field of fields) {
    if (isMessage(field.value)) return `[${String(fields.length)}]`;
    if (length >= limit || parts.length === 24) {
      parts.push("…");
      break;
    }
    const part = showField(field, 40);
    parts.push(part);
    length += part.length + 2;
  }
  return `[${String(fields.length)}] ${parts.join(", ")}`;
}

/** Text in quotes, with control and direction characters escaped: evidence must not paint over the editor. */
export function quote(text: string, limit: number): string {
  const shown = text.length > limit ? text.slice(0, limit) : text;
  const escaped = JSON.stringify(shown).replace(
    /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return text.length > limit ? `${escaped}…` : escaped;
}

export function showBytes(bytes: Uint8Array, limit: number): string {
  if (bytes.length === 0) return "empty";
  const shown = bytes.subarray(0, Math.max(1, Math.floor(limit / 3)));
  const hex = Array.from(shown, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return shown.length < bytes.length ? `${hex} …` : hex;
}

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"];

/** `1 byte`, `4,096 bytes` stay as they are up to 10 KiB; then one decimal of a binary unit. */
export function showSize(bytes: number): string {
  if (bytes === 1) return "1 byte";
  if (bytes < 10 * 1024) return `${String(bytes)} bytes`;
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const amount = bytes / 1024 ** power;
  return `${Number.isInteger(amount) ? String(amount) : amount.toFixed(1)} ${UNITS[power] ?? ""}`;
}
