import { readChunks } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { openImage } from "../framing.ts";
import type { Image, MessageNode, Problem } from "../model.ts";
import type { Edit } from "./edits.ts";
import { editEntry, putTogether, takeApart } from "./entry.ts";
import type { EntryParts } from "./entry.ts";
import { editErrors, editProblems } from "./errors.ts";
import { parsePath } from "./path.ts";
import { joinSegments } from "./segments.ts";
import type { Segment } from "./segments.ts";

export interface EditedImage {
  /** The file as it would be saved: only changed entries are new, all else is read from the old file. */
  readonly source: ByteSource;
  /** `source` opened, as the old image was. */
  readonly image: Image;
  /** What CRIU would refuse. It can be saved all the same. */
  readonly problems: readonly Problem[];
  /** The file from its first byte to its last, in pieces of at most 1 MiB. */
  pieces(): AsyncGenerator<Uint8Array>;
}

/**
 * Makes edits, one after the other. The image must be the one on disk: edits are never made on edited images, but all
 * again on the old one. Throws the errors of `editErrors` for an edit that can't be made.
 */
export async function editImage(image: Image, edits: readonly Edit[]): Promise<EditedImage> {
  checkEditable(image);
  const entries = new Map<number, EntryParts | "removed">();
  for (const edit of edits) await makeEdit(image, entries, edit);
  const source = joinSegments(image.source, segments(image, entries));
  const edited = await openImage(image.name, source);
  return {
    source,
    image: edited,
    problems: await problemsOf(image, edited, entries),
    pieces: () => readChunks(source),
  };
}

/** Throws `edit.sealed` or `edit.noEntries` for an image that can't be edited at all. */
export function checkEditable({ name, seal, problems, type, header }: Image): void {
  if (seal || problems.some(({ code }) => code === "criu.sealed")) throw editErrors.sealed(name);
  const hasEntries = type ? type.message !== undefined : header.length > 0;
  if (!hasEntries) throw editErrors.noEntries(name);
}

async function makeEdit(
  image: Image,
  entries: Map<number, EntryParts | "removed">,
  edit: Edit,
): Promise<void> {
  const { entry, steps } = parsePath(edit.path);
  const index = oldIndex(entry, entries);
  if (index >= image.entryCount) throw editErrors.noSuchField(edit.path);
  if (steps.length === 0) {
    if (edit.kind !== "remove") throw editErrors.notEditable(edit.path, "an entry can only be removed");
    entries.set(index, "removed");
    return;
  }
  const known = entries.get(index);
  const parts = known === undefined || known === "removed" ? await takeApart(image, index) : known;
  entries.set(index, editEntry(parts, edit, steps, image.type?.payload));
}

/** Which entry of the old image has this index now, when some before it were removed. */
function oldIndex(index: number, entries: ReadonlyMap<number, EntryParts | "removed">): number {
  let old = index;
  for (const removed of removedEntries(entries)) if (removed <= old) old++;
  return old;
}

function removedEntries(entries: ReadonlyMap<number, EntryParts | "removed">): number[] {
  return [...entries]
    .filter(([, parts]) => parts === "removed")
    .map(([index]) => index)
    .sort((a, b) => a - b);
}

function segments(image: Image, entries: ReadonlyMap<number, EntryParts | "removed">): Segment[] {
  const list: Segment[] = [];
  let position = 0;
  for (const [index, parts] of [...entries].sort(([a], [b]) => a - b)) {
    const { start, end } = image.entrySpan(index);
    list.push({ start: position, end: start });
    if (parts !== "removed") list.push(...putTogether(parts));
    position = end;
  }
  list.push({ start: position, end: image.source.size });
  return list;
}

async function problemsOf(
  old: Image,
  edited: Image,
  entries: ReadonlyMap<number, EntryParts | "removed">,
): Promise<Problem[]> {
  const { name } = old;
  const problems: Problem[] = [];
  if (!old.type || old.problems.some(({ code }) => code === "criu.otherMagic"))
    problems.push(editProblems.wrongMagic(name));
  const removed = removedEntries(entries);
  const isNew = (problem: Problem): boolean => !old.problems.some(({ code }) => code === problem.code);
  for (const problem of edited.problems.filter(isNew))
    problems.push(editProblems.unreadable(name, problem.message));
  if (edited.entryCount !== old.entryCount - removed.length && problems.length === 0)
    problems.push(editProblems.unreadable(name, "a length does not fit what follows it."));
  for (const index of entries.keys()) {
    const now = index - removed.filter((other) => other < index).length;
    if (removed.includes(index) || now >= edited.entryCount) continue;
    const { message, problems: found } = await edited.entry(now);
    for (const problem of found) problems.push(editProblems.unreadable(name, problem.message));
    for (const path of missingFields(message, `entries[${now}]`))
      problems.push(editProblems.missingField(path, name));
  }
  return problems;
}

/** Paths of required fields that are not there. The decoder bounds the depth. */
function missingFields({ schema, fields }: MessageNode, path: string): string[] {
  const present = new Set(fields.filter((field) => field.schema).map(({ number }) => number));
  const missing = (schema?.fields ?? [])
    .filter(({ rule, number }) => rule === "required" && !present.has(number))
    .map((field) => `${path}.${field.name}`);
  const below = fields.flatMap(({ name, index, value }) =>
    typeof value === "object" && "kind" in value
      ? missingFields(value, `${path}.${name}${index === undefined ? "" : `[${index}]`}`)
      : [],
  );
  return [...missing, ...below];
}
