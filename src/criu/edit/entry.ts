import { readExactly } from "../../bytes/index.ts";
import { WireWriter } from "../encode/index.ts";
import type { Image } from "../model.ts";
import { MAX_RECORD, payloadPath } from "../records.ts";
import { criuSchemas } from "../schema-index.ts";
import type { MessageSchema } from "../schema.ts";
import type { Edit } from "./edits.ts";
import { editErrors } from "./errors.ts";
import { editMessage } from "./message.ts";
import type { Step } from "./path.ts";
import { changePayload } from "./payload.ts";
import { segmentLength } from "./segments.ts";
import type { Segment } from "./segments.ts";

/** An entry that is being edited: its message's bytes, and what lies behind them. */
export interface EntryParts {
  readonly sizeWidth: number;
  readonly schema: MessageSchema | undefined;
  readonly message: Uint8Array;
  readonly behind: readonly BehindPart[];
}

const EMPTY = new Uint8Array(0);

/** A payload, or with no name what lies between payloads. */
interface BehindPart {
  readonly name: string | undefined;
  readonly content: Segment;
}

/** Takes entry `index` apart. Payloads stay where they are. */
export async function takeApart(image: Image, index: number): Promise<EntryParts> {
  const { sizeSpan, message, payloads, span } = await image.entry(index);
  const { start, end } = message.span;
  if (end - start > MAX_RECORD) throw editErrors.notEditable(`entries[${index}]`, "it is too large");
  if (message.fields.some(({ wireType }) => wireType === -1))
    throw editErrors.notEditable(`entries[${index}]`, "it is no protobuf message");
  const behind: BehindPart[] = [];
  let position = end;
  for (const payload of payloads.toSorted((a, b) => a.span.start - b.span.start)) {
    if (payload.span.start > position)
      behind.push({ name: undefined, content: { start: position, end: payload.span.start } });
    behind.push({ name: payload.message ? undefined : payload.name, content: payload.span });
    position = payload.span.end;
  }
  if (span.end > position) behind.push({ name: undefined, content: { start: position, end: span.end } });
  return {
    sizeWidth: sizeSpan.end - sizeSpan.start,
    schema: message.schema,
    message: await readExactly(image.source, start, end - start, { file: image.name }),
    behind,
  };
}

/** An entry without fields, which would have number `index`. */
export function emptyEntry({ type }: Image, index: number): EntryParts {
  const name = (index === 0 ? type?.headMessage : undefined) ?? type?.message;
  return {
    sizeWidth: type?.payload === "long-entry" ? 8 : 4,
    schema: name === undefined ? undefined : criuSchemas.message(name),
    message: EMPTY,
    behind: [],
  };
}

/** The entry with an edit made; `steps` lead from the entry to the field or payload. */
export function editEntry(
  parts: EntryParts,
  edit: Edit,
  steps: readonly Step[],
  kind: string | undefined,
): EntryParts {
  if (steps[0]?.name === "payload" && kind !== undefined) return editPayload(parts, edit, steps, kind);
  return { ...parts, message: editMessage(parts.message, parts.schema, edit, steps) };
}

function editPayload(parts: EntryParts, edit: Edit, steps: readonly Step[], kind: string): EntryParts {
  const { behind, schema } = parts;
  if (edit.kind !== "set") throw editErrors.notEditable(edit.path, "a payload can only be given other bytes");
  if (!(edit.value instanceof Uint8Array)) throw editErrors.wrongKind(edit.path, "bytes");
  const found = behind.findIndex(({ name }) => name !== undefined && samePath(payloadPath(name), steps));
  const { name = steps[1]?.name ?? "data", content: old = EMPTY } = behind[found] ?? {};
  // Contents in one piece and contents in chunks are told apart by a field.
  if (found < 0 && (kind === "ghost" || !samePath(payloadPath(name), steps)))
    throw editErrors.noSuchField(edit.path);
  const { content, padded, mend } = changePayload(kind, name, segmentLength(old), edit.value, edit.path);
  const edited = [...behind];
  // One that was empty has no part yet. Of TCP's two queues the outgoing one comes last.
  const at = found >= 0 ? found : name === "outq" ? behind.length : 0;
  edited.splice(at, found >= 0 ? 1 : 0, { name, content });
  if (padded && edited[at + 1]?.name === undefined) edited.splice(at + 1, 1);
  if (!mend) return { ...parts, behind: edited };
  const set: Edit = { kind: "set", path: mend.field, value: mend.value };
  const message = editMessage(parts.message, schema, set, [{ name: mend.field, index: undefined }]);
  return { ...parts, message, behind: edited };
}

function samePath(path: string, steps: readonly Step[]): boolean {
  return (
    path === steps.map(({ name, index }) => (index === undefined ? name : `${name}[${index}]`)).join(".")
  );
}

/** The entry put together again, its size word mended. */
export function putTogether({ sizeWidth, message, behind }: EntryParts): readonly Segment[] {
  const word = new WireWriter();
  word.fixed(BigInt(message.length), sizeWidth === 8 ? 8 : 4);
  return [word.finish(), message, ...behind.map(({ content }) => content)];
}
