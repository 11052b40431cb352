import { cryoscopeError, toCryoscopeError } from "../bytes/index.ts";
import type { CryoscopeError, ErrorDetails } from "../bytes/index.ts";

/** The errors of this floor. */
export const checkpointErrors = {
  noImages: (where: string): CryoscopeError =>
    cryoscopeError("checkpoint.noImages", `No CRIU images were found in ${where}.`, {
      next: "Choose a folder or archive that holds inventory.img and pstree.img.",
    }),
  noProcess: (pid: number): CryoscopeError =>
    cryoscopeError("checkpoint.noProcess", `There is no process ${pid} in this checkpoint.`),
  noPagesFile: (file: string): CryoscopeError =>
    cryoscopeError("checkpoint.noPagesFile", "The pages file is missing; its pages can't be read.", { file }),
  pagesFileShort: (file: string): CryoscopeError =>
    cryoscopeError(
      "checkpoint.pagesFileShort",
      "The pages file is shorter than its pagemap says; pages behind its end can't be read.",
      { file },
    ),
  brokenBlock: (details: ErrorDetails): CryoscopeError =>
    cryoscopeError(
      "checkpoint.brokenBlock",
      "A block of compressed pages doesn't give the pages it stands for.",
      details,
    ),
  tooManyLayers: (): CryoscopeError =>
    cryoscopeError("checkpoint.tooManyLayers", "The chain of parent layers is too long to follow."),
  parentCycle: (): CryoscopeError =>
    cryoscopeError("checkpoint.parentCycle", "The parent layer leads back to a layer of the same chain."),
  parentUnreachable: (cause: unknown): CryoscopeError =>
    cryoscopeError(
      "checkpoint.parentMissing",
      `Pages that only the parent layer has are missing: ${toCryoscopeError(cause).sentence}`,
      { cause },
    ),
};
