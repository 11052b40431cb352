import { constants } from "node:fs";
import { access } from "node:fs/promises";
import type { Uri } from "vscode";
import { checkEditable, editImage, openImage } from "../../criu/index.ts";
import type { EditedImage, EditLog, Image, Problem } from "../../criu/index.ts";
import { readChunks, toCryoscopeError } from "../../bytes/index.ts";
import type { ResolvedImage } from "../resolved.ts";
import { hasClearCopy } from "./copy-pieces.ts";
import { EditMarks, NO_MARKS } from "./marks.ts";
import type { Stamp } from "./stamp.ts";
import { ImageTree } from "./tree.ts";

/** An image as it lies in its file. */
export interface BaseImage {
  readonly resolved: ResolvedImage;
  readonly image: Image;
  /** Of the file it was read from; undefined for one inside a checkpoint. */
  readonly stamp: Stamp | undefined;
  /** Why it can't be changed, in a sentence. */
  readonly readOnly: string | undefined;
  /** A copy of it could be changed. */
  readonly copyHelps: boolean;
}

/** A base image with edits made; never changed itself. */
export interface ImageState {
  readonly base: BaseImage;
  readonly log: EditLog;
  readonly tree: ImageTree;
  readonly problems: readonly Problem[];
  /** The bytes of the file as it would be saved. */
  pieces(): AsyncGenerator<Uint8Array>;
}

/** Why the file of an image is not to be changed; undefined when it may be. */
export async function whyKept({ scheme, fsPath }: Uri): Promise<string | undefined> {
  if (scheme !== "file") return "This image is evidence inside a checkpoint, so it is shown read-only.";
  const mayWrite = await access(fsPath, constants.W_OK).then(
    () => true,
    () => false,
  );
  return mayWrite ? undefined : "You may not write to this file, so it is shown read-only.";
}

/** Opens what was found for a URI. `kept` is what `whyKept` gave. */
export async function openBase(
  resolved: ResolvedImage,
  stamp: Stamp | undefined,
  kept: string | undefined,
): Promise<BaseImage> {
  const { name, source, seal, hint } = resolved;
  const image = await openImage(name, source, { seal, hint });
  const why = whyNotEditable(image);
  const copyHelps = hasClearCopy(image) || (kept !== undefined && why === undefined);
  return { resolved, image, stamp, readOnly: kept ?? why, copyHelps };
}

/** The image with the edits of a log. Throws the errors of `editErrors` when they don't fit it. */
export async function stateOf(base: BaseImage, log: EditLog): Promise<ImageState> {
  const isEditable = base.readOnly === undefined;
  const { image } = base;
  if (log.edits.length === 0) {
    const tree = new ImageTree(image, { marks: NO_MARKS, isEditable });
    return { base, log, tree, problems: [], pieces: () => readChunks(image.source) };
  }
  const edited: EditedImage = await editImage(image, log.edits);
  const marks = new EditMarks(edited.changes);
  const tree = new ImageTree(edited.image, { marks, isEditable });
  return { base, log, tree, problems: edited.problems, pieces: () => edited.pieces() };
}

function whyNotEditable(image: Image): string | undefined {
  try {
    checkEditable(image);
    return undefined;
  } catch (error) {
    const { sentence } = toCryoscopeError(error);
    return sentence;
  }
}
