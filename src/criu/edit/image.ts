import { readChunks } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { openImage } from "../framing.ts";
import type { Image } from "../model.ts";
import type { Problem } from "../model.ts";
import { imageChanges } from "./changes.ts";
import type { Change } from "./changes.ts";
import type { Edit } from "./edits.ts";
import { editEntry, emptyEntry, putTogether, takeApart } from "./entry.ts";
import { EntryList } from "./entry-list.ts";
import { editErrors } from "./errors.ts";
import { parsePath } from "./path.ts";
import { problemsOf } from "./problems.ts";
import { joinSegments } from "./segments.ts";
import type { Segment } from "./segments.ts";

export interface EditedImage {
  /** The file as it would be saved: only changed entries are new, all else is read from the old file. */
  readonly source: ByteSource;
  /** `source` opened, as the old image was. */
  readonly image: Image;
  /** What differs from the old image, in the order of the file. */
  readonly changes: readonly Change[];
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
  const entries = new EntryList(image.entryCount);
  for (const edit of edits) await makeEdit(image, entries, edit);
  const source = joinSegments(image.source, segments(image, entries));
  const edited = await openImage(image.name, source, { hint: image.hint });
  return {
    source,
    image: edited,
    changes: await imageChanges(image, edited, entries),
    problems: await problemsOf(image, edited, entries),
    pieces: () => readChunks(source),
  };
}

/** Throws `edit.sealed`, `edit.noEntries` or `edit.bigEndian` for an image that can't be edited at all. */
export function checkEditable({ name, seal, problems, type, header, bigEndian }: Image): void {
  if (seal || problems.some(({ code }) => code === "criu.sealed")) throw editErrors.sealed(name);
  const hasEntries = type ? type.message !== undefined : header.length > 0;
  if (!hasEntries) throw editErrors.noEntries(name);
  if (bigEndian === true) throw editErrors.bigEndian(name);
}

async function makeEdit(image: Image, entries: EntryList, edit: Edit): Promise<void> {
  const { entry: index, steps } = parsePath(edit.path);
  if (index === undefined) {
    if (edit.kind !== "add") throw editErrors.badPath(edit.path);
    checkCopies(image, edit.path, entries.count);
    entries.splice(entries.count, 0, { parts: emptyEntry(image, entries.count), old: undefined });
    return;
  }
  const entry = entries.at(index);
  if (!entry) throw editErrors.noSuchField(edit.path);
  if (steps.length === 0 && edit.kind === "remove") {
    entries.splice(index, 1);
    return;
  }
  if (steps.length === 0 && edit.kind === "duplicate") {
    checkCopies(image, edit.path, index);
    const parts = "parts" in entry ? entry.parts : await takeApart(image, entry.old);
    entries.splice(index + 1, 0, { parts, old: undefined });
    return;
  }
  if (steps.length === 0) throw editErrors.notEditable(edit.path, "an entry has no value of its own");
  const parts = "parts" in entry ? entry.parts : await takeApart(image, entry.old);
  entries.splice(index, 1, { parts: editEntry(parts, edit, steps, image.type?.payload), old: entry.old });
}

/** Where an image has one entry of a kind only, another one is never right. */
function checkCopies({ type }: Image, path: string, index: number): void {
  if (type?.payload === "ghost")
    throw editErrors.notEditable(path, "the contents of the file go on to the end of the image");
  if (type?.headMessage !== undefined && index === 0)
    throw editErrors.notEditable(path, "it is the head of the image, of which there is one");
}

function segments(image: Image, entries: EntryList): Segment[] {
  const { entryCount } = image;
  const start = entryCount > 0 ? image.entrySpan(0).start : (image.header.at(-1)?.end ?? 0);
  const end = entryCount > 0 ? image.entrySpan(entryCount - 1).end : start;
  const list: Segment[] = [{ start: 0, end: start }];
  for (const [, piece] of entries.pieces())
    if ("parts" in piece) list.push(...putTogether(piece.parts));
    else list.push({ start: image.entrySpan(piece.from).start, end: image.entrySpan(piece.to - 1).end });
  list.push({ start: end, end: image.source.size });
  return list;
}
