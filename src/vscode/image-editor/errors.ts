import { cryoscopeError } from "../../bytes/index.ts";
import type { CryoscopeError } from "../../bytes/index.ts";

/** The errors of the image editor itself. */
export const imageEditorErrors = {
  noSuchRow: (path: string, file: string): CryoscopeError =>
    cryoscopeError("imageEditor.noSuchRow", `The image has no field ${path}.`, {
      file,
      next: "Close the editor and open the image again.",
    }),
  locked: (file: string): CryoscopeError =>
    cryoscopeError("imageEditor.locked", "The image is locked: the key that opened it was forgotten.", {
      file,
      next: "Try again, and give its key.",
    }),
  overEvidence: (file: string): CryoscopeError =>
    cryoscopeError(
      "imageEditor.overEvidence",
      "This file is the image that is shown; it isn't written over.",
      {
        file,
        next: "Choose another name.",
      },
    ),
  tooManyBookmarks: (limit: number): CryoscopeError =>
    cryoscopeError("imageEditor.tooManyBookmarks", `An image can have ${String(limit)} bookmarks.`, {
      next: "Remove some first.",
    }),
  tooLongToCopy: (limit: string): CryoscopeError =>
    cryoscopeError("imageEditor.tooLongToCopy", `At most ${limit} can be copied.`, {
      next: "Save the selection to a file.",
    }),
  onlyFiles: (uri: string): CryoscopeError =>
    cryoscopeError("imageEditor.onlyFiles", "Bytes can be saved to files only.", {
      file: uri,
      next: "Choose a folder of this machine.",
    }),
  readOnly: (file: string, why: string): CryoscopeError =>
    cryoscopeError("imageEditor.readOnly", why, { file, next: "Edit a copy of it." }),
  noValue: (path: string, why: string): CryoscopeError =>
    cryoscopeError("imageEditor.noValue", `${path} has no value to edit: ${why}.`),
  tooLongToEdit: (path: string, limit: string): CryoscopeError =>
    cryoscopeError(
      "imageEditor.tooLongToEdit",
      `${path} is too long to be edited here: ${limit} is the most.`,
    ),
  isLink: (file: string): CryoscopeError =>
    cryoscopeError("imageEditor.isLink", "The file is a link; it isn't written through.", {
      file,
      next: "Open the file that it leads to.",
    }),
  notAFile: (file: string): CryoscopeError =>
    cryoscopeError("imageEditor.notAFile", "There is something that is no file by this name.", {
      file,
      next: "Choose another name.",
    }),
  notWritten: (file: string, cause: unknown): CryoscopeError =>
    cryoscopeError(
      "imageEditor.notWritten",
      `The file could not be written: ${cause instanceof Error ? cause.message : String(cause)}.`,
      { file, next: "The old file is as it was. Save to another folder." },
    ),
  changedOnDisk: (file: string): CryoscopeError =>
    cryoscopeError("imageEditor.changedOnDisk", "The file changed on disk since it was opened.", {
      file,
      next: "Revert it to read it again, or save under another name.",
    }),
  writtenMeanwhile: (file: string): CryoscopeError =>
    cryoscopeError(
      "imageEditor.writtenMeanwhile",
      "Something else wrote into this file while it was open, so the edits no longer fit it.",
      { file, next: "Revert the file, which reads it again, and make the edits anew." },
    ),
  tooBigToSave: (uri: string, limit: string): CryoscopeError =>
    cryoscopeError("imageEditor.tooBigToSave", `At most ${limit} can be saved there.`, {
      file: uri,
      next: "Save to a folder of this machine.",
    }),
  badBackup: (file: string): CryoscopeError =>
    cryoscopeError("imageEditor.badBackup", "The unsaved edits of this image could not be restored.", {
      file,
      next: "The file itself is as it was saved last.",
    }),
};
