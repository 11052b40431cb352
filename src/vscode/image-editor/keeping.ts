import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import * as vscode from "vscode";
import { openFileSource } from "../../bytes/index.ts";
import { InTurn } from "../in-turn.ts";
import { signalOf } from "../messages.ts";
import { backupText, readBackup } from "./backup.ts";
import type { ImageDocument, Restored } from "./document.ts";
import { imageEditorErrors } from "./errors.ts";
import { writeImage } from "./write-image.ts";

/** The backup that counts: VS Code drops an older one when there is a newer one, which may be in the same file. */
const latest = new WeakMap<ImageDocument, object>();

/** The backups of a document, each made when the one before has ended or failed. */
const making = new WeakMap<ImageDocument, InTurn>();

/**
 * Keeps what isn't saved beside where VS Code says, in one place an image: after a crash VS Code may ask for an older
 * backup than the last one. VS Code begins the next one when the last isn't done: one that was given up must not end
 * behind it in the same file.
 */
export function backUp(
  document: ImageDocument,
  destination: vscode.Uri,
  token: vscode.CancellationToken,
): Promise<vscode.CustomDocumentBackup> {
  const backups = making.get(document) ?? new InTurn();
  making.set(document, backups);
  return backups.do(() => write(document, destination, token));
}

async function write(
  document: ImageDocument,
  destination: vscode.Uri,
  token: vscode.CancellationToken,
): Promise<vscode.CustomDocumentBackup> {
  // What is closed has nothing to keep, and would write over what the next document of this image begins with.
  if (token.isCancellationRequested || document.isDisposed) throw new vscode.CancellationError();
  const uri = placeOf(document.uri, vscode.Uri.joinPath(destination, ".."));
  const { stamp, edits } = await document.unsaved();
  await vscode.workspace.fs.createDirectory(vscode.Uri.joinPath(destination, ".."));
  if (document.isDisposed) throw new vscode.CancellationError();
  if (!edits) await writeImage(wholeOf(uri).fsPath, (await document.state()).pieces(), signalOf(token));
  await writeImage(uri.fsPath, oneChunk(backupText(stamp, edits)));
  const mine = {};
  latest.set(document, mine);
  return {
    id: uri.toString(),
    delete: () => {
      if (latest.get(document) === mine) void drop(uri);
    },
  };
}

/** What a backup holds. Throws `imageEditor.badBackup`. */
export async function restore(id: string, image: vscode.Uri): Promise<Restored> {
  const uri = vscode.Uri.parse(id);
  const bytes = await vscode.workspace.fs.readFile(uri).then(
    (read) => read,
    () => undefined,
  );
  const backup = bytes && readBackup(new TextDecoder().decode(bytes));
  if (!backup) throw imageEditorErrors.badBackup(image.fsPath);
  const whole = wholeOf(uri);
  return {
    backup,
    whole: async ({ path }) => ({
      name: path.slice(path.lastIndexOf("/") + 1),
      source: await openFileSource(whole.fsPath),
      seal: undefined,
    }),
  };
}

/** Removes a backup: what it held is saved, or not wanted. */
export async function drop(uri: vscode.Uri): Promise<void> {
  // One that stays is written over by the next one of its image.
  await Promise.all([uri, wholeOf(uri)].map(({ fsPath }) => rm(fsPath, { force: true }))).catch(
    () => undefined,
  );
}

function placeOf(image: vscode.Uri, folder: vscode.Uri): vscode.Uri {
  const hash = createHash("sha256").update(image.toString()).digest("hex").slice(0, 24);
  return vscode.Uri.joinPath(folder, `image-${hash}`);
}

function wholeOf(backup: vscode.Uri): vscode.Uri {
  return backup.with({ path: `${backup.path}.whole` });
}

async function* oneChunk(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(new TextEncoder().encode(text));
}
