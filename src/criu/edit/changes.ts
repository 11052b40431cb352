// What an edited image has that the old one hasn't. Told by comparing the two, so it is right after any edits.
import { readExactly } from "../../bytes/index.ts";
import type { EntryNode, FieldNode, Image, MessageNode, PayloadNode, Span } from "../model.ts";
import { payloadPath } from "../records.ts";
import type { EntryParts } from "./entry.ts";
import type { EntryList } from "./entry-list.ts";

/** One difference. Paths and spans are those of the edited image. */
export type Change =
  | {
      readonly kind: "changed";
      readonly path: string;
      readonly span: Span;
      /** What it was; the spans are the old image's. */
      readonly old: OldField | PayloadNode;
    }
  | { readonly kind: "added"; readonly path: string; readonly span: Span }
  | {
      /** `path` is that of the message or entry it was in; "" for an entry. */
      readonly kind: "removed";
      readonly path: string;
      readonly old: OldField | { readonly kind: "entry"; readonly index: number };
    };

/** A field as it was, and the message it was in. */
export interface OldField {
  readonly kind: "old";
  readonly field: FieldNode;
  readonly parent: MessageNode;
}

/** The changes of an image, whose entries are those of the edited one. */
export async function imageChanges(
  old: Image,
  edited: Image,
  entries: EntryList,
): Promise<readonly Change[]> {
  const changes: Change[] = [];
  let next = 0;
  const removedUpTo = (index: number): void => {
    for (; next < index; next++)
      changes.push({ kind: "removed", path: "", old: { kind: "entry", index: next } });
  };
  for (const [first, piece] of entries.pieces()) {
    const path = `entries[${first}]`;
    const number = "parts" in piece ? piece.old : piece.from;
    if (number !== undefined) {
      removedUpTo(number);
      next = "parts" in piece ? number + 1 : piece.to;
    }
    if (!("parts" in piece) || first >= edited.entryCount) continue;
    if (number === undefined) changes.push({ kind: "added", path, span: edited.entrySpan(first) });
    else changes.push(...(await entryChanges([old, number], [edited, first], piece.parts)));
  }
  removedUpTo(old.entryCount);
  return changes;
}

/** A message with the bytes it was decoded from. */
interface Side {
  readonly message: MessageNode;
  /** The bytes of a span of the image that is inside the entry's message. */
  bytes(span: Span): Uint8Array;
}

async function sideOf({ name, source }: Image, { message }: EntryNode): Promise<Side> {
  const { start, end } = message.span;
  const all = await readExactly(source, start, end - start, { file: name });
  return { message, bytes: (span) => all.subarray(span.start - start, span.end - start) };
}

async function entryChanges(
  [old, number]: readonly [Image, number],
  [edited, index]: readonly [Image, number],
  { behind }: EntryParts,
): Promise<readonly Change[]> {
  const [before, after] = [await old.entry(number), await edited.entry(index)];
  const path = `entries[${index}]`;
  const replaced = new Set(
    behind.filter(({ content }) => content instanceof Uint8Array).map(({ name }) => name),
  );
  const payloads = after.payloads.flatMap((payload): Change[] => {
    if (!replaced.has(payload.name)) return [];
    const was = before.payloads.find(({ name }) => name === payload.name);
    const at = { path: `${path}.${payloadPath(payload.name)}`, span: payload.span };
    return [was ? { kind: "changed", ...at, old: was } : { kind: "added", ...at }];
  });
  return [...fieldChanges(await sideOf(old, before), await sideOf(edited, after), path), ...payloads];
}

/** The decoder bounds the depth. */
function* fieldChanges(old: Side, now: Side, path: string): Generator<Change> {
  const before = byNumber(old.message);
  const after = byNumber(now.message);
  for (const number of new Set([...after.keys(), ...before.keys()]))
    yield* listChanges(
      { side: old, fields: before.get(number) ?? [] },
      { side: now, fields: after.get(number) ?? [] },
      path,
    );
}

interface List {
  readonly side: Side;
  /** All fields of one number of a message. */
  readonly fields: readonly FieldNode[];
}

/** What is the same at both ends is passed over, so that one element more or less makes one change. */
function* listChanges(old: List, now: List, path: string): Generator<Change> {
  const isSame = (a: FieldNode | undefined, b: FieldNode | undefined): boolean =>
    a !== undefined &&
    b !== undefined &&
    Buffer.compare(old.side.bytes(a.valueSpan), now.side.bytes(b.valueSpan)) === 0;
  const shorter = Math.min(old.fields.length, now.fields.length);
  let first = 0;
  while (first < shorter && isSame(old.fields[first], now.fields[first])) first++;
  let last = 0;
  while (last < shorter - first && isSame(old.fields.at(-1 - last), now.fields.at(-1 - last))) last++;
  const before = old.fields.slice(first, old.fields.length - last);
  const after = now.fields.slice(first, now.fields.length - last);
  for (const [at, field] of after.entries()) {
    const here = `${path}.${field.name}${field.index === undefined ? "" : `[${field.index}]`}`;
    const was = before[at];
    if (!was) yield { kind: "added", path: here, span: field.span };
    else if (isMessage(was.value) && isMessage(field.value))
      yield* fieldChanges(
        { message: was.value, bytes: old.side.bytes },
        { message: field.value, bytes: now.side.bytes },
        here,
      );
    else
      yield {
        kind: "changed",
        path: here,
        span: field.valueSpan.end > field.valueSpan.start ? field.valueSpan : field.span,
        old: { kind: "old", field: was, parent: old.side.message },
      };
  }
  for (const field of before.slice(after.length))
    yield { kind: "removed", path, old: { kind: "old", field, parent: old.side.message } };
}

function byNumber({ fields }: MessageNode): Map<number, FieldNode[]> {
  const lists = new Map<number, FieldNode[]>();
  for (const field of fields) {
    const list = lists.get(field.number);
    if (list) list.push(field);
    else lists.set(field.number, [field]);
  }
  return lists;
}

function isMessage(value: FieldNode["value"]): value is MessageNode {
  return typeof value === "object" && "kind" in value;
}
