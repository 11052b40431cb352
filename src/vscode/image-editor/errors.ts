import { cryoscopeError } from "../../bytes/index.ts";
import type { CryoscopeError } from "../../bytes/index.ts";

/** The errors of the image editor itself. */
export const imageEditorErrors = {
  noSuchRow: (path: string, file: string): CryoscopeError =>
    cryoscopeError("imageEditor.noSuchRow", `The image has no field ${path}.`, {
      file,
      next: "Close the editor and open the image again.",
    }),
};
