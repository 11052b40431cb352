// The unsaved edits of an image, as they are kept while VS Code is closed.
import type { Edit, ScalarValue } from "../../criu/index.ts";
import type { Stamp } from "./stamp.ts";

export interface Backup {
  /** Size and time of the file that the edits are of. */
  readonly size: string;
  readonly mtimeNs: string;
  /** Undefined when the whole image was kept instead, in a file beside: edits of a file that is no more. */
  readonly edits: readonly Edit[] | undefined;
}

const VERSION = 1;
const MAX_EDITS = 100_000;

export function backupText(stamp: Stamp | undefined, edits: readonly Edit[] | undefined): string {
  return JSON.stringify({
    version: VERSION,
    size: String(stamp?.size ?? ""),
    mtimeNs: String(stamp?.mtimeNs ?? ""),
    ...(edits && { edits: edits.map(plainEdit) }),
  });
}

/** The backup that a text holds; undefined when it holds none. */
export function readBackup(text: string): Backup | undefined {
  const given = parsed(text);
  if (!isRecord(given) || given["version"] !== VERSION) return undefined;
  const { size, mtimeNs, edits } = given;
  if (typeof size !== "string" || typeof mtimeNs !== "string") return undefined;
  if (edits === undefined) return { size, mtimeNs, edits: undefined };
  if (!Array.isArray(edits) || edits.length > MAX_EDITS) return undefined;
  const read = edits.map(editOf);
  return read.every((edit) => edit !== undefined) ? { size, mtimeNs, edits: read } : undefined;
}

export function isOfFile({ size, mtimeNs }: Backup, stamp: Stamp | undefined): boolean {
  return stamp !== undefined && size === String(stamp.size) && mtimeNs === String(stamp.mtimeNs);
}

function plainEdit(edit: Edit): object {
  const value = "value" in edit ? edit.value : undefined;
  return { kind: edit.kind, path: edit.path, ...(value !== undefined && { value: plainValue(value) }) };
}

/** JSON has neither integers of 64 bits nor bytes. */
function plainValue(value: ScalarValue): unknown {
  if (typeof value === "bigint") return { integer: String(value) };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString("base64") };
  return value;
}

function editOf(given: unknown): Edit | undefined {
  if (!isRecord(given)) return undefined;
  const { kind, path } = given;
  if (typeof path !== "string") return undefined;
  if (kind === "remove" || kind === "duplicate") return { kind, path };
  const value = valueOf(given["value"]);
  if (kind === "add") return { kind, path, ...(value !== undefined && { value }) };
  return kind === "set" && value !== undefined ? { kind, path, value } : undefined;
}

function valueOf(given: unknown): ScalarValue | undefined {
  if (typeof given === "string" || typeof given === "number" || typeof given === "boolean") return given;
  if (!isRecord(given)) return undefined;
  const { integer, bytes } = given;
  if (typeof integer === "string" && /^-?\d{1,20}$/.test(integer)) return BigInt(integer);
  return typeof bytes === "string" ? new Uint8Array(Buffer.from(bytes, "base64")) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
