import { cryoscopeError } from "../bytes/index.ts";
import type { CryoscopeError } from "../bytes/index.ts";

/** The errors of this folder. */
export const procfsErrors = {
  notFound: (path: string): CryoscopeError =>
    cryoscopeError("procfs.notFound", "The frozen /proc has nothing of this name.", {
      file: path,
      next: "List the folder above it; docs/frozen-proc.md tells what a checkpoint cannot hold.",
    }),
  notAFile: (path: string): CryoscopeError =>
    cryoscopeError("procfs.notAFile", "This is a folder, not a file.", { file: path, next: "List it." }),
  notAFolder: (path: string): CryoscopeError =>
    cryoscopeError("procfs.notAFolder", "This is a file, not a folder.", { file: path, next: "Read it." }),
  unreadable: (path: string, why: string): CryoscopeError =>
    cryoscopeError("procfs.unreadable", `The image this is made of cannot be read: ${why}`, { file: path }),
  tooLong: (path: string, limit: number): CryoscopeError =>
    cryoscopeError("procfs.tooLong", `The file would be longer than ${limit} bytes.`, {
      file: path,
      next: "Look at the images themselves.",
    }),
};
