import * as vscode from "vscode";
import { toCryoscopeError } from "../../bytes/index.ts";
import { showSize } from "../../criu/index.ts";
import { signalOf } from "../messages.ts";
import { confirm, listed } from "./asking.ts";
import type { ImageDocument } from "./document.ts";
import { imageEditorErrors } from "./errors.ts";
import { writeImage } from "./write-image.ts";

/** What is written through VS Code's file systems has to be in memory as a whole. */
const MAX_WHOLE = 64 << 20;

/** What CRIU would refuse and the person has chosen to save all the same: it isn't asked about twice. */
const accepted = new WeakMap<ImageDocument, string>();

/** Saves over the file. Throws CancellationError when the person decided against it. */
export async function saveImage(document: ImageDocument, token: vscode.CancellationToken): Promise<void> {
  await askAboutProblems(document);
  const signal = signalOf(token);
  try {
    await document.save(false, signal);
  } catch (error) {
    if (toCryoscopeError(error).code !== "imageEditor.changedOnDisk") throw error;
    const message = "The file changed on disk since it was opened.";
    if (!(await confirm(message, "Saving puts the image shown here in its place.", "Overwrite")))
      throw new vscode.CancellationError();
    await document.save(true, signal);
  }
}

/** Saves to another place: the image with its edits; one that can't be edited as it is. */
export async function saveImageAs(
  document: ImageDocument,
  target: vscode.Uri,
  token: vscode.CancellationToken,
): Promise<void> {
  if (target.toString() === document.uri.toString()) {
    await saveImage(document, token);
    return;
  }
  await askAboutProblems(document);
  const { pieces } = await document.state();
  await writeTo(target, pieces(), signalOf(token));
}

/** Writes bytes to a file of this machine as a stream, or to another file system at once. */
export async function writeTo(
  target: vscode.Uri,
  pieces: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  if (target.scheme === "file") {
    await writeImage(target.fsPath, pieces, signal);
    return;
  }
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces) {
    length += piece.length;
    if (length > MAX_WHOLE) throw imageEditorErrors.tooBigToSave(target.toString(), showSize(MAX_WHOLE));
    parts.push(piece);
  }
  await vscode.workspace.fs.writeFile(target, Buffer.concat(parts));
}

async function askAboutProblems(document: ImageDocument): Promise<void> {
  const { problems, log } = await document.state();
  // Without edits it is the person's own copy of what was there.
  if (problems.length === 0 || log.edits.length === 0) return;
  const messages = problems.map(({ message }) => message);
  const asked = messages.join("\n");
  if (accepted.get(document) === asked) return;
  const isSure = await confirm("CRIU would refuse this image.", listed(messages), "Save Anyway");
  if (!isSure) throw new vscode.CancellationError();
  accepted.set(document, asked);
}
