import { cryoscopeError } from "../../bytes/index.ts";
import type { CryoscopeError } from "../../bytes/index.ts";

/** The errors of the image editor itself. */
export const imageEditorErrors = {
  noSuchRow: (path: string, file: string): CryoscopeError =>
    cryoscopeError("imageEditor.noSuchRow", `The image has no field ${path}.`, {
      file,
      next: "Close the editor and open the image again.",
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
};
