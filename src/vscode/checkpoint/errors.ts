import { cryoscopeError } from "../../bytes/index.ts";
import type { CryoscopeError } from "../../bytes/index.ts";

/** The errors of this folder. */
export const explorerErrors = {
  notOnDisk: (uri: string): CryoscopeError =>
    cryoscopeError("explorer.notOnDisk", "Only checkpoints on this machine's disk can be opened.", {
      file: uri,
      next: "Copy it to the machine where the extension runs.",
    }),
  notOpen: (file: string): CryoscopeError =>
    cryoscopeError("explorer.notOpen", "The checkpoint that this file belongs to is not open.", {
      file,
      next: "Open the checkpoint again.",
    }),
  locked: (file: string): CryoscopeError =>
    cryoscopeError("explorer.locked", "The checkpoint is locked: the key that opened it was forgotten.", {
      file,
      next: "Open it again, and give its key.",
    }),
  notFound: (file: string): CryoscopeError =>
    cryoscopeError("explorer.notFound", "The checkpoint has no such file.", {
      file,
      next: "Open its folder.",
    }),
  tooBig: (file: string, size: number): CryoscopeError =>
    cryoscopeError("explorer.tooBig", `The file is too big for a text editor: ${size} bytes.`, {
      file,
      next: "Open it with Cryoscope's image editor (Reopen Editor With…).",
    }),
  readOnly: (file: string): CryoscopeError =>
    cryoscopeError("explorer.readOnly", "A checkpoint is evidence and is never changed.", { file }),
};
